// Defines FYERS_TOKEN_STATE, which the keeper keeps between runs, and the changes that each event makes to it. The state
// prevents useless calls: a latch stops calls with a refused input until that input changes, `policyOff` stops refreshes
// while the broker's policy forbids them, and `calls` counts the calls of one input in one broker day.
import * as z from 'zod/mini';
import type { RefusedBy } from '../ports.ts';
import { type IstDate, parseIstDate } from '../time.ts';
import type { LatchReason } from './decide.ts';
import type { Fingerprint } from './digest.ts';
import { parseJson } from '../text.ts';

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

export function renewedInput(stored: string, { old, inputs }: RenewedInputs): string {
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

/** Write it before the call, so that a run that dies during the call has counted it. */
export function withCall(state: TokenState, input: Fingerprint, today: IstDate): TokenState {
  const { count: before } = callsOf(state, input, today);
  const calls = { day: today, input, count: before + 1, accepted: false };
  // A probe that is never answered counts too.
  return { ...state, calls, ...(state.policyOff ? { probedOn: today } : {}) };
}

/** Undoes the count, as the broker did not work on the call. @param before the state before the call was counted */
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
