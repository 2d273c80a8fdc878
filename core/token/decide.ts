// Decides the keeper's next step from the known facts. `keeper/refresh.ts` calls `decide` again after every step, with the
// step's result added to the facts. The rules are tried in a fixed order and the first that applies wins: rest on a closed
// day; prove and publish a minted token; prove and keep a live stored token; call the broker; leave a transient failure to a
// later slot; ask the operator for a login. A token is published only if it is proven live, of the right account and with
// the right expiry.
import type { Parsed } from '../config/values.ts';
import type { Halted, MintAnswer, Proof, RefusedBy } from '../ports.ts';
import { addDays, type IstDate } from '../time.ts';

export type Trigger =
  | { readonly kind: 'slot'; readonly slot: string; readonly last: boolean }
  /** A probe calls the broker once although refresh is switched off. */
  | { readonly kind: 'operator'; readonly probe: boolean };

/**
 * Why the broker is not called again until an input changes. A refusal by policy is not a latch: it switches refresh off for
 * every input.
 */
export type LatchReason = Exclude<RefusedBy, 'policy'> | 'silent';

/** Result of checking the minted token. */
export type Check = Proof['kind'] | 'wrong-account' | 'wrong-expiry';

export interface Facts {
  readonly trigger: Trigger;
  /** over: today's session has closed, so a login is no longer useful. */
  readonly day: 'open' | 'over' | 'closed';
  readonly stored:
    | { readonly kind: 'none' | 'expired' | 'foreign' | 'malformed' }
    | { readonly kind: 'plausible'; readonly proof: Proof['kind'] | null };
  readonly refresh:
    | { readonly kind: 'on' }
    | { readonly kind: 'off'; readonly why: 'no-token' | 'expired' | 'no-pin' | 'policy' | 'used' };
  /** The latch, if it is for the current inputs. */
  readonly latched: LatchReason | null;
  /** Calls with this input in this broker day that may have counted, and the last one's result. */
  readonly tried: {
    readonly calls: number;
    readonly answer: MintAnswer['kind'];
    readonly by: RefusedBy | null;
    readonly check: Check | null;
  } | null;
  readonly askedThisSlot: boolean;
}

export type AskReason =
  Extract<Facts['refresh'], { kind: 'off' }>['why'] | LatchReason | 'unreachable' | Halted['kind'];

/** A subset of the codes in `core/errors.ts`. */
export type FailureCode =
  | 'operator.app-secret'
  | 'operator.account'
  | 'broker.bad-token'
  | 'broker.unreachable'
  | 'broker.refused'
  | 'broker.rate-limit'
  | 'broker.foreign-answer';

export type Decision =
  | { readonly do: 'rest'; readonly why: 'closed-day' | 'already-good' | 'day-over' }
  | { readonly do: 'prove'; readonly what: 'stored' | 'minted' }
  | { readonly do: 'publish' }
  | { readonly do: 'refresh' }
  | { readonly do: 'ask' | 'wait'; readonly why: AskReason }
  | { readonly do: 'fail'; readonly code: FailureCode };

/** Limit of calls that may have counted, per input and broker day. */
export const MAX_CALLS = 2;

export function decide(facts: Facts): Decision {
  return (
    restOnClosedDay(facts) ??
    handleMintedToken(facts) ??
    handleStoredToken(facts) ??
    callAgain(facts) ??
    leaveToLaterSlot(facts) ??
    askForLogin(facts)
  );
}

/** A closed day does not stop an operator's run. */
function restOnClosedDay({ trigger, day }: Facts): Decision | null {
  return trigger.kind === 'slot' && day === 'closed' ? { do: 'rest', why: 'closed-day' } : null;
}

/** Why a token could not be proven. */
export const UNPROVEN = {
  unreachable: 'broker.unreachable',
  refused: 'broker.refused',
  'rate-limited': 'broker.rate-limit',
  'not-fyers': 'broker.foreign-answer',
} as const satisfies Readonly<Record<string, FailureCode>>;

function handleMintedToken({ tried }: Facts): Decision | null {
  if (tried?.answer !== 'minted') return null;
  switch (tried.check) {
    case null:
      return { do: 'prove', what: 'minted' };
    case 'live':
      return { do: 'publish' };
    case 'unreachable':
    case 'refused':
    case 'rate-limited':
    case 'not-fyers':
      return { do: 'fail', code: UNPROVEN[tried.check] };
    case 'wrong-account':
      return { do: 'fail', code: 'operator.account' };
    case 'dead':
    case 'wrong-expiry':
      return { do: 'fail', code: 'broker.bad-token' };
  }
}

