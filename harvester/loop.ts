// The harvester's one loop: wait for a session, record it slot by slot, close the day, again. No timers run beside it.
import type { SamplingPlan } from '../core/config/values.ts';
import type { HoleReason } from '../core/recording/coverage.ts';
import * as say from '../core/recording/log.ts';
import type { CalendarNotice } from '../core/market/calendar-notice.ts';
import type { SessionPlan } from '../core/market/phases.ts';
import { slotCount } from '../core/market/slots.ts';
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
import { type RecordingDay, openDay } from './day.ts';
import { type SymbolLookup, dayNaming, logSymbols } from './symbol-lookup.ts';
import { type IntervalTask, every } from './interval.ts';
import { type FinishOptions, closeDays } from './close-days.ts';
import { type Heartbeat, healthOf, lookingOn, type ProgressReporter } from './progress.ts';
import { NO_PIECES, adoptDays, runningPieces } from './upload.ts';
import {
  marketCheck,
  type MarketStatus,
  type UnscheduledSessions,
  surprisesOf,
  type SurprisesOptions,
} from './unscheduled-session.ts';
import type { Metrics, ProgressListener, Timepiece } from './ports.ts';
import type { Naming } from './symbols.ts';
import type { HeldToken } from './token.ts';

export interface LoopOptions extends FinishOptions, Pick<SurprisesOptions, 'mayOpenAfterAll'> {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly feed: DepthFeed;
  readonly token: HeldToken;
  readonly events: Logger;
  readonly metrics: Metrics;
  readonly sampling: SamplingPlan;
  /** What the names of `sampling` stand for on a day; absent: themselves. */
  readonly naming?: Naming;
  readonly nextSession: (after: Instant) => SessionPlan;
  /** Reads the operator's own days anew, which `nextSession` knows; true when they changed. Absent: there are none. */
  readonly refreshDays?: () => Promise<boolean>;
  /** Systemd, a person at a terminal. */
  readonly onlookers?: readonly ProgressListener[];
  /** Absent: nobody looks what happens to time. */
  readonly timepiece?: Timepiece;
  /** What is worth a word about the calendar of a date; null: nothing. */
  readonly calendarNotice?: (date: IstDate) => CalendarNotice | null;
  /** Asked in a session until it has answered, and a few times on days that `mayOpenAfterAll`; absent: nobody asks. */
  readonly marketStatus?: MarketStatus;
  /** Ends after that many sessions; null goes on for ever. */
  readonly sessions: number | null;
  /** The recording stops then, also inside of a session; null: with no session. */
  readonly until: Instant | null;
}

/** A day that could not be compacted or shipped is tried again that often. */
const FINISH_AGAIN = 10 * MINUTE;
/** Before the opening the machine has nothing else to do than to find its token. */
const TOKEN_POLL_WINDOW = 5 * MINUTE;

/** Ends when it is told to by the signal, or by `sessions` and `until`. Answers the days that it recorded to their end. */
export async function harvest(options: LoopOptions): Promise<readonly IstDate[]> {
  const { clock, signal } = options;
  const seen = lookingOn(options);
  const health = healthOf(options, seen);
  const beat = () => health.step.pass(clock.now());
  const surprises = surprisesOf(options);
  const isOver = (date: IstDate) => options.isOver(date) || surprises.isOver(date);
  const close = closing({ ...options, isOver }, beat);
  const finish = every(clock.now(), FINISH_AGAIN, close);
  const recorded: IstDate[] = [];
  for (let done = 0; options.sessions === null || done < options.sessions;) {
    const awaited = options.nextSession(clock.now());
    if (options.until !== null && awaited.opensAt >= options.until) {
      options.events.log(say.untilReached(options.until, awaited.opensAt));
      break;
    }
    const names = dayNaming(options, awaited);
    const found = await opened(options, awaited, {
      beat: health.step,
      finish,
      names: names.step,
      seen,
      surprises,
    });
    if (found === 'stopped') break;
    if (found === 'another day') continue;
    const { session, missed } = found;
    done += 1;
    const naming = session === awaited ? names : dayNaming(options, session);
    await record(options, session, { health, seen, naming, missed });
    const isPart = endOf(options, session) < session.closesAt;
    if (isPart && !signal.aborted) options.events.log(say.untilReached(clock.now(), null));
    if ((isPart || signal.aborted) && clock.now() < session.closesAt) break;
    await close();
    recorded.push(session.date);
  }
  if (signal.aborted) {
    seen.stops();
    options.events.log(say.stopping());
  }
  await options.metrics.flush();
  return recorded;
}

