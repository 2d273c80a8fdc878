// Runs the harvester's only loop: wait for a session, record it slot by slot, close the day,
// repeat. There are no timers. While it waits, the loop runs every step that is due (heartbeat,
// symbol lookup, calendar, unscheduled sessions, closing days) and sleeps until the next one. It
// ends on the abort signal, after `sessions` sessions, or at `until`.
import type { SamplingPlan } from '../core/config/values.ts';
import type { HoleReason } from '../core/recording/coverage.ts';
import * as logEvents from '../core/recording/log.ts';
import { calendarNotice, nextSession } from '../core/market/calendar.ts';
import { type SessionPlan, slotCount } from '../core/market/phases.ts';
import type { Clock, DepthFeed, Logger, SlotResult } from '../core/ports.ts';
import {
  DAY,
  HOUR,
  type Instant,
  type IstDate,
  MINUTE,
  SECOND,
  instant,
  plus,
} from '../core/time.ts';
import { type TradingCalendar, isOver } from './calendar.ts';
import { type RecordingDay, openDay } from './day.ts';
import { type SymbolLookup, createSymbolLookup, logSymbols } from './symbol-lookup.ts';
import { type IntervalTask, every } from './interval.ts';
import { type CloseOptions, closeDays } from './close-days.ts';
import {
  type Heartbeat,
  createHeartbeat,
  createProgressReporter,
  type ProgressReporter,
} from './progress.ts';
import { NO_UPLOAD, adoptDays, runningUpload } from './upload.ts';
import {
  marketCheck,
  type MarketStatus,
  type UnscheduledSessions,
  watchUnscheduledSessions,
} from './unscheduled-session.ts';
import type { Metrics, ProgressListener, Timepiece } from './ports.ts';
import type { DayNames, ResolveNames } from './symbols.ts';
import type { HeldToken } from './token.ts';

export interface LoopOptions extends CloseOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly feed: DepthFeed;
  readonly token: HeldToken;
  readonly events: Logger;
  readonly metrics: Metrics;
  readonly sampling: SamplingPlan;
  /** The host that is used instead of Fyers' own API; null or absent for Fyers. */
  readonly broker?: string | null;
  /** Resolves the names of `sampling` for a day; absent if all names are symbols. */
  readonly resolveNames?: ResolveNames;
  readonly calendar: TradingCalendar;
  /** For example systemd, or a person at a terminal. */
  readonly listeners?: readonly ProgressListener[];
  /** Absent if clock faults are not checked. */
  readonly timepiece?: Timepiece;
  /**
   * Called in a session until it answers, and a few times on days that are closed in the calendar. Absent if it is not
   * called at all.
   */
  readonly marketStatus?: MarketStatus;
  /** Ends after this many sessions; null: no limit. */
  readonly sessions: number | null;
  /** The recording stops at this time, even during a session; null: no limit. */
  readonly until: Instant | null;
}

/** Retry interval for a day whose compaction or upload failed. */
const CLOSE_RETRY_INTERVAL_MS = 10 * MINUTE;
/** From five minutes before the opening, a missing token is read again once a minute. */
const TOKEN_POLL_WINDOW_MS = 5 * MINUTE;

/**
 * Runs until the signal, or until `sessions` or `until` is reached. Returns the days that were recorded to their end.
 */
export async function harvest(options: LoopOptions): Promise<readonly IstDate[]> {
  const { calendar, clock, signal } = options;
  const progress = createProgressReporter(options);
  const heartbeat = createHeartbeat(options, progress);
  const beat = () => heartbeat.step.runIfDue(clock.now());
  const unscheduled = watchUnscheduledSessions(options);
  const close = createCloser(options, unscheduled, beat);
  const closing = every(clock.now(), CLOSE_RETRY_INTERVAL_MS, close);
  const recorded: IstDate[] = [];
  let isRecording = false;
  for (let done = 0; options.sessions === null || done < options.sessions;) {
    const awaited = nextSession(clock.now(), calendar);
    if (options.until !== null && awaited.opensAt >= options.until) {
      options.events.log(logEvents.untilReached(options.until, awaited.opensAt));
      break;
    }
    const awaitedLookup = createSymbolLookup(options, awaited);
    const found = await waitForOpening(options, awaited, {
      beat: heartbeat.step,
      closing,
      lookup: awaitedLookup.step,
      progress,
      unscheduled,
    });
    if (found === 'stopped') break;
    if (found === 'another day') continue;
    const { session, missed } = found;
    done += 1;
    const lookup = session === awaited ? awaitedLookup : createSymbolLookup(options, session);
    isRecording = true;
    await record(options, session, { heartbeat, progress, lookup, missed });
    const isPart = endOf(options, session) < session.closesAt;
    if (isPart && !signal.aborted) options.events.log(logEvents.untilReached(clock.now(), null));
    if ((isPart || signal.aborted) && clock.now() < session.closesAt) break;
    isRecording = false;
    await close();
    recorded.push(session.date);
  }
  if (signal.aborted) {
    progress.stops();
    options.events.log(logEvents.stopping(isRecording));
  }
  await options.metrics.flush();
  return recorded;
}

