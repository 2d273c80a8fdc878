// Defines the two states that the keeper keeps between runs, and the changes that each event makes to them.
// FYERS_TOKEN_STATE prevents useless calls: a latch stops calls with a refused input until that input changes,
// `policyOff` stops refreshes while the broker's policy forbids them, and `calls` counts the calls of one input in one
// broker day. FYERS_LOGIN_STATE is written by the login only.
import * as z from 'zod/mini';
import type { RefusedBy } from '../ports.ts';
import { parseJson } from '../text.ts';
import { type IstDate, parseIstDate, type Instant, MINUTE, instant, plus } from '../time.ts';
import type { LatchReason } from './decide.ts';
import type { Fingerprint } from './digest.ts';

const day = z.pipe(
  z.string(),
  z.transform((text, context) => {
    const date = parseIstDate(text);
    if (date !== null) return date;
    context.issues.push({ code: 'custom', message: 'not a date', input: text });
    return z.NEVER;
  }),
);
const count = z.int().check(z.minimum(0));

const State = z.object({
  version: z.literal(1),
  /** The account whose token was published first. */
  fyId: z.nullable(z.string()),
  latch: z.nullable(
    z.object({
      reason: z.enum(['pin', 'refresh-token', 'app-secret', 'auth-code', 'unrecognised', 'silent']),
      input: z.string(),
    }),
  ),
  /** The broker's policy refused a refresh. Only a probe calls again. */
  policyOff: z.boolean(),
  /** Calls that may have counted, of one input in one broker day; accepted: the last one's token was published. */
  calls: z.nullable(z.object({ day, input: z.string(), count, accepted: z.boolean() })),
  /** The last claim; done: its holder has finished. */
  claim: z.nullable(z.object({ day, n: count, done: z.boolean() })),
  asked: z.nullable(z.object({ day, slot: z.string() })),
  /** The last broker day on which a refresh met the broker's policy. Absent in older states. */
  probedOn: z.catch(z.nullable(day), null),
});

export type TokenState = Readonly<z.infer<typeof State>>;

export const NEW_STATE: TokenState = {
  version: 1,
  fyId: null,
  latch: null,
  policyOff: false,
  calls: null,
  claim: null,
  asked: null,
  probedOn: null,
};

/** Returns null if the text is not a token state. The caller must then stop: the refused inputs are unknown. */
export function parseTokenState(text: string): TokenState | null {
  const parsed = State.safeParse(parseJson(text));
  return parsed.success ? parsed.data : null;
}

export function formatTokenState(state: TokenState): string {
  return JSON.stringify(state);
}

/** Fingerprints of the inputs of a refresh: the app alone, and all inputs (null without a token or a PIN). */
export interface Inputs {
  readonly app: Fingerprint;
  readonly refresh: Fingerprint | null;
}

/** The same inputs under two kinds of keys. */
export interface RenewedInputs {
  /** Under the keys of an earlier version. */
  readonly old: Inputs;
  readonly inputs: Inputs;
}

/** Translates an earlier version's fingerprints of these inputs; the next write stores them under the current keys. */
export function withRenewedInputs(state: TokenState, renewed: RenewedInputs): TokenState {
  const { latch, calls } = state;
  return {
    ...state,
    latch: latch && { ...latch, input: renewedInput(latch.input, renewed) },
    calls: calls && { ...calls, input: renewedInput(calls.input, renewed) },
  };
}

function renewedInput(stored: string, { old, inputs }: RenewedInputs): string {
  if (stored === old.app) return inputs.app;
  return stored === old.refresh && inputs.refresh !== null ? inputs.refresh : stored;
}

/** Returns the latch if it is for these inputs. A refused app secret is refused with every token and PIN. */
export function latchedFor({ latch }: TokenState, inputs: Inputs): LatchReason | null {
  const matches = latch?.input === (latch?.reason === 'app-secret' ? inputs.app : inputs.refresh);
  return latch !== null && matches ? latch.reason : null;
}

export function callsOf(
  { calls }: TokenState,
  input: Fingerprint | null,
  today: IstDate,
): { readonly count: number; readonly accepted: boolean } {
  return calls?.day === today && calls.input === input ? calls : { count: 0, accepted: false };
}

/** Write the state before the call, so that a run that crashes during the call has counted it. */
export function withCall(state: TokenState, input: Fingerprint, today: IstDate): TokenState {
  const { count: before } = callsOf(state, input, today);
  const calls = { day: today, input, count: before + 1, accepted: false };
  // A probe that is never answered counts too.
  return { ...state, calls, ...(state.policyOff ? { probedOn: today } : {}) };
}

/**
 * Undoes the count, because the broker did not process the call. @param before the state before the call was counted
 */
export function withoutCall(counted: TokenState, before: TokenState): TokenState {
  const state = { ...counted, probedOn: before.probedOn };
  const { calls } = state;
  return calls === null
    ? state
    : { ...state, calls: { ...calls, count: Math.max(0, calls.count - 1) } };
}

export function withRefusal(
  state: TokenState,
  by: RefusedBy,
  inputs: Inputs,
  today: IstDate,
): TokenState {
  // The broker answered, so the latch or the switch applies instead of the count.
  const answered: TokenState = { ...state, calls: null };
  return by === 'policy'
    ? { ...answered, policyOff: true, probedOn: today }
    : withLatch(answered, by, inputs);
}

export function withLatch(state: TokenState, reason: LatchReason, inputs: Inputs): TokenState {
  const input = reason === 'app-secret' ? inputs.app : inputs.refresh;
  return input === null ? state : { ...state, latch: { reason, input } };
}

/** Clears the latch and the switch: a refreshed token was published, so refresh works. */
export function withRefreshed(state: TokenState): TokenState {
  const { calls } = state;
  return {
    ...state,
    latch: null,
    policyOff: false,
    calls: calls === null ? null : { ...calls, accepted: true },
  };
}

export function withAccount(state: TokenState, fyId: string | null): TokenState {
  return { ...state, fyId: state.fyId ?? fyId };
}

/** The pause between two messages that one button sends: short for the first ones of a day, longer after them. */
const SHORT_PAUSE_MS = 5 * MINUTE;
const LONG_PAUSE_MS = 30 * MINUTE;
const MAX_SHORT_PAUSES = 6;

/** The button that was pressed: `anyone` on the public page, `link` on the page of a link. */
export type Asker = 'anyone' | 'link';

const Asked = z.nullable(z.object({ day: z.string(), count: z.int(), at: z.number() }));

const LoginState = z.object({
  version: z.literal(1),
  /** The account whose token a login published first. */
  fyId: z.nullable(z.string()),
  /** The login state that was used for the last publish; a request that repeats it is answered with "already done". */
  spent: z.nullable(z.object({ day: z.string(), nonce: z.string() })),
  /** The app whose secret Fyers refused at a login, as a fingerprint: another login would be refused too. */
  refusedApp: z.catch(z.nullable(z.string()), null),
  /** Links requested on the bookmarkable page: their number on `day`, and the last one's time in epoch milliseconds. */
  asked: Asked,
  /** As `asked`, for the button on the page of a link. */
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