/** When the recording of a session ends, unless the signal comes first. */
function endOf({ until }: LoopOptions, { closesAt }: SessionPlan): Instant {
  return until !== null && until < closesAt ? until : closesAt;
}

/** Closes what this machine has, and once, as soon as the bucket answers, what another one has left there. */
function closing(options: LoopOptions, beat: () => Promise<void>): () => Promise<void> {
  const { objects, isOver } = options;
  let adopted = objects === null;
  return async () => {
    if (!adopted && objects !== null) adopted = await adoptDays({ ...options, objects }, isOver);
    await closeDays(options, beat);
  };
}

interface Opened {
  readonly session: SessionPlan;
  /** Why the opening passed while it was waited for: the clock was set, or the machine slept; null: it did not. */
  readonly missed: Extract<HoleReason, 'clock-jump' | 'late'> | null;
}

/** Before the opening: time to read the token and to open the day's files, so that neither costs the first slot. */
const READY_BEFORE = 15 * SECOND;

/** The operator's own days are looked at that often while a session is awaited, and once more before it opens. */
const DAYS_AGAIN = HOUR;

/**
 * Waits until shortly before the opening; the feed waits for the slot itself. Answers the session that is to be recorded:
 * the one that is awaited, or a surprise before it. stopped: the signal came first · another day: the operator's own days
 * have changed, and the session that is awaited with them.
 */
async function opened(
  options: LoopOptions,
  session: SessionPlan,
  {
    beat,
    finish,
    names,
    seen,
    surprises,
  }: Readonly<Record<'beat' | 'finish' | 'names', IntervalTask>> & {
    readonly seen: ProgressReporter;
    readonly surprises: UnscheduledSessions;
  },
): Promise<Opened | 'stopped' | 'another day'> {
  const { clock, signal, token, events, sampling } = options;
  events.log(say.sessionAwaited(session, slotCount(session, sampling.everySeconds)));
  const notice = options.calendarNotice?.(session.date) ?? null;
  if (notice !== null) events.log(say.calendarRunsOut(notice));
  const readyAt = plus(session.opensAt, -READY_BEFORE);
  const watchFrom = plus(session.opensAt, -TOKEN_POLL_WINDOW);
  let missed: Opened['missed'] = null;
  const own = { changed: false };
  const look = async (): Promise<void> => {
    own.changed ||= (await options.refreshDays?.()) === true;
  };
  const days = every(clock.now(), DAYS_AGAIN, look);
  const lastLook = every(watchFrom, DAY, look);
  for (let now = clock.now(); now < readyAt && !signal.aborted; now = clock.now()) {
    seen.waits(session.opensAt);
    await beat.pass(now);
    await names.pass(now);
    await days.pass(now);
    await lastLook.pass(now);
    if (own.changed && !isSame(session, options.nextSession(now))) return 'another day';
    own.changed = false;
    await surprises.step.pass(now);
    const surprise = surprises.take();
    if (surprise !== null) {
      await token.read('always');
      return { session: surprise, missed: null };
    }
    if (now < watchFrom) await finish.pass(now);
    else if (token.token() === null) await token.read('if-due');
    const next = now < watchFrom ? Math.min(watchFrom, finish.at()) : plus(now, MINUTE);
    const steps = [beat, names, days, surprises.step].map((step) => step.at());
    const first = Math.min(next, readyAt, ...steps);
    const sleepsAt = clock.now();
    await slept(clock, plus(now, first - now), signal);
    // A sleep never ends after the opening by itself.
    const hasJumped = sleepsAt < session.opensAt && clock.now() >= session.opensAt;
    missed = hasJumped ? 'clock-jump' : 'late';
  }
  // What was read before a wait may have died meanwhile.
  if (!signal.aborted) await token.read('always');
  if (signal.aborted) return 'stopped';
  return { session, missed: clock.now() < session.opensAt ? null : missed };
}

