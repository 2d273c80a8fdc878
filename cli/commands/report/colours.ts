// Colours of the report. The reason for a missing slot has one of five, by responsibility; they also differ in
// lightness. Phases are joined to bands.
import type { Phase, PhaseName } from '../../../core/market/phases.ts';
import type { HoleReason, PlannedSlot } from '../../../core/recording/coverage.ts';
import type { Instant } from '../../../core/time.ts';

export type Tone = 'received' | 'token' | 'broker' | 'ours' | 'unexplained';

const TONES: Readonly<Record<HoleReason, Tone>> = {
  'no-token': 'token',
  'token-refused': 'token',
  'unknown-symbol': 'broker',
  'rate-limited': 'broker',
  'blocked-for-the-day': 'broker',
  timeout: 'broker',
  unreachable: 'broker',
  'broker-error': 'broker',
  'malformed-answer': 'broker',
  late: 'ours',
  'not-running': 'ours',
  stopped: 'ours',
  'clock-jump': 'ours',
  disk: 'ours',
  'socket-closed': 'broker',
  'no-snapshot': 'broker',
  'sequence-gap': 'broker',
  silent: 'broker',
  'stream-refused': 'broker',
};

export const TONE_WORDS: Readonly<Record<Tone, string>> = {
  received: 'recorded',
  token: 'no valid token',
  broker: 'the broker or the network',
  ours: 'the harvester or its machine',
  unexplained: 'unexplained',
};

export function toneOf(state: PlannedSlot['state']): Tone {
  return state === 'received' || state === 'unexplained' ? state : TONES[state];
}

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
