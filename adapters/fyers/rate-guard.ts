// Decides whether the account may be called now. A rate limit pauses all calls; the second one ends
// them for that day. There is one guard for all calls of a process, because the broker counts them
// together (the symbol master is a public file and is not counted). A foreign page (an answer from
// a firewall and not from the broker) pauses all calls too, each time twice as long. A refused
// token or symbol pauses only its own calls.
import type { AccessToken } from '../../core/config/values.ts';
import type { HoleReason } from '../../core/recording/coverage.ts';
import type { Clock } from '../../core/ports.ts';
import {
  addDays,
  type Instant,
  type IstDate,
  istDateAt,
  istInstant,
  MINUTE,
  plus,
  SECOND,
} from '../../core/time.ts';
import { type Refusal, refusalOf } from './depth-answer.ts';
import { callFyers, type FyersReply, type FyersRequest } from './http.ts';

/** Rate limits hit on a date, and the end of the current pause. */
export interface Strikes {
  readonly count: number;
  readonly until: Instant;
}

/** Stored on disk, because the broker's count outlives the process. */
export interface StrikeStore {
  /** A plain number means a count without a pause. */
  read(date: IstDate): Promise<Strikes | number>;
  /** Never throws: a failed write costs no slot. */
  write(date: IstDate, strikes: Strikes): Promise<void>;
}

export interface RestGuard {
  /** Reads today's count of an earlier process. Call this first. */
  ready(): Promise<void>;
  /** Why a call is not allowed now, or null if it is. */
  reason(): 'rate-limited' | 'blocked-for-the-day' | 'broker-error' | null;
  /** Call this if a call was refused for its rate. */
  limited(sentAt: Instant, retryAfterMs?: number): void;
  /**
   * Call this if something other than the broker answered, such as a firewall whose ban each
   * further call may extend.
   */
  foreign(sentAt: Instant): void;
  /** Call this if the broker itself answered. */
  answered(): void;
  /** Waits until every strike is on disk. */
  saved(): Promise<void>;
  /**
   * Makes one call other than for a book. Returns null without sending anything once the account
   * has had a rate limit that day: a second one would end the day's recording.
   */
  call(request: FyersRequest): Promise<FyersReply | null>;
}

/**
 * Fyers blocks an account for the rest of the day if it exceeds a minute's limit more than three
 * times. This program stops at the second, so that the account's other programs can continue.
 */
const STRIKES_ALLOWED = 2;
/** Pause after the first foreign page; each further page doubles it. */
const FOREIGN_PAUSE_MS = MINUTE;
const MAX_FOREIGN_PAUSE_MS = 15 * MINUTE;

interface Day {
  readonly date: IstDate | null;
  readonly count: number;
  readonly until: Instant | null;
}