function isSame(a: SessionPlan, b: SessionPlan): boolean {
  return a.opensAt === b.opensAt && a.closesAt === b.closesAt;
}

async function slept(clock: Clock, until: Instant, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleepUntil(until, signal);
  } catch (caught) {
    if (!signal.aborted) throw caught;
  }
}

const ASK_AGAIN: ReadonlySet<HoleReason> = new Set(['no-token', 'token-refused']);

/** As the next slot begins, so that a token is in use at once: one read a minute then finds it within a minute. */
async function readAgain(
  { clock, signal, token, sampling }: LoopOptions,
  endsAt: Instant,
  batch: readonly SlotResult[],
): Promise<void> {
  const every = sampling.everySeconds * SECOND;
  const next = plus(batch[0]?.slot ?? clock.now(), every);
  if (next >= endsAt || !token.isDue(next)) return;
  // No longer than a slot, also where the clock was set back.
  await slept(clock, instant(Math.min(next, clock.now() + every)), signal);
  if (!signal.aborted) await token.read('if-due');
}

interface Recorded extends Pick<Opened, 'missed'> {
  readonly health: Heartbeat;
  readonly seen: ProgressReporter;
  readonly naming: SymbolLookup;
}

async function record(
  options: LoopOptions,
  session: SessionPlan,
  { health, seen, naming, missed }: Recorded,
): Promise<void> {
  const { clock, signal, feed, token, events } = options;
  const { objects } = options;
  // The plan is the whole session's, so that another start records the rest of it.
  const endsAt = endOf(options, session);
  let ends: RecordingDay['ends'] = () => null;
  const pieces =
    objects === null
      ? NO_PIECES
      : runningPieces({ ...options, objects }, session.date, () => ends());
  // Before the opening nobody can have recorded, and a bucket that hangs must not cost the first slot. A surprise may have
  // been another machine's before: its opening is only when this one noticed it.
  if (clock.now() >= session.opensAt || session.name === 'surprise') await pieces.resume();
  const names = await naming.found();
  // What stands for nothing is asked for by its own name, so that its slots have the broker's own reason.
  const symbols = [...names.symbols, ...names.unknown.map(({ alias }) => alias)];
  const sampling = { ...options.sampling, symbols };
  const day = await openDay({ ...options, sampling, feed: feed.name }, session, missed);
  ends = day.ends;
  health.lost(day.lost);
  try {
    const from = clock.now() < session.opensAt ? session.opensAt : clock.now();
    events.log(say.recordingBegan(session.date, from));
    await logSymbols(names, events, day);
    const market = marketCheck(options, session, day);
    await pieces.pass(clock.now());
    do {
      const part = { ...session, closesAt: endsAt };
      for await (const batch of feed.observe(part, token.token, signal, symbols)) {
        const missing = await day.take(batch);
        health.saw(batch, missing);
        if (batch.length === 0) seen.waits(session.opensAt);
        seen.slot(batch, missing.length);
        await seen.clocks(day);
        await health.step.pass(clock.now());
        await pieces.pass(clock.now());
        await market.pass(clock.now());
        if (!missing.some((reason) => ASK_AGAIN.has(reason))) continue;
        const before = token.token();
        await readAgain(options, endsAt, batch);
        if (token.token() !== before) await day.note('token-in-use', 'Another token is in use');
      }
      // The last slot begins before the close; a clock that is set back then has more of them.
      const slotEnds = plus(clock.now(), sampling.everySeconds * SECOND);
      const until = slotEnds < endsAt ? slotEnds : endsAt;
      if (!signal.aborted) await slept(clock, until, signal);
    } while (!signal.aborted && clock.now() < endsAt);
    if (clock.now() >= session.closesAt) {
      health.lost(await day.settle(session.closesAt));
      await day.note('session-over', 'The session closed');
    } else {
      await day.note('stopped', signal.aborted ? 'Asked to stop' : 'The time of --until has come');
    }
  } finally {
    await day.close();
    await pieces.last();
  }
}
