// What the keeper does next, from what it knows. Called again after every step, with what happened folded into the facts.
import type { Parsed } from '../config/values.ts';
import type { Halted, MintAnswer, Proof, RefusedBy } from '../ports.ts';
import { addDays, type IstDate } from '../time.ts';

export type Trigger =
  | { readonly kind: 'slot'; readonly slot: string; readonly last: boolean }
  /** A probe asks the broker once more although refresh was switched off. */
  | { readonly kind: 'operator'; readonly probe: boolean };

/** Why the broker is not called again until an input changes. A refusal by policy is no latch: it switches refresh off for every input. */
export type LatchReason = Exclude<RefusedBy, 'policy'> | 'silent';

/** What the minted token turned out to be. */
export type Check = Proof['kind'] | 'wrong-account' | 'wrong-expiry';

export interface Facts {
  readonly trigger: Trigger;
  /** over: today's session has closed, so there is no more use in asking for a login. */
  readonly day: 'open' | 'over' | 'closed';
  readonly stored:
    | { readonly kind: 'none' | 'expired' | 'foreign' | 'malformed' }
    | { readonly kind: 'plausible'; readonly proof: Proof['kind'] | null };
  readonly refresh:
    | { readonly kind: 'on' }
    | { readonly kind: 'off'; readonly why: 'no-token' | 'expired' | 'no-pin' | 'policy' | 'used' };
  /** The latch, where its input is today's. */
  readonly latched: LatchReason | null;
  /** Calls with this input in this broker day that may have counted, and what became of the last. */
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

/** Of the closed list in `core/errors.ts`. */
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

/** Calls that may have counted, with one input in one broker day. */
export const MAX_CALLS = 2;

/** The first row that matches. */
export function decide(facts: Facts): Decision {
  return (
    closedDay(facts) ??
    mintedToken(facts) ??
    storedToken(facts) ??
    anotherCall(facts) ??
    laterSlot(facts) ??
    needOfLogin(facts)
  );
}

/** An operator's run always works. */
function closedDay({ trigger, day }: Facts): Decision | null {
  return trigger.kind === 'slot' && day === 'closed' ? { do: 'rest', why: 'closed-day' } : null;
}

/** Why a token could not be proven. */
export const UNPROVEN = {
  unreachable: 'broker.unreachable',
  refused: 'broker.refused',
  'rate-limited': 'broker.rate-limit',
  'not-fyers': 'broker.foreign-answer',
} as const satisfies Readonly<Record<string, FailureCode>>;

/** Only what was proven live, of the right account and with the right expiry, is published. */
function mintedToken({ tried }: Facts): Decision | null {
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

/** Nothing is minted beside a token that lives, nor while nobody can say whether it does. */
function storedToken(facts: Facts): Decision | null {
  const { stored, trigger } = facts;
  if (stored.kind !== 'plausible') return null;
  if (isProbe(trigger) && facts.tried === null && isOpen(facts)) return null;
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

function anotherCall(facts: Facts): Decision | null {
  const { tried, trigger } = facts;
  if (!isOpen(facts)) return null;
  const untried = tried === null;
  const silentOnce = tried?.answer === 'silent' && tried.calls < MAX_CALLS && !isProbe(trigger);
  return untried || silentOnce ? { do: 'refresh' } : null;
}

/** What a later slot can mend is not put to the human yet. */
function laterSlot(facts: Facts): Decision | null {
  const { tried, trigger } = facts;
  if (!isOpen(facts) || trigger.kind === 'operator' || trigger.last) return null;
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

function needOfLogin(facts: Facts): Decision {
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

/** Nothing stands against sending the refresh token and the PIN. */
function isOpen({ refresh, latched }: Facts): boolean {
  return refresh.kind === 'on' && latched === null;
}

function isProbe(trigger: Trigger): boolean {
  return trigger.kind === 'operator' && trigger.probe;
}

// Decides whether a refresh is tried although the broker's policy has switched refreshes off: the broker may lift its ban
// without notice, and one call a week shows it.

const CHOICES = ['never', 'weekly', 'daily'] as const;

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
  // A date that lies ahead was written under a wrong clock.
  if (lastProbe === null || lastProbe > today) return true;
  return lastProbe <= addDays(today, -DAYS_BETWEEN[probe]);
}

const DAYS_BETWEEN = { weekly: 7, daily: 1 } as const;

interface ProbeFacts {
  readonly trigger: Trigger;
  /** The broker day. */
  readonly today: IstDate;
  /** When a refresh was last tried against the policy, or refused by it; null: never as far as is known. */
  readonly lastProbe: IstDate | null;
  /** A link was sent today. */
  readonly isAsked: boolean;
}
