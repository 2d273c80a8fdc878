// Reads a recorded day's rows, plan and holes once and computes the report's data.
import type { Recording } from '../../../adapters/recordings/open-recording.ts';
import {
  type DayEvent,
  coverageOf,
  type PlanEvent,
  plannedSymbols,
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
import type { CalendarOverrides } from '../../../core/market/calendar.ts';
import type { PhaseOfSymbol } from '../../../core/market/symbol-plan.ts';
import { startStreamFigures, type StreamFigures } from '../../../core/stream/stream-figures.ts';
import { bookTopicsIn } from '../../../core/stream/updates.ts';
import { type Instant, type IstDate, instant } from '../../../core/time.ts';
import { IMPORTED } from '../../../harvester/import.ts';
import { phasesIn, sessionsOn } from '../../../harvester/calendar.ts';
import { readSegments, requireFrames, symbolsIn as namedSymbols } from '../../shared/frames.ts';
import type { OpenedRecording } from '../../shared/recordings.ts';
import type { Terminal } from '../../shared/terminal.ts';
import type { ReportDay } from './page.ts';

const COLUMN = {
  slot: numberColumn('slot'),
  requestedAt: numberColumn('requested_at'),
  receivedAt: numberColumn('received_at'),
  phase: textColumn('phase'),
};

interface ReportOptions {
  readonly calendar: CalendarOverrides;
  /** Slots after this instant of a running day are not counted. */
  readonly now: Instant;
  /** Called with the number of rows read so far. */
  readonly onRow: (rows: number) => void;
  /** Shows the progress of reading frames. */
  readonly terminal: Terminal;
  readonly symbol?: string;
}

/** @throws FyersError `operator.usage` for a file, which has no plan and no holes */
export async function reportDay(
  recording: OpenedRecording,
  options: ReportOptions,
): Promise<Omit<ReportDay, 'verdict' | 'replacedBroker'>> {
  const { calendar, now, onRow } = options;
  const [recorded, manifest] = [await recording.events(), await recording.manifest()];
  const events = manifest === null ? truncateToNow(recorded, now) : recorded;
  const [plan] = plansIn(recorded);
  const { date } = recording;
  if (plan === undefined || date === null) throw noPlanError(recording);
  const [planned, judged] = [recorded, events].map((all) => plansIn(all).at(-1)?.closesAt);
  const session = sessionOf(date, plan, calendar);
  const phaseOn = phasesIn(events, calendar);
  const [identities, sessions] = [symbolsIn(recorded), sessionsOn(date, calendar)];
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
  const until = judged === undefined || judged === planned ? null : judged;
  const { opensAt, closesAt } = session;
  const span = { opensAt, until: until ?? closesAt };
  const stream = await streamFigures(recording, options, { ...span, events: recorded });
  return {
    ...(stream === undefined ? {} : { stream }),
    session,
    phases: summary.symbols.map(({ symbol }) => ({ symbol, phases: phasesOf(symbol) })),
    until,
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

/**
 * Computes the figures of a day with frames.
 *
 * @param name the symbol of the depth picture; default: the day's first symbol
 */
async function streamFigures(
  recording: OpenedRecording,
  { terminal, symbol: name }: ReportOptions,
  {
    opensAt,
    until,
    events,
  }: { readonly opensAt: Instant; readonly until: Instant; readonly events: readonly DayEvent[] },
): Promise<StreamFigures | undefined> {
  const names =
    name === undefined
      ? await recording.frames.names()
      : await requireFrames(recording, '--symbol');
  if (names.length === 0) return undefined;
  const symbols = [...plannedSymbols(events)];
  const [symbol = ''] = name === undefined ? symbols : namedSymbols(events, [name]);
  const topics = bookTopicsIn(events);
  const figures = startStreamFigures({ symbols, symbol, topics, from: opensAt, until });
  for await (const records of readSegments(terminal, recording.frames, names)) {
    if (records === null) figures.interrupt();
    for (const record of records ?? []) figures.add(record);
  }
  if ((await recording.manifest()) !== null) figures.end();
  return figures.figures();
}

/** Returns null before the day is compacted. */
function storedPhase(row: RecordedRow): PhaseName | null {
  const stored = COLUMN.phase(row);
  return PHASE_NAMES.find((name) => name === stored) ?? null;
}

/** Uses the calendar's session, or the recorded plan if the calendar has none for the date. */
function sessionOf(date: IstDate, plan: PlanEvent, calendar: CalendarOverrides): SessionPlan {
  const { session } = sessionsOn(date, calendar);
  return session ?? recordedSession(date, plan);
}

function noPlanError({ place }: Recording): FyersError {
  return new FyersError(
    'operator.usage',
    `${place} has no plan, so missing rows cannot be detected.`,
    'Name a day that the harvester recorded: `./fyers report 2026-11-25 --data DIR`.',
  );
}