/** Prevents minting while the stored token is live, or while it is unknown whether it is. */
function handleStoredToken(facts: Facts): Decision | null {
  const { stored, trigger } = facts;
  if (stored.kind !== 'plausible') return null;
  if (isProbe(trigger) && facts.tried === null && mayRefresh(facts)) return null;
  switch (stored.proof) {
    case null:
      return { do: 'prove', what: 'stored' };
    case 'live':
      return { do: 'rest', why: 'already-good' };
    case 'unreachable':
    case 'refused':
    case 'rate-limited':
    case 'not-fyers':
      return { do: 'fail', code: UNPROVEN[stored.proof] };
    case 'dead':
      return null;
  }
}

function callAgain(facts: Facts): Decision | null {
  const { tried, trigger } = facts;
  if (!mayRefresh(facts)) return null;
  const untried = tried === null;
  const silentOnce = tried?.answer === 'silent' && tried.calls < MAX_CALLS && !isProbe(trigger);
  return untried || silentOnce ? { do: 'refresh' } : null;
}

/** Does not ask the operator yet if the run of a later slot can succeed without a login. */
function leaveToLaterSlot(facts: Facts): Decision | null {
  const { tried, trigger } = facts;
  if (!mayRefresh(facts) || trigger.kind === 'operator' || trigger.last) return null;
  switch (tried?.answer) {
    case 'unreachable':
    case 'silent':
      return { do: 'fail', code: 'broker.unreachable' };
    case 'rate-limited':
    case 'not-fyers':
      return { do: 'fail', code: UNPROVEN[tried.answer] };
    case 'minted':
    case 'refused':
    case undefined:
      return null;
  }
}

function askForLogin(facts: Facts): Decision {
  const why = askReason(facts);
  // A login would send the same hash of the app secret.
  if (why === 'app-secret') return { do: 'fail', code: 'operator.app-secret' };
  if (facts.day === 'over' && facts.trigger.kind === 'slot') return { do: 'rest', why: 'day-over' };
  return { do: facts.askedThisSlot ? 'wait' : 'ask', why };
}

function askReason({ refresh, latched, tried }: Facts): AskReason {
  if (latched === 'app-secret' || tried?.by === 'app-secret') return 'app-secret';
  if (refresh.kind === 'off') return refresh.why;
  if (latched !== null) return latched;
  if (tried?.answer === 'refused') return tried.by ?? 'unrecognised';
  switch (tried?.answer) {
    case 'silent':
    case 'rate-limited':
    case 'not-fyers':
      return tried.answer;
    case 'minted':
    case 'unreachable':
    case undefined:
      return 'unreachable';
  }
}

/** True if the refresh token and the PIN may be sent. */
function mayRefresh({ refresh, latched }: Facts): boolean {
  return refresh.kind === 'on' && latched === null;
}

function isProbe(trigger: Trigger): boolean {
  return trigger.kind === 'operator' && trigger.probe;
}

const CHOICES = ['never', 'weekly', 'daily'] as const;

/** How often a refresh is tried although the broker's policy has switched it off: the broker may lift the ban without notice. */
export type ProbeRefresh = (typeof CHOICES)[number];

export const DEFAULT_PROBE_REFRESH: ProbeRefresh = 'weekly';

export function parseProbeRefresh(text: string): Parsed<ProbeRefresh> {
  const value = CHOICES.find((choice) => choice === text);
  return value === undefined
    ? { ok: false, problem: 'must be never, weekly or daily' }
    : { ok: true, value };
}

/** True for a slot before the first link of its day, a week (or a day) after the last probe. */
export function isProbeDue(
  probe: ProbeRefresh,
  { trigger, today, lastProbe, isAsked }: ProbeFacts,
): boolean {
  if (probe === 'never' || trigger.kind !== 'slot' || isAsked) return false;
  // A date in the future was written while the clock was wrong.
  if (lastProbe === null || lastProbe > today) return true;
  return lastProbe <= addDays(today, -DAYS_BETWEEN[probe]);
}

const DAYS_BETWEEN = { weekly: 7, daily: 1 } as const;

interface ProbeFacts {
  readonly trigger: Trigger;
  /** The broker day. */
  readonly today: IstDate;
  /** When a refresh was last tried against the policy, or refused by it; null if never, or unknown. */
  readonly lastProbe: IstDate | null;
  /** A link was sent today. */
  readonly isAsked: boolean;
}