/** When the recording of a session ends, unless the signal comes first. */
function endOf({ until }: LoopOptions, { closesAt }: SessionPlan): Instant {
  return until !== null && until < closesAt ? until : closesAt;
}

/**
 * Closes this machine's days. Adopts days that another machine left in the bucket once, as soon as
 * the bucket answers.
 */
function createCloser(
  options: LoopOptions,
  unscheduled: UnscheduledSessions,
  beat: () => Promise<void>,
): () => Promise<void> {
  const { objects, calendar, clock } = options;
  const isEnded = (date: IstDate) =>
    isOver(date, clock.now(), calendar) || unscheduled.isOver(date);
  let adopted = objects === null;
  return async () => {
    if (!adopted && objects !== null) adopted = await adoptDays({ ...options, objects }, isEnded);
    await closeDays(options, isEnded, beat);
  };
}

interface Opened {
  readonly session: SessionPlan;
  /**
   * Why the opening passed during the wait: the clock was set, or the machine slept; null if it did
   * not pass.
   */
  readonly missed: Extract<HoleReason, 'clock-jump' | 'late'> | null;
}

/**
 * Time before the opening to read the token and open the day's files, so that neither delays the first
 * slot.
 */
const READY_LEAD_MS = 15 * SECOND;

/**
 * Interval for rereading the overrides while waiting for a session; they are also reread once
 * shortly before the opening.
 */
const OVERRIDES_INTERVAL_MS = HOUR;

/**
 * Waits until shortly before the opening; the feed waits for the slot itself. Returns the session
 * to record: the awaited one, or an unscheduled one before it. stopped: the signal came first ·
 * another day: the overrides changed, and with them the awaited session.
 */
async function waitForOpening(
  options: LoopOptions,
  session: SessionPlan,
  {
    beat,
    closing,
    lookup,
    progress,
    unscheduled,
  }: Readonly<Record<'beat' | 'closing' | 'lookup', IntervalTask>> & {
    readonly progress: ProgressReporter;
    readonly unscheduled: UnscheduledSessions;
  },
): Promise<Opened | 'stopped' | 'another day'> {
  const { calendar, clock, signal, token, events, sampling } = options;
  events.log(logEvents.sessionAwaited(session, slotCount(session, sampling.everySeconds)));
  const notice = calendarNotice(session.date, calendar);
  if (notice !== null) events.log(logEvents.calendarRunsOut(notice));
  const readyAt = plus(session.opensAt, -READY_LEAD_MS);
  const watchFrom = plus(session.opensAt, -TOKEN_POLL_WINDOW_MS);
  let missed: Opened['missed'] = null;
  const own = { changed: false };
  const refreshOverrides = async (): Promise<void> => {
    own.changed ||= (await calendar.refresh?.()) === true;
  };
  const days = every(clock.now(), OVERRIDES_INTERVAL_MS, refreshOverrides);
  const lastRefresh = every(watchFrom, DAY, refreshOverrides);
  for (let now = clock.now(); now < readyAt && !signal.aborted; now = clock.now()) {
    progress.waits(session.opensAt);
    await beat.runIfDue(now);
    await lookup.runIfDue(now);
    await days.runIfDue(now);
    await lastRefresh.runIfDue(now);
    if (own.changed && !isSame(session, nextSession(now, calendar))) return 'another day';
    own.changed = false;
    await unscheduled.step.runIfDue(now);
    const begun = unscheduled.take();
    if (begun !== null) {
      await token.read('always');
      return { session: begun, missed: null };
    }
    if (now < watchFrom) await closing.runIfDue(now);
    else if (token.token() === null) await token.read('if-due');
    const next = now < watchFrom ? Math.min(watchFrom, closing.at()) : plus(now, MINUTE);
    const steps = [beat, lookup, days, unscheduled.step].map((step) => step.at());
    const first = Math.min(next, readyAt, ...steps);
    const sleepsAt = clock.now();
    await sleepUntil(clock, plus(now, first - now), signal);
    // A sleep never ends after the opening unless the clock was changed.
    const hasJumped = sleepsAt < session.opensAt && clock.now() >= session.opensAt;
    missed = hasJumped ? 'clock-jump' : 'late';
  }
  // A token from before the wait may have expired.
  if (!signal.aborted) await token.read('always');
  if (signal.aborted) return 'stopped';
  return { session, missed: clock.now() < session.opensAt ? null : missed };
}