export function restGuard(store: StrikeStore, clock: Clock): RestGuard {
  let storedDay: Day = { date: null, count: 0, until: null };
  /** When the last strike was counted. */
  let notedAt: Instant | null = null;
  let saving: Promise<void> = Promise.resolve();
  /** The pause after foreign pages, and the length of the next one. */
  let foreign = { from: clock.now(), until: clock.now(), nextMs: FOREIGN_PAUSE_MS };
  const today = (): Day & { readonly date: IstDate } => {
    const date = istDateAt(clock.now());
    return { ...(storedDay.date === date ? storedDay : { count: 0, until: null }), date };
  };
  const guard: RestGuard = {
    async ready() {
      const { date } = today();
      if (storedDay.date === date) return;
      const strikes = await store.read(date);
      storedDay = {
        date,
        ...(typeof strikes === 'number' ? { count: strikes, until: null } : strikes),
      };
    },
    reason() {
      const { count, until } = today();
      if (count >= STRIKES_ALLOWED) return 'blocked-for-the-day';
      if (until !== null && clock.now() < until) return 'rate-limited';
      // Ignore the pause if the clock was set back before its start.
      return foreign.from <= clock.now() && clock.now() < foreign.until ? 'broker-error' : null;
    },
    limited(sentAt, retryAfterMs = MINUTE) {
      const [now, { date, ...before }] = [clock.now(), today()];
      // The day's block ends at midnight, so no pause is longer.
      const leftMs = istInstant(addDays(date, 1), '00:00') - now;
      const asked = plus(now, Math.min(Math.ceil(Math.max(retryAfterMs, SECOND)), leftMs));
      const until = before.until !== null && before.until > asked ? before.until : asked;
      // The calls of one burst are refused together, even if their answers arrive late: that is one
      // strike.
      const isKnown = notedAt !== null && sentAt <= notedAt;
      if (!isKnown) notedAt = now;
      const strikes = { count: before.count + (isKnown ? 0 : 1), until };
      storedDay = { date, ...strikes };
      saving = saving.then(() => store.write(date, strikes));
    },
    foreign(sentAt) {
      // The calls of one burst get the same page: count it once.
      if (sentAt < foreign.until && sentAt >= foreign.from) return;
      const [now, pauseMs] = [clock.now(), foreign.nextMs];
      const nextMs = Math.min(2 * pauseMs, MAX_FOREIGN_PAUSE_MS);
      foreign = { from: sentAt, until: plus(now, pauseMs), nextMs };
    },
    answered() {
      foreign = { ...foreign, nextMs: FOREIGN_PAUSE_MS };
    },
    saved: () => saving,
    async call(request) {
      await guard.ready();
      if (today().count > 0 || guard.reason() !== null) return null;
      const sentAt = clock.now();
      const reply = await callFyers(request);
      const { reason, retryAfterMs, concerns } = refusalOf(reply);
      if (reason === 'rate-limited') guard.limited(sentAt, retryAfterMs);
      else if (concerns === 'account') guard.foreign(sentAt);
      await guard.saved();
      return reply;
    },
  };
  return guard;
}

/** A refusal is retried after this time, because the token may have been fixed at the broker. */
const REFUSAL_PAUSE_MS = MINUTE;
/** The key of the pause for every symbol; no symbol has this name. */
const ANY_SYMBOL_KEY = 'token';

interface Pause {
  readonly reason: HoleReason;
  readonly from: Instant;
  readonly until: Instant;
  /** If set, applies only to calls with this token. */
  readonly token?: AccessToken;
}

interface DepthCall {
  readonly symbol: string;
  readonly token: AccessToken;
  readonly sentAt: Instant;
}

export function pausesOf(guard: RestGuard) {
  const pauses = new Map<string, Pause>();
  /** Drops a pause that has ended, or that starts later because the clock was set back. */
  const active = (key: string, at: Instant): Pause | undefined => {
    const pause = pauses.get(key);
    if (pause === undefined) return undefined;
    const { from, until } = pause;
    if (from - (until - from) <= at && at < until) return pause;
    pauses.delete(key);
    return undefined;
  };
  return {
    /** Why the call is not allowed, or null if it is. */
    reasonFor({ symbol, token, sentAt }: DepthCall): HoleReason | null {
      const limited = guard.reason();
      if (limited !== null) return limited;
      for (const key of [ANY_SYMBOL_KEY, symbol]) {
        const pause = active(key, sentAt);
        if (pause !== undefined && (pause.token ?? token) === token) return pause.reason;
      }
      return null;
    },
    note({ reason, retryAfterMs, concerns }: Refusal, call: DepthCall, from: Instant): void {
      const { symbol, token, sentAt } = call;
      const until = plus(from, REFUSAL_PAUSE_MS);
      switch (concerns) {
        case 'account':
          if (reason === 'rate-limited') guard.limited(sentAt, retryAfterMs);
          else guard.foreign(sentAt);
          return;
        case 'token':
          pauses.set(ANY_SYMBOL_KEY, { reason, from, until, token });
          return;
        case 'symbol':
          pauses.set(symbol, { reason, from, until });
          return;
        case 'call':
      }
    },
  };
}
