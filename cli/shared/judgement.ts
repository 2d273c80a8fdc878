// Judges a recording for check and report, so that both give the same verdict and the same exit code. A verdict has one of
// three tones: bad, if something does not add up or is red; partial, if it adds up but a notable part of the slots has no
// row; good otherwise.
import { isSuspect } from '../../core/recording/field-faults.ts';
import { FyersError } from '../../core/errors.ts';
import { plansIn } from '../../core/recording/day-events.ts';
import type { Audit } from '../../harvester/audit.ts';
import { findDamagedFiles } from './day-files.ts';
import type { Session } from './io.ts';
import type { OpenedRecording } from './recordings.ts';
import { ownDaysOf } from './settings.ts';
import { formatShare, paint, type Terminal } from './terminal.ts';

/** The exit code of check and report for a recording that is not good; other commands use it for faults of this machine. */
export const PROBLEMS_EXIT_CODE = 4;

/** Percent of the slots. Below it a complete account of the missing slots does not make the day a good one. */
const MIN_GOOD_PERCENT = 99;

export interface Verdict {
  /** False: the exit code is 4. */
  readonly good: boolean;
  readonly tone: 'good' | 'partial' | 'bad';
  readonly text: string;
  /** Full sentences, one for each inconsistency. */
  readonly faults: readonly string[];
}

export interface Judgement extends Verdict {
  readonly audit: Audit;
  /** Symbols with too many rows of a mark. */
  readonly red: readonly RedSymbol[];
  /** Field faults that are too many. */
  readonly suspect: Audit['fieldFaults'];
  /** The host that answered in the place of Fyers' own API; null for a recording of Fyers. */
  readonly replacedBroker: string | null;
}

interface JudgeOptions {
  /** Called with the number of rows so far. */
  readonly onRow: (rows: number) => void;
  /** Whether all files of a day in the bucket are read. */
  readonly download?: boolean;
}

/** @throws FyersError `operator.usage` for a file without rows */
export async function judgeRecording(
  { io }: Pick<Session, 'io'>,
  recording: OpenedRecording,
  { onRow, download = false }: JudgeOptions,
): Promise<Judgement> {
  const { date } = recording;
  if (date === null) throw noRowsError(recording.place);
  const { audit } = await import('../../harvester/audit.ts');
  const events = await recording.events();
  const found = await audit({
    date,
    rows: () => recording.rows(),
    events,
    manifest: await recording.manifest(),
    ownDays: ownDaysOf(io),
    now: io.clock.now(),
    onRow,
  });
  if (found.coverage === null && found.rows + found.unreadable === 0)
    throw noRowsError(recording.place);
  const why = found.unreadable === 0 ? null : await recording.whyUnreadable();
  const first = why === null ? [] : [`The first of those lines: ${why}.`];
  const damaged = await findDamagedFiles(recording, { download, terminal: io });
  const faults = [...found.faults, ...first, ...damaged];
  const suspect = found.fieldFaults.filter((each) => isSuspect(each, found.rows));
  const red = found.quality.symbols
    .filter((each) => each.red.length > 0)
    .map((each) => ({ symbol: each.symbol, red: each.red }));
  const good = faults.length === 0 && !found.quality.red && suspect.length === 0;
  const partial = isPartial(found.coverage);
  return {
    good,
    tone: good ? (partial ? 'partial' : 'good') : 'bad',
    text: verdictText({ faults, red, suspect, coverage: found.coverage }),
    faults,
    audit: found,
    red,
    suspect,
    replacedBroker: plansIn(events).find(({ broker }) => broker !== undefined)?.broker ?? null,
  };
}

/** The line of a verdict, in its colour. */
export function paintVerdict(terminal: Terminal, { tone, text }: Verdict): string {
  return paint(terminal, tone === 'partial' ? 'strong' : tone, text);
}

function isPartial(coverage: Audit['coverage']): boolean {
  if (coverage === null) return false;
  return 100 * coverage.received < MIN_GOOD_PERCENT * coverage.expected;
}

const NO_PLAN_TEXT =
  'Every row can be read. A file has no plan, so missing rows cannot be detected.';

const TOO_EARLY_TEXT = 'No slot is old enough yet to be judged.';

function verdictText({
  faults,
  red,
  suspect,
  coverage,
}: Pick<Judgement, 'faults' | 'red' | 'suspect'> & Pick<Audit, 'coverage'>): string {
  const adds = coverage?.expected === 0 ? TOO_EARLY_TEXT : 'It adds up.';
  const whole = coverage === null ? NO_PLAN_TEXT : adds;
  return [
    faults.length > 0 ? 'It does not add up.' : whole,
    ...(red.length > 0 ? [redSymbolsText(red)] : []),
    ...(suspect.length > 0
      ? [
          `Check these columns before you use them: ${suspect.map((each) => each.column).join(', ')}.`,
        ]
      : []),
    ...missingText(coverage),
  ].join(' ');
}

/** The slots without a row, which a complete account must not hide. */
function missingText(coverage: Audit['coverage']): readonly string[] {
  if (coverage === null || coverage.explained === 0) return [];
  const { explained, expected } = coverage;
  const [count, all] = [explained, expected].map((slots) => slots.toLocaleString('en'));
  return [
    `${count ?? ''} of ${all ?? ''} slots (${formatShare(explained, expected)}) have no row, but a reason.`,
  ];
}

interface RedSymbol {
  readonly symbol: string;
  /** Marks that too many of the symbol's rows have. */
  readonly red: readonly string[];
}

function redSymbolsText(red: readonly RedSymbol[]): string {
  const named = red.map(({ symbol, red: marks }) => `${symbol} (${marks.join(', ')})`);
  return `Look before you use: ${named.join(', ')}.`;
}

function noRowsError(place: string): FyersError {
  return new FyersError(
    'operator.usage',
    `${place} has no row.`,
    'Name another file or a date: `./fyers check --help`.',
  );
}
