// Feeds market depth over REST. Every symbol is requested within its slot; nothing is retried, and
// slots do not drift.
import { setMaxListeners } from 'node:events';
import { BURST, type Pace, paceOf } from '../../core/config/sampling.ts';
import type { AccessToken, AppId, SamplingPlan } from '../../core/config/values.ts';
import { type SessionPlan, slotAtOrAfter } from '../../core/market/phases.ts';
import type { Clock, DepthFeed, SlotResult } from '../../core/ports.ts';
import type { HoleReason } from '../../core/recording/coverage.ts';
import { type Instant, MINUTE, plus, SECOND } from '../../core/time.ts';
import {
  type AnswerMoment,
  type DepthReading,
  readDepthAnswer,
  type Refusal,
  refusalOf,
} from './depth-answer.ts';
import { callFyers, type FyersReply } from './http.ts';
import { pausesOf, restGuard, type RestGuard, type StrikeStore } from './rate-guard.ts';

/** One raw answer of the broker; a call without an answer produces none. */
export interface RawAnswer {
  readonly symbol: string;
  readonly slot: Instant;
  readonly receivedAt: Instant;
  readonly status: number;
  readonly body: unknown;
}

interface RestDepthOptions {
  /** Called with every answer; must not throw. */
  readonly onAnswer?: (answer: RawAnswer) => void;
  /** Fyers' API, without a trailing slash. */
  readonly apiUrl: string;
  /** Null: no app id is configured yet, and every slot is a hole `no-token`. */
  readonly appId: () => AppId | null;
  readonly sampling: SamplingPlan;
  readonly clock: Clock;
  readonly strikes: StrikeStore;
  /**
   * Timeout for one answer, in real time; default: the slot's length less a second, at most 4 s.
   */
  readonly deadlineMs?: number;
}

/** The feed `rest`: one batch a slot, with a hole and a reason for each symbol without a book. */
export interface RestFeed extends DepthFeed {
  /** Shared by all other calls of the same account. */
  readonly guard: RestGuard;
  /** Requests single slots; at most as many symbols as the plan has. */
  slotTaker(
    session: SessionPlan,
    token: () => AccessToken | null,
    signal: AbortSignal,
  ): (symbols: readonly string[], slot: Instant) => Promise<readonly SlotResult[]>;
}

