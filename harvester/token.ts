// Holds the token for the feed. Reads it again after every wait, and at most once a minute while
// there is no working token.
import {
  type AccessToken,
  type AppId,
  parseAccessToken,
  parseAppId,
} from '../core/config/values.ts';
import { tokenInUse, tokenMissing, tokenUnreadable } from '../core/recording/log.ts';
import { toError } from '../core/errors.ts';
import { type CalendarOverrides, nextSession } from '../core/market/calendar.ts';
import type { Clock, Logger, TokenStore } from '../core/ports.ts';
import { decodeToken } from '../core/token/jwt.ts';
import { type Instant, MINUTE, SECOND, plus } from '../core/time.ts';

export interface HeldToken {
  readonly token: () => AccessToken | null;
  readonly appId: () => AppId | null;
  /**
   * Reads the store; with `if-due` only if the last read is at least a minute ago. Never throws.
   * quietly: a missing token is not logged, for times when none is needed.
   */
  read(when: 'always' | 'if-due' | 'quietly'): Promise<void>;
  /** Whether `if-due` would read at this time. */
  isDue(at: Instant): boolean;
}

export interface HeldTokenOptions {
  readonly store: TokenStore;
  readonly clock: Clock;
  readonly events: Logger;
  /** A loggable digest of a token. */
  readonly fingerprint: (token: AccessToken) => string;
  /** Absent if a token that ends before the close of the session is not reported. */
  readonly calendar?: CalendarOverrides;
}

/**
 * A minute minus a margin: after a late wake-up, the next one would otherwise be too early and skip
 * its read.
 */
const REREAD_INTERVAL_MS = MINUTE - SECOND;

export function holdToken(options: HeldTokenOptions): HeldToken {
  const { store, clock, events, fingerprint, calendar } = options;
  let token: AccessToken | null = null;
  let appId: AppId | null = null;
  let readAt: Instant | null = null;
  const readNow = async (quietly: boolean): Promise<void> => {
    const [id, stored] = [
      await store.read('FYERS_CLIENT_ID'),
      await store.read('FYERS_ACCESS_TOKEN'),
    ];
    const before = token;
    const parsedId = parseAppId(id?.trim() ?? '');
    const parsed = parseAccessToken(stored?.trim() ?? '');
    appId = parsedId.ok ? parsedId.value : null;
    const expiresAt = parsed.ok ? decodeToken(parsed.value)?.expiresAt : undefined;
    token = parsed.ok && (expiresAt ?? 0) > clock.now() ? parsed.value : null;
    if (token === null || appId === null) {
      if (!quietly) events.log(tokenMissing());
    } else if (token !== before) {
      const session = calendar && nextSession(clock.now(), calendar);
      const isShort = session !== undefined && (expiresAt ?? 0) < session.closesAt;
      const short = isShort && expiresAt !== undefined ? { expiresAt, date: session.date } : null;
      events.log(tokenInUse(fingerprint(token), short));
    }
  };
  // A time before the last read means that the clock was set back.
  const isDue = (at: Instant): boolean =>
    readAt === null || at < readAt || at >= plus(readAt, REREAD_INTERVAL_MS);
  return {
    token: () => token,
    appId: () => appId,
    isDue,
    async read(when) {
      const now = clock.now();
      if (when === 'if-due' && !isDue(now)) return;
      readAt = now;
      try {
        await readNow(when === 'quietly');
      } catch (caught) {
        // Keep the held token, which may still work: the store may be unavailable only for a
        // moment.
        if (when !== 'quietly') events.log(tokenUnreadable(toError(caught).message));
      }
    },
  };
}
