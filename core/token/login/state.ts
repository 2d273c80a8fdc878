// Defines FYERS_LOGIN_STATE, which only the login writes.
import * as z from 'zod/mini';
import { type Instant, type IstDate, MINUTE, instant, parseIstDate, plus } from '../../time.ts';
import type { Fingerprint } from '../digest.ts';
import { type RenewedInputs, renewedInput } from '../state.ts';

/** The pause between two messages that one button sends: short for the first ones of a day, longer after them. */
const SHORT_PAUSE_MS = 5 * MINUTE;
const LONG_PAUSE_MS = 30 * MINUTE;
const MAX_SHORT_PAUSES = 6;

/** Which button asks for the link: the public page's, or the one on the page of a link. */
export type Asker = 'anyone' | 'link';

const Asked = z.nullable(z.object({ day: z.string(), count: z.int(), at: z.number() }));

const LoginState = z.object({
  version: z.literal(1),
  /** The account whose token a login published first. */
  fyId: z.nullable(z.string()),
  /** The login state of the last publish; its replay is "already done". */
  spent: z.nullable(z.object({ day: z.string(), nonce: z.string() })),
  /** The app whose secret Fyers refused at a login, as a fingerprint: another login would be refused too. */
  refusedApp: z.catch(z.nullable(z.string()), null),
  /** Links requested on the bookmarkable page: their number on `day`, and the last one's time in epoch milliseconds. */
  asked: Asked,
  /** The same for the button on the page of a link. */
  askedByLink: z.catch(Asked, null),
});

export type LoginState = Readonly<z.infer<typeof LoginState>>;

export const NEW_LOGIN_STATE: LoginState = {
  version: 1,
  fyId: null,
  spent: null,
  refusedApp: null,
  asked: null,
  askedByLink: null,
};

/** Returns null if the text is not a login state. */
export function parseLoginState(text: string): LoginState | null {
  try {
    const parsed = LoginState.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

export function formatLoginState(state: LoginState): string {
  return JSON.stringify(state);
}

export function isSpent({ spent }: LoginState, day: IstDate, nonce: string): boolean {
  return spent !== null && parseIstDate(spent.day) === day && spent.nonce === nonce;
}

export function isRefusedApp({ refusedApp }: LoginState, app: Fingerprint): boolean {
  return refusedApp === app;
}

/** Like `withRenewedInputs` for the token state. */
export function withRenewedApp(state: LoginState, renewed: RenewedInputs): LoginState {
  const { refusedApp } = state;
  return { ...state, refusedApp: refusedApp && renewedInput(refusedApp, renewed) };
}

/** When this button may send its next message. There is no daily quota, as a stranger could use it up. */
export function mayAskAt(state: LoginState, asker: Asker, day: IstDate): Instant {
  const asked = state[FIELD[asker]];
  if (asked?.day !== day) return instant(0);
  const pause = asked.count < MAX_SHORT_PAUSES ? SHORT_PAUSE_MS : LONG_PAUSE_MS;
  return plus(instant(asked.at), pause);
}

export function withAsked(state: LoginState, asker: Asker, day: IstDate, now: Instant): LoginState {
  const asked = state[FIELD[asker]];
  const count = asked?.day === day ? asked.count : 0;
  return { ...state, [FIELD[asker]]: { day, count: count + 1, at: now } };
}

const FIELD = { anyone: 'asked', link: 'askedByLink' } as const;

/** Marks the state as used by a publish. @param fyId the account that was seen; null if unknown */
export function withSpent(
  state: LoginState,
  spent: { readonly day: IstDate; readonly nonce: string },
  fyId: string | null,
): LoginState {
  const { day, nonce } = spent;
  return { ...state, fyId: state.fyId ?? fyId, spent: { day, nonce }, refusedApp: null };
}
