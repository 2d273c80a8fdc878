// Whether the account may be called now: not after a rate limit, and after the second one not that day. One guard for all
// calls of a process, because the broker counts them together (the symbol master is a public file, which it does not count).
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
import { type Refusal, refusalOf } from './depth-refusal.ts';
import { callFyers, type FyersReply, type FyersRequest } from './http.ts';

/** Rate limits hit on a date, and until when the broker wants no more calls. */
export interface Strikes {
  readonly count: number;
  readonly until: Instant;
}

/** Outlives the process, because the broker's own count does. */
export interface StrikeStore {
  /** A bare count waits for nothing. */
  read(date: IstDate): Promise<Strikes | number>;
  /** Never throws: what is not on disk costs no slot. */
  write(date: IstDate, strikes: Strikes): Promise<void>;
}

export interface RestGuard {
  /** Reads what an earlier process has kept of today. The rest counts on it. */
  ready(): Promise<void>;
  /** Why not to call now, or null: call. */
  reason(): 'rate-limited' | 'blocked-for-the-day' | 'broker-error' | null;
  /** A call was refused for its rate. */
  limited(sentAt: Instant, retryAfterMs?: number): void;
  /** Something else answered in the broker's place: a firewall, say, whose ban each further call may extend. */
  foreign(sentAt: Instant): void;
  /** The broker itself answered. */
  answered(): void;
  /** Waits until every strike is on disk. */
  saved(): Promise<void>;
  /**
   * One call beside the books; null, and nothing is sent, once the account has had a rate limit that day: such a call is
   * not worth the second one, which would end the day's recording.
   */
  call(request: FyersRequest): Promise<FyersReply | null>;
}

/**
 * Fyers blocks an account for the rest of the day when it goes over a minute's limit more than three times. We stop
 * at the second, so that the account's other programs keep theirs.
 */
const STRIKES_ALLOWED = 2;
/** After the first foreign page; doubled by each that follows it. */
const FOREIGN_PAUSE_MS = MINUTE;
const MAX_FOREIGN_PAUSE_MS = 15 * MINUTE;

interface Day {
  readonly date: IstDate | null;
  readonly count: number;
  readonly until: Instant | null;
}

export function restGuard(store: StrikeStore, clock: Clock): RestGuard {
  let kept: Day = { date: null, count: 0, until: null };
  /** When the last strike was noted. */
  let notedAt: Instant | null = null;
  let saving: Promise<void> = Promise.resolve();
  /** The pause after foreign pages, and how long the next one is. */
  let foreign = { from: clock.now(), until: clock.now(), nextMs: FOREIGN_PAUSE_MS };
  const today = (): Day & { readonly date: IstDate } => {
    const date = istDateAt(clock.now());
    return { ...(kept.date === date ? kept : { count: 0, until: null }), date };
  };
  const guard: RestGuard = {
    async ready() {
      const { date } = today();
      if (kept.date === date) return;
      const strikes = await store.read(date);
      kept = { date, ...(typeof strikes === 'number' ? { count: strikes, until: null } : strikes) };
    },
    reason() {
      const { count, until } = today();
      if (count >= STRIKES_ALLOWED) return 'blocked-for-the-day';
      if (until !== null && clock.now() < until) return 'rate-limited';
      // A clock that was set back is not waited for.
      return foreign.from <= clock.now() && clock.now() < foreign.until ? 'broker-error' : null;
    },
    limited(sentAt, retryAfterMs = MINUTE) {
      const [now, { date, ...before }] = [clock.now(), today()];
      // The day's block ends at midnight, so no wait is longer.
      const leftMs = istInstant(addDays(date, 1), '00:00') - now;
      const asked = plus(now, Math.min(Math.ceil(Math.max(retryAfterMs, SECOND)), leftMs));
      const until = before.until !== null && before.until > asked ? before.until : asked;
      // The calls of one burst are refused together, however slowly they are answered: that is one strike.
      const isKnown = notedAt !== null && sentAt <= notedAt;
      if (!isKnown) notedAt = now;
      const strikes = { count: before.count + (isKnown ? 0 : 1), until };
      kept = { date, ...strikes };
      saving = saving.then(() => store.write(date, strikes));
    },
    foreign(sentAt) {
      // The calls of one burst meet the same page: that is one.
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

// Decides when not to ask for a book: after a rate limit or a foreign page, with a token or for a symbol that was refused.

/** How long a refusal is believed before it is tried once more; a token may have been fixed at the broker. */
const BELIEVED = MINUTE;
/** The key of the pause for every symbol; no symbol is spelled so. */
const TOKEN = 'token';

interface Pause {
  readonly reason: HoleReason;
  readonly from: Instant;
  readonly until: Instant;
  /** Only for calls with this token. */
  readonly token?: AccessToken;
}

interface DepthCall {
  readonly symbol: string;
  readonly token: AccessToken;
  readonly sentAt: Instant;
}

export function pausesOf(guard: RestGuard) {
  const pauses = new Map<string, Pause>();
  /** One that is over is forgotten, and so is one that would begin later: the clock was set back. */
  const active = (key: string, at: Instant): Pause | undefined => {
    const pause = pauses.get(key);
    if (pause === undefined) return undefined;
    const { from, until } = pause;
    if (from - (until - from) <= at && at < until) return pause;
    pauses.delete(key);
    return undefined;
  };
  return {
    /** Why not to call, or null: call. */
    reasonFor({ symbol, token, sentAt }: DepthCall): HoleReason | null {
      const limited = guard.reason();
      if (limited !== null) return limited;
      for (const key of [TOKEN, symbol]) {
        const pause = active(key, sentAt);
        if (pause !== undefined && (pause.token ?? token) === token) return pause.reason;
      }
      return null;
    },
    note({ reason, retryAfterMs, concerns }: Refusal, call: DepthCall, from: Instant): void {
      const { symbol, token, sentAt } = call;
      const until = plus(from, BELIEVED);
      switch (concerns) {
        case 'account':
          if (reason === 'rate-limited') guard.limited(sentAt, retryAfterMs);
          else guard.foreign(sentAt);
          return;
        case 'token':
          pauses.set(TOKEN, { reason, from, until, token });
          return;
        case 'symbol':
          pauses.set(symbol, { reason, from, until });
          return;
        case 'call':
      }
    },
  };
}
