// What the login remembers: the content of FYERS_LOGIN_STATE, which only it writes.
import * as z from 'zod/mini';
import { type Instant, type IstDate, MINUTE, instant, parseIstDate, plus } from '../time.ts';
import type { Fingerprint } from './digest.ts';
import { type RenewedInputs, renewedInput } from './state.ts';

/** Links that the bookmarkable page may have sent in a day, and the time between two. */
const MOST_ASKED = 6;
const ASKED_EVERY = 5 * MINUTE;

const LoginState = z.object({
  version: z.literal(1),
  /** The account whose token a login published first. */
  fyId: z.nullable(z.string()),
  /** The state with which a token was published last; a replay of it is "already done". */
  spent: z.nullable(z.object({ day: z.string(), nonce: z.string() })),
  /** The app whose secret Fyers refused at a login, as a fingerprint: another login would be refused too. */
  refusedApp: z.catch(z.nullable(z.string()), null),
  /** Links asked for on the bookmarkable page: how many of `day`, and when the last, epoch milliseconds. */
  asked: z.nullable(z.object({ day: z.string(), count: z.int(), at: z.number() })),
});

export type LoginState = Readonly<z.infer<typeof LoginState>>;

export const NEW_LOGIN_STATE: LoginState = {
  version: 1,
  fyId: null,
  spent: null,
  refusedApp: null,
  asked: null,
};

/** Null for a text that is no login state. */
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

/** As `withRenewedInputs` for the other state. */
export function withRenewedApp(state: LoginState, renewed: RenewedInputs): LoginState {
  const { refusedApp } = state;
  return { ...state, refusedApp: refusedApp && renewedInput(refusedApp, renewed) };
}

/** From when on the bookmarkable page may ask again; null where not today. */
export function mayAskAt({ asked }: LoginState, day: IstDate): Instant | null {
  if (asked?.day !== day) return instant(0);
  return asked.count >= MOST_ASKED ? null : plus(instant(asked.at), ASKED_EVERY);
}

export function withAsked(state: LoginState, day: IstDate, now: Instant): LoginState {
  const count = state.asked?.day === day ? state.asked.count : 0;
  return { ...state, asked: { day, count: count + 1, at: now } };
}

/** A token was published for this state. @param fyId the account that was seen; null where nobody said it */
export function withSpent(
  state: LoginState,
  spent: { readonly day: IstDate; readonly nonce: string },
  fyId: string | null,
): LoginState {
  const { day, nonce } = spent;
  return { ...state, fyId: state.fyId ?? fyId, spent: { day, nonce }, refusedApp: null };
}