function isSame(a: SessionPlan, b: SessionPlan): boolean {
  return a.opensAt === b.opensAt && a.closesAt === b.closesAt;
}

async function sleepUntil(clock: Clock, until: Instant, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleepUntil(until, signal);
  } catch (caught) {
    if (!signal.aborted) throw caught;
  }
}

const TOKEN_HOLE_REASONS: ReadonlySet<HoleReason> = new Set([
  'no-token',
  'token-refused',
  'stream-refused',
]);

/**
 * Waits for the next slot and reads the token again if the last read was a minute ago, so that a new token is in use
 * within a minute.
 */
async function rereadToken(
  { clock, signal, token, sampling }: LoopOptions,
  endsAt: Instant,
  batch: readonly SlotResult[],
): Promise<void> {
  const every = sampling.everySeconds * SECOND;
  const next = plus(batch[0]?.slot ?? clock.now(), every);
  if (next >= endsAt || !token.isDue(next)) return;
  // Sleep at most one slot, even if the clock was set back.
  await sleepUntil(clock, instant(Math.min(next, clock.now() + every)), signal);
  if (!signal.aborted) await token.read('if-due');
}

/** Writes the events of a stream to the harvester's log and to the day's. */
async function noteStream(
  { feed: { stream }, events }: Pick<LoopOptions, 'feed' | 'events'>,
  day: Pick<RecordingDay, 'note'>,
): Promise<void> {
  for (const note of stream?.takeNotes() ?? []) {
    events.log(logEvents.streamEvent(note));
    await day.note(note.event, note.message, note);
  }
}

/** Includes unresolved names as they are written, so that their slots get the broker's own reason. */
function symbolsOf({ symbols, unknown }: DayNames): readonly string[] {
  return [...symbols, ...unknown.map(({ alias }) => alias)];
}

/** True if the next slot has already begun. */
function isBehind({ clock, sampling }: LoopOptions, batch: readonly SlotResult[]): boolean {
  const slot = batch[0]?.slot;
  return slot === undefined || clock.now() >= plus(slot, sampling.everySeconds * SECOND);
}

interface Adopted {
  readonly before: DayNames;
  readonly better: DayNames;
  readonly day: RecordingDay;
}

/**
 * Logs the facts that a lookup in the session found, and plans the symbols of new contracts. Returns true if the feed has
 * to start again: for other symbols, or for a stream that could not subscribe a symbol without its token.
 */
async function adoptNames(
  { clock, signal, events, feed }: LoopOptions,
  { before, better, day }: Adopted,
): Promise<boolean> {
  await logSymbols(better, events, day);
  const symbols = symbolsOf(better);
  const isSamePlan = symbols.join() === symbolsOf(before).join();
  const known = (names: DayNames) => names.facts.filter(({ fyToken }) => fyToken !== null).length;
  if (isSamePlan && (feed.stream === undefined || known(better) === known(before))) return false;
  // Wait a millisecond, so that the new feed does not repeat the current slot.
  await sleepUntil(clock, plus(clock.now(), 1), signal);
  if (!isSamePlan) await day.replan(symbols);
  return true;
}