export function restDepth(options: RestDepthOptions): RestFeed {
  const planned = paceOf(options.sampling);
  // A group expands to more symbols than the plan has names.
  const paceFor = (symbols: readonly string[]): Pace =>
    symbols.length <= options.sampling.symbols.length
      ? planned
      : paceOf({ ...options.sampling, symbols });
  const guard = restGuard(options.strikes, options.clock);
  return {
    name: 'rest',
    guard,
    observe: (session, token, signal, symbols = options.sampling.symbols) =>
      observe({ ...options, guard, pace: paceFor(symbols), symbols }, session, token, signal),
    slotTaker(session, token, signal) {
      const pauses = pausesOf(guard);
      return async (symbols, slot) => {
        await guard.ready();
        return takeSlot(
          { ...options, guard, pace: planned, symbols, session, pauses, token, signal },
          slot,
        );
      };
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

interface DayOptions extends RestDepthOptions {
  readonly guard: RestGuard;
  readonly pace: Pace;
  readonly symbols: readonly string[];
}

async function* observe(
  options: DayOptions,
  session: SessionPlan,
  token: () => AccessToken | null,
  signal: AbortSignal,
): AsyncGenerator<readonly SlotResult[]> {
  const { clock, sampling } = options;
  const every = sampling.everySeconds * SECOND;
  await options.guard.ready();
  const pauses = pausesOf(options.guard);
  let slot = slotAtOrAfter(session, sampling.everySeconds, clock.now());
  let wokeAt: Instant | null = null;
  while (slot !== null) {
    // The clock was set back: restart at the current slot instead of waiting until the clock
    // catches up.
    if (slot - clock.now() > every + SECOND) {
      slot = slotAtOrAfter(session, sampling.everySeconds, clock.now()) ?? slot;
    }
    if (clock.now() < slot) {
      if (!(await sleepUntil(clock, slot, signal, MINUTE))) return;
      wokeAt = clock.now();
    }
    if (signal.aborted) return;
    if (clock.now() < slot) {
      yield [];
      continue;
    }
    const next: Instant = plus(slot, every);
    const missed =
      clock.now() < next ? null : wokeAt !== null && wokeAt >= next ? 'clock-jump' : 'late';
    if (missed === null) yield await takeSlot({ ...options, session, pauses, token, signal }, slot);
    else yield createHoles(options.symbols, slot, clock.now(), missed);
    slot = next < session.closesAt ? next : null;
  }
}

interface SlotOptions extends DayOptions {
  readonly session: SessionPlan;
  readonly pauses: ReturnType<typeof pausesOf>;
  readonly token: () => AccessToken | null;
  readonly signal: AbortSignal;
}

/**
 * Runs the slot's calls, burst by burst. If a slot began late, the calls without enough time left
 * are `late`.
 */
async function takeSlot(options: SlotOptions, slot: Instant): Promise<readonly SlotResult[]> {
  const { symbols, clock, pace } = options;
  const pending: Promise<SlotResult>[] = [];
  let rest: readonly SlotResult[] = [];
  for (let index = 0; index < symbols.length && rest.length === 0; index += BURST) {
    const burst = symbols.slice(index, index + BURST);
    const planned = Math.max(clock.now() - slot, (index / BURST) * SECOND);
    const at = pace.earliest(plus(slot, planned), burst.length);
    const missed = await missedUntil(at, options, slot);
    if (missed === null) pending.push(...burst.map((symbol) => takeOne(options, symbol, slot)));
    else rest = createHoles(symbols.slice(index), slot, clock.now(), missed);
  }
  const batch = await Promise.all(pending);
  await options.guard.saved();
  return [...batch, ...rest];
}

/** Waits for an instant inside the slot. Returns null if it is reached, otherwise the reason. */
async function missedUntil(
  at: Instant,
  { clock, sampling, signal }: SlotOptions,
  slot: Instant,
): Promise<HoleReason | null> {
  const everyMs = sampling.everySeconds * SECOND;
  const ends = plus(slot, everyMs);
  if (at >= ends) return 'late';
  // Sleep at most one slot, even if the clock is set back during the sleep.
  if (at > clock.now() && !(await sleepUntil(clock, at, signal, everyMs))) return 'stopped';
  return clock.now() < ends ? null : 'clock-jump';
}

async function takeOne(options: SlotOptions, symbol: string, slot: Instant): Promise<SlotResult> {
  const { clock, pauses } = options;
  const [appId, token] = [options.appId(), options.token()];
  const sentAt = clock.now();
  const taken = { symbol, slot, sentAt };
  if (appId === null || token === null) {
    return { ...taken, receivedAt: sentAt, kind: 'hole', reason: 'no-token' };
  }
  const paused = pauses.reasonFor({ symbol, token, sentAt });
  if (paused !== null) return { ...taken, receivedAt: sentAt, kind: 'hole', reason: paused };
  options.pace.sent(sentAt);
  const answer = await requestBook(options, taken, `${appId}:${token}`);
  const receivedAt = clock.now();
  if (answer.kind === 'book') {
    options.guard.answered();
    return { ...taken, ...answer, receivedAt };
  }
  pauses.note(answer, { symbol, token, sentAt }, receivedAt);
  const { reason, retryAfterMs, detail } = answer;
  return {
    ...taken,
    receivedAt,
    kind: 'hole',
    reason,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(detail === undefined ? {} : { detail }),
  };
}

/** On a stop the slot's requests are not aborted: their timeout is short. */
const UNTIL_DEADLINE = new AbortController().signal;
setMaxListeners(0, UNTIL_DEADLINE);

function requestBook(
  options: SlotOptions,
  { symbol, slot }: Pick<RawAnswer, 'symbol' | 'slot'>,
  authorization: string,
): Promise<DepthAnswer> {
  const { onAnswer, clock, session } = options;
  const everyMs = options.sampling.everySeconds * SECOND;
  return askForBook({
    apiUrl: options.apiUrl,
    symbol,
    authorization,
    timeoutMs: options.deadlineMs ?? Math.min(4 * SECOND, Math.max(everyMs - SECOND, 900)),
    signal: UNTIL_DEADLINE,
    moment: () => ({ receivedAt: clock.now(), session }),
    onReply: (reply) => {
      if (reply.kind !== 'answered') return;
      const { status, body } = reply;
      onAnswer?.({ symbol, slot, receivedAt: clock.now(), status, body });
    },
  });
}

function createHoles(
  symbols: readonly string[],
  slot: Instant,
  at: Instant,
  reason: HoleReason,
): readonly SlotResult[] {
  return symbols.map((symbol) => ({
    symbol,
    slot,
    sentAt: at,
    receivedAt: at,
    kind: 'hole',
    reason,
  }));
}

/**
 * Returns false if the signal came first. May return before `at`: after `longestMs`, or if the
 * clock is set back meanwhile.
 */
async function sleepUntil(
  clock: Clock,
  at: Instant,
  signal: AbortSignal,
  longestMs: number,
): Promise<boolean> {
  const far = plus(clock.now(), longestMs);
  try {
    await clock.sleepUntil(at < far ? at : far, signal);
    return true;
  } catch (caught) {
    if (signal.aborted) return false;
    throw caught;
  }
}

interface DepthCall {
  /** Fyers' API, without a trailing slash. */
  readonly apiUrl: string;
  readonly symbol: string;
  /** `<app id>:<access token>` */
  readonly authorization: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Called when the answer arrives; returns its time and session. */
  readonly moment: () => AnswerMoment;
  /** Called with the reply before it is parsed. */
  readonly onReply?: (reply: FyersReply) => void;
}

type DepthAnswer =
  ({ readonly kind: 'book' } & DepthReading) | ({ readonly kind: 'hole' } & Refusal);

/**
 * Requests one symbol's book. Returns the book, or the reason for the hole.
 *
 * @throws only the signal's own reason
 */
export async function askForBook(call: DepthCall): Promise<DepthAnswer> {
  const { apiUrl, symbol, authorization, timeoutMs, signal } = call;
  const query = new URLSearchParams({ symbol, ohlcv_flag: '1' });
  const url = `${apiUrl}/data/depth?${query.toString()}`;
  const reply = await callFyers({ url, method: 'GET', authorization, timeoutMs, signal });
  call.onReply?.(reply);
  const reading =
    reply.kind === 'answered' && reply.status === 200
      ? readDepthAnswer(symbol, reply.body, call.moment())
      : null;
  return reading === null
    ? { kind: 'hole', ...refusalOf(reply, authorization.split(':')) }
    : { kind: 'book', ...reading };
}
