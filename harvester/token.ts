// The token that the feed calls with: read anew after every wait, and at most once a minute while there is none that works.
import {
  type AccessToken,
  type AppId,
  parseAccessToken,
  parseAppId,
} from '../core/config/values.ts';
import { tokenInUse, tokenMissing, tokenUnreadable } from '../core/recording/log.ts';
import { toError } from '../core/errors.ts';
import type { Clock, Logger, TokenStore } from '../core/ports.ts';
import { decodeToken } from '../core/token/jwt.ts';
import { type Instant, MINUTE, SECOND, plus } from '../core/time.ts';

export interface HeldToken {
  readonly token: () => AccessToken | null;
  readonly appId: () => AppId | null;
  /**
   * Reads the store, with `if-due` only when it was not read within the last minute. Never throws.
   * quietly: no word of a token that is not there, where nobody need have one.
   */
  read(when: 'always' | 'if-due' | 'quietly'): Promise<void>;
  /** Whether `if-due` will read at that time. */
  isDue(at: Instant): boolean;
}

export interface HeldTokenOptions {
  readonly store: TokenStore;
  readonly clock: Clock;
  readonly events: Logger;
  /** Something of a token that may be logged. */
  readonly fingerprint: (token: AccessToken) => string;
}

/** A minute, of a clock whose alarms are late now and then: the next one is not to find that it came too early. */
const REREAD_AFTER = MINUTE - SECOND;

export function holdToken({ store, clock, events, fingerprint }: HeldTokenOptions): HeldToken {
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
    } else if (token !== before) events.log(tokenInUse(fingerprint(token)));
  };
  // A clock that is before the last time was set back.
  const isDue = (at: Instant): boolean =>
    readAt === null || at < readAt || at >= plus(readAt, REREAD_AFTER);
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
        // The store may be away for a moment: what is held may still be good.
        if (when !== 'quietly') events.log(tokenUnreadable(toError(caught).message));
      }
    },
  };
}
