// Reads a recorded day's rows, plan and holes once and computes the report's data.
import type { Recording } from '../../../adapters/recordings/open-recording.ts';
import {
  coverageOf,
  type PlanEvent,
  plansIn,
  recordedSession,
  symbolsIn,
  truncateToNow,
} from '../../../core/recording/day-events.ts';
import { fieldFaultsIn } from '../../../core/recording/field-faults.ts';
import { coverageRuns, startFigures } from '../../../core/recording/figures.ts';
import {
  type RecordedRow,
  bookOf,
  numberColumn,
  textColumn,
} from '../../../core/recording/rows.ts';
import { FyersError } from '../../../core/errors.ts';
import {
  type Phase,
  PHASE_NAMES,
  type PhaseName,
  type SessionPlan,
} from '../../../core/market/phases.ts';
import type { PhaseOfSymbol } from '../../../core/market/symbol-plan.ts';
import { type Instant, type IstDate, instant } from '../../../core/time.ts';
import { IMPORTED } from '../../../harvester/import.ts';
import { type OwnDays, phasesIn, sessionsOn } from '../../../harvester/calendar.ts';
import type { ReportDay } from './page.ts';

const COLUMN = {
  slot: numberColumn('slot'),
  requestedAt: numberColumn('requested_at'),
  receivedAt: numberColumn('received_at'),
  phase: textColumn('phase'),
};

interface ReportOptions {
  /** The operator's calendar overrides. */
  readonly own: OwnDays;
  /** Slots after this instant of a running day are not counted. */
  readonly now: Instant;
  /** Called with the number of rows read so far. */
  readonly onRow: (rows: number) => void;
}

/** @throws FyersError `operator.usage` for a file, which has no plan and no holes */
export async function reportDay(
  recording: Recording,
  { own, now, onRow }: ReportOptions,
): Promise<Omit<ReportDay, 'verdict' | 'replacedBroker'>> {
  const [recorded, manifest] = [await recording.events(), await recording.manifest()];
  const events = manifest === null ? truncateToNow(recorded, now) : recorded;
  const [plan] = plansIn(recorded);
  const { date } = recording;
  if (plan === undefined || date === null) throw noPlanError(recording);
  const [planned, judged] = [recorded, events].map((all) => plansIn(all).at(-1)?.closesAt);
  const session = sessionOf(date, plan, own);
  const phaseOn = phasesIn(events, own);
  const [identities, sessions] = [symbolsIn(recorded), sessionsOn(date, own)];
  const phasesOf = (symbol: string): readonly Phase[] =>
    (sessions.sessionOf(symbol, identities.get(symbol) ?? null) ?? session).phases;
  const coverage = coverageOf(events);
  const figures = startFigures({ hasPhases: session.phases.length > 0 });
  let rows = 0;
  for await (const row of recording.rows()) {
    const snapshot = row === null ? null : snapshotOf(row, phaseOn);
    if (snapshot === null) continue;
    rows += 1;
    // Rows that compaction will drop (duplicates) are also left out of a running day's figures.
    if (coverage.row(snapshot.symbol, snapshot.slot) === 'new') figures.add(snapshot);
    onRow(rows);
  }
  const summary = coverage.summary(session);
  return {
    session,
    phases: summary.symbols.map(({ symbol }) => ({ symbol, phases: phasesOf(symbol) })),
    until: judged === undefined || judged === planned ? null : judged,
    imported: recorded.some((event) => event.event === 'started' && event.message === IMPORTED),
    everySeconds: plan.everySeconds,
    coverage: summary,
    runs: coverageRuns(coverage.each()),
    figures: figures.figures(),
    marks: manifest?.quality.marks ?? null,
    fieldFaults: manifest?.fieldFaults ?? fieldFaultsIn(recorded),
    files: manifest?.files ?? [],
  };
}

function snapshotOf(row: RecordedRow, phaseOn: PhaseOfSymbol) {
  const [slot, receivedAt] = [COLUMN.slot(row), COLUMN.receivedAt(row)];
  if (slot === null || receivedAt === null) return null;
  const requestedAt = COLUMN.requestedAt(row);
  const received = instant(receivedAt);
  const book = bookOf(row);
  return {
    ...book,
    slot: instant(slot),
    requestedAt: requestedAt === null ? null : instant(requestedAt),
    receivedAt: received,
    phase: storedPhase(row) ?? phaseOn(book.symbol, received)?.name ?? null,
  };
}

/** Returns null before the day is compacted. */
function storedPhase(row: RecordedRow): PhaseName | null {
  const stored = COLUMN.phase(row);
  return PHASE_NAMES.find((name) => name === stored) ?? null;
}

/** Uses the calendar's session, or the recorded plan if the calendar has none for the date. */
function sessionOf(date: IstDate, plan: PlanEvent, own: OwnDays): SessionPlan {
  const { session } = sessionsOn(date, own);
  return session ?? recordedSession(date, plan);
}

function noPlanError({ place }: Recording): FyersError {
  return new FyersError(
    'operator.usage',
    `${place} has no plan, so missing rows cannot be detected.`,
    'Name a day that the harvester recorded: `./fyers report 2026-11-25 --data DIR`.',
  );
}
