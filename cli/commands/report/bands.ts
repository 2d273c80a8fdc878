// Joins a symbol's phases to the bands that the report names: pre-open, continuous trading, close and post-close.
import type { Phase, PhaseName } from '../../../core/market/phases.ts';
import type { Instant } from '../../../core/time.ts';

/** Colours of the bands; the page defines a variable for each. */
type BandTone = 'band-open' | 'band-trade' | 'band-close' | 'band-post' | 'band-other';

export interface Band {
  readonly name: string;
  readonly tone: BandTone;
  readonly from: Instant;
  readonly to: Instant;
}

type BandKind = Pick<Band, 'name' | 'tone'>;

const PRE_OPEN: BandKind = { name: 'Pre-open', tone: 'band-open' };
const AUCTION: BandKind = { name: 'Closing auction', tone: 'band-close' };

const BANDS: Readonly<Record<PhaseName, BandKind>> = {
  PREOPEN_ENTRY: PRE_OPEN,
  PREOPEN_LIMIT: PRE_OPEN,
  PREOPEN_MATCH: PRE_OPEN,
  BUFFER: PRE_OPEN,
  BLOCK_DEAL: { name: 'Block deals', tone: 'band-other' },
  CONTINUOUS: { name: 'Continuous trading', tone: 'band-trade' },
  CLOSE_CALC: { name: 'Close is calculated', tone: 'band-close' },
  CAS_REF: AUCTION,
  CAS_ENTRY: AUCTION,
  CAS_LIMIT: AUCTION,
  CAS_MATCH: AUCTION,
  TRANSITION: { name: 'Transition', tone: 'band-other' },
  POSTCLOSE: { name: 'Post-close', tone: 'band-post' },
  UNKNOWN: { name: 'Unknown phase', tone: 'band-other' },
};

/** Neighbouring phases of the same band become one. */
export function bandsOf(phases: readonly Phase[]): readonly Band[] {
  const bands: Band[] = [];
  for (const { name, from, to } of phases) {
    const last = bands.at(-1);
    if (last?.name === BANDS[name].name && last.to === from)
      bands[bands.length - 1] = { ...last, to };
    else bands.push({ ...BANDS[name], from, to });
  }
  return bands;
}
