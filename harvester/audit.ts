// Audits a recording: checks the manifest's totals against the rows and runs the quality rules
// again.
import type { Coverage } from '../core/recording/coverage.ts';
import {
  coverageOf,
  type DayEvent,
  plansIn,
  recordedSession,
  truncateToNow,
} from '../core/recording/day-events.ts';
import { fieldFaultsIn } from '../core/recording/field-faults.ts';
import type { Manifest } from '../core/recording/manifest.ts';
import type { QualitySummary } from '../core/recording/quality.ts';
import { type Cell, cellIndex } from '../core/recording/columns.ts';
import { numberAt, observedOf, symbolOf } from '../core/recording/observed.ts';
import type { CalendarOverrides } from '../core/market/calendar.ts';
import { type SessionPlan, withoutPhases } from '../core/market/phases.ts';
import { type Instant, type IstDate, isInstant, istInstant } from '../core/time.ts';
import { counted } from '../core/text.ts';
import { qualityOf } from './compact.ts';
import { sessionsOn } from './calendar.ts';

export interface AuditInput {
  readonly date: IstDate;
  readonly rows: () => AsyncIterable<readonly Cell[] | null>;
  /** Empty for a single file. */
  readonly events: readonly DayEvent[];
  readonly manifest: Manifest | null;
  readonly calendar: CalendarOverrides;
  /** Slots after this time are not counted as missing. */
  readonly now: Instant;
  /** Called after each row. */
  readonly onRow: (rows: number) => void;
}

export interface Audit {
  readonly rows: number;
  /** Lines that are not complete rows. */
  readonly unreadable: number;
  /** Rows whose slot and symbol already had a row. */
  readonly duplicates: number;
  /** Rows outside every plan or too recent to be judged; not included in `rows`. */
  readonly unplanned: number;
  readonly quality: QualitySummary;
  /** Null for a single file, and if nothing was planned. */
  readonly coverage: ReturnType<Coverage['summary']> | null;
  /** Fields without a usable value in the broker's answers, with row counts. */
  readonly fieldFaults: NonNullable<Manifest['fieldFaults']>;
  /** Full sentences, one for each inconsistency. */
  readonly faults: readonly string[];
}

const TIMESTAMP = cellIndex('timestamp');
const SLOT = cellIndex('slot');

export async function audit(input: AuditInput): Promise<Audit> {
  const { date, manifest } = input;
  const events = manifest === null ? truncateToNow(input.events, input.now) : input.events;
  const { session: planned, ...ofSymbols } = sessionsOn(date, input.calendar);
  const session = planned ?? closedDayPlan(date, input.events);
  const quality = qualityOf(events, ofSymbols, session);
  const coverage = coverageOf(events);
  const isPlanned = plansIn(events).length > 0;
  const seen = new Set<string>();
  const tally = { rows: 0, unreadable: 0, duplicates: 0, unplanned: 0 };
  for await (const cells of input.rows()) {
    if (cells === null) {
      tally.unreadable += 1;
      continue;
    }
    const row = observedOf(cells);
    const [symbol, slot] = [symbolOf(row), numberAt(row, SLOT)];
    // The reference implementation's rows have no slot, so their timestamp is the key.
    const key = `${symbol} ${String(Number.isNaN(slot) ? numberAt(row, TIMESTAMP) : slot)}`;
    if (seen.has(key)) tally.duplicates += 1;
    else {
      seen.add(key);
      // Rows outside the plan are skipped, so that expected and found rows cover the same slots.
      if (isPlanned && !(isInstant(slot) && coverage.row(symbol, slot) === 'new')) {
        tally.unplanned += 1;
        continue;
      }
      quality.judge(row);
    }
    tally.rows += 1;
    input.onRow(tally.rows);
  }
  const counted = isPlanned ? coverage.summary(session) : null;
  return {
    ...tally,
    quality: quality.summary(),
    coverage: counted,
    fieldFaults: manifest?.fieldFaults ?? [...fieldFaultsIn(events)],
    faults: [
      ...totalFaults(tally, counted),
      ...(isPlanned && tally.rows === 0 && !isTooEarly(input, counted)
        ? [emptyDayFault(counted)]
        : []),
      ...(manifest === null ? [] : manifestFaults(manifest, tally, counted)),
    ],
  };
}

/** True if the day has started, but no slot is old enough to be judged. */
function isTooEarly({ manifest, events, now }: AuditInput, coverage: Audit['coverage']): boolean {
  const closesAt = plansIn(events).at(-1)?.closesAt ?? now;
  return manifest === null && coverage?.expected === 0 && now < closesAt;
}

function emptyDayFault(coverage: Audit['coverage']): string {
  return `The day has no row in any of its ${(coverage?.expected ?? 0).toLocaleString('en')} slots.`;
}

function totalFaults(
  { unreadable, duplicates }: Pick<Audit, 'unreadable' | 'duplicates'>,
  coverage: Audit['coverage'],
): readonly string[] {
  const faults: string[] = [];
  if (unreadable > 0) faults.push(`${counted(unreadable, 'line')} cannot be read.`);
  if (duplicates > 0)
    faults.push(
      `${counted(duplicates, 'row')} ${duplicates === 1 ? 'repeats' : 'repeat'} a slot that already has a row.`,
    );
  if (coverage !== null && coverage.unexplained > 0) {
    faults.push(
      `${counted(coverage.unexplained, 'slot')} ${coverage.unexplained === 1 ? 'has' : 'have'} neither a row nor a reason.`,
    );
  }
  return faults;
}

function manifestFaults(
  manifest: Manifest,
  { rows, unplanned }: Pick<Audit, 'rows' | 'unplanned'>,
  coverage: Audit['coverage'],
): readonly string[] {
  const { expected, received, explained, unexplained } = manifest;
  const faults: string[] = [];
  const addIfDifferent = (what: string, stated: number, found: number): void => {
    if (stated !== found)
      faults.push(
        `The manifest has ${String(stated)} ${what}, but the recording has ${String(found)}.`,
      );
  };
  addIfDifferent('expected slots', expected, received + explained + unexplained);
  addIfDifferent('rows', manifest.rows, rows + unplanned);
  addIfDifferent('rows received', received, rows);
  addIfDifferent('explained slots', explained, sum(Object.values(manifest.holes)));
  addIfDifferent(
    'rows of its symbols',
    sum(manifest.symbols.map((each) => each.received)),
    received,
  );
  if (coverage !== null) {
    addIfDifferent('slots by its plan', expected, coverage.expected);
    addIfDifferent('slots with a reason', explained, coverage.explained);
  }
  if (unexplained > 0)
    faults.push(`The manifest is red: ${counted(unexplained, 'slot')} unexplained.`);
  return faults;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Uses the recorded plan if a day was recorded although the calendar has it as closed. */
function closedDayPlan(date: IstDate, events: readonly DayEvent[]): SessionPlan {
  const [plan] = plansIn(events);
  if (plan !== undefined) return recordedSession(date, plan);
  const at = istInstant(date, '00:00');
  const source = 'the market was closed';
  return withoutPhases({ date, opensAt: at, closesAt: at, certainty: 'sourced', source });
}