interface Recorded extends Pick<Opened, 'missed'> {
  readonly heartbeat: Heartbeat;
  readonly progress: ProgressReporter;
  readonly lookup: SymbolLookup;
}

interface Running extends Pick<Recorded, 'heartbeat' | 'progress' | 'lookup'> {
  readonly day: RecordingDay;
  readonly upload: ReturnType<typeof runningUpload>;
  readonly market: ReturnType<typeof marketCheck>;
}

/** Returns the names in use, and whether the feed has to start again with them. */
async function takeSlots(
  options: LoopOptions,
  part: SessionPlan,
  { heartbeat, progress, lookup, day, upload, market }: Running,
  begun: DayNames,
): Promise<{ readonly names: DayNames; readonly isRenamed: boolean }> {
  const { clock, signal, feed, token } = options;
  let names = begun;
  const symbols = symbolsOf(names);
  for await (const batch of feed.observe(part, token.token, signal, symbols, names.facts)) {
    const missing = await day.take(batch);
    heartbeat.recordBatch(batch, missing);
    if (batch.length === 0) progress.waits(part.opensAt);
    progress.slot(batch, missing.length);
    await progress.clocks(day);
    await noteStream(options, day);
    await heartbeat.step.runIfDue(clock.now());
    await upload.runIfDue(clock.now());
    await market.runIfDue(clock.now());
    const better = isBehind(options, batch) ? null : lookup.improved(clock.now());
    if (better !== null) {
      const isRenamed = await adoptNames(options, { before: names, better, day });
      names = better;
      if (isRenamed) return { names, isRenamed };
    }
    if (!missing.some((reason) => TOKEN_HOLE_REASONS.has(reason))) continue;
    const before = token.token();
    await rereadToken(options, part.closesAt, batch);
    if (token.token() !== before) await day.note('token-in-use', 'Another token is in use');
  }
  return { names, isRenamed: false };
}

async function record(
  options: LoopOptions,
  session: SessionPlan,
  { heartbeat, progress, lookup, missed }: Recorded,
): Promise<void> {
  const { clock, signal, feed, events, objects } = options;
  // The plan covers the whole session, so that another start records the rest of it.
  const endsAt = endOf(options, session);
  let ends: RecordingDay['ends'] = () => null;
  const upload =
    objects === null
      ? NO_UPLOAD
      : runningUpload({ ...options, objects }, session.date, () => ends());
  // Before the opening, no other machine can have recorded, and a slow bucket must not delay the first
  // slot. An unscheduled session may already be recorded by another machine, because its opening is only
  // the time at which this machine detected it.
  if (clock.now() >= session.opensAt || session.name === 'surprise') await upload.resume();
  let names = await lookup.found();
  const sampling = { ...options.sampling, symbols: symbolsOf(names) };
  const day = await openDay({ ...options, sampling, feed: feed.name }, session, missed);
  ends = day.ends;
  heartbeat.addMissed(day.missedSlots);
  try {
    const from = clock.now() < session.opensAt ? session.opensAt : clock.now();
    events.log(logEvents.recordingBegan(session.date, from));
    await logSymbols(names, events, day);
    const market = marketCheck(options, session, day);
    await upload.runIfDue(clock.now());
    const part = { ...session, closesAt: endsAt };
    const running = { heartbeat, progress, lookup, day, upload, market };
    do {
      const taken = await takeSlots(options, part, running, names);
      ({ names } = taken);
      await noteStream(options, day);
      if (taken.isRenamed) continue;
      // Wait until the last slot ends: if the clock is set back in it, more slots follow.
      const slotEnds = plus(clock.now(), sampling.everySeconds * SECOND);
      const until = slotEnds < endsAt ? slotEnds : endsAt;
      if (!signal.aborted) await sleepUntil(clock, until, signal);
    } while (!signal.aborted && clock.now() < endsAt);
    if (clock.now() >= session.closesAt) {
      heartbeat.addMissed(await day.explainMissing(session.closesAt));
      await day.note('session-over', 'The session closed');
    } else {
      await day.note(
        'stopped',
        signal.aborted ? 'Stopped by a signal' : 'Reached the time of --until',
      );
    }
  } finally {
    await day.close();
    await upload.last();
  }
}
