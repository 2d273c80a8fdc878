// Converts a run's inputs and results into the facts that `decide` takes.
import {
  type LinkKey,
  type Pin,
  type PinKey,
  type RefreshToken,
  parseRefreshToken,
} from '../config/values.ts';
import type { TradingDay } from '../market/phases.ts';
import type { App, MintAnswer, Proof } from '../ports.ts';
import { type Instant, brokerDay } from '../time.ts';
import { checkMinted, decodeToken, classifyToken, tokenIn } from './jwt.ts';
import { type Facts, isProbeDue, MAX_CALLS, type ProbeRefresh, type Trigger } from './decide.ts';
import {
  appFingerprint,
  inputFingerprint,
  oldAppFingerprint,
  oldInputFingerprint,
} from './digest.ts';
import {
  type LoginState,
  isRefusedApp,
  type Inputs,
  type RenewedInputs,
  type TokenState,
  callsOf,
  latchedFor,
} from './state.ts';

/** A PIN, and the key of its fingerprint. */
export interface KeyedPin {
  readonly pin: Pin;
  readonly key: PinKey;
}

export interface RunFacts {
  readonly now: Instant;
  readonly trigger: Trigger;
  readonly probeRefresh: ProbeRefresh;
  /** Today, or `always` if the operator wants a token on every day. */
  readonly today: TradingDay | 'always';
  readonly app: App;
  readonly account: string | null;
  /** As in the store. */
  readonly storedToken: string | null;
  readonly refreshToken: string | null;
  readonly linkKey: LinkKey;
  readonly pin: KeyedPin | null;
  readonly state: TokenState;
  readonly login: LoginState;
  /** This run's results. */
  readonly storedProof: Proof | null;
  readonly answer: MintAnswer | null;
  readonly mintedProof: Proof | null;
}

export function factsOf(known: RunFacts): Facts {
  const inputs = inputsOf(known);
  const { trigger, state } = known;
  return {
    trigger,
    day: dayOf(known),
    stored: classifyToken(tokenIn(known.storedToken), known.storedProof, known),
    refresh: refreshOf(known, inputs),
    latched:
      latchedFor(state, inputs) ?? (isRefusedApp(known.login, inputs.app) ? 'app-secret' : null),
    tried: triedOf(known, inputs),
    askedThisSlot:
      trigger.kind === 'slot' &&
      state.asked?.day === brokerDay(known.now) &&
      state.asked.slot === trigger.slot,
  };
}

/** Returns the refresh token if its own expiry has not passed. Only the broker knows whether it accepts it. */
export function liveRefreshToken(
  value: string | null,
  now: Instant,
):
  | { readonly kind: 'live'; readonly token: RefreshToken }
  | { readonly kind: 'no-token' | 'expired' } {
  const token = parseRefreshToken(tokenIn(value) ?? '');
  const claims = token.ok ? decodeToken(token.value) : null;
  if (!token.ok || claims === null) return { kind: 'no-token' };
  return claims.expiresAt <= now ? { kind: 'expired' } : { kind: 'live', token: token.value };
}

type Sent = Pick<RunFacts, 'app' | 'linkKey' | 'refreshToken' | 'pin' | 'now'>;

export function inputsOf(sent: Sent): Inputs {
  return renewedInputsOf(sent).inputs;
}

export function renewedInputsOf({ app, linkKey, refreshToken, pin, now }: Sent): RenewedInputs {
  const live = liveRefreshToken(refreshToken, now);
  const token = live.kind === 'live' ? live.token : null;
  const sends = token !== null && pin !== null;
  return {
    inputs: {
      app: appFingerprint(linkKey, app),
      refresh: sends ? inputFingerprint(pin.key, app, { token, pin: pin.pin }) : null,
    },
    old: {
      app: oldAppFingerprint(app),
      refresh: sends ? oldInputFingerprint(app, token, pin.pin) : null,
    },
  };
}

function dayOf({ today, now }: RunFacts): Facts['day'] {
  if (today === 'always') return 'open';
  if (today.kind === 'closed') return 'closed';
  return now < today.plan.closesAt ? 'open' : 'over';
}

function refreshOf(known: RunFacts, inputs: Inputs): Facts['refresh'] {
  const live = liveRefreshToken(known.refreshToken, known.now);
  if (live.kind !== 'live') return { kind: 'off', why: live.kind };
  const { trigger } = known;
  const probes = (trigger.kind === 'operator' && trigger.probe) || isDueForProbe(known);
  // A probe overrides the switch until it has its answer. While refresh is switched off, a missing PIN does not matter.
  if (known.state.policyOff && !(probes && known.answer === null)) {
    return { kind: 'off', why: 'policy' };
  }
  if (known.pin === null) return { kind: 'off', why: 'no-pin' };
  return isUsedUp(known, inputs) ? { kind: 'off', why: 'used' } : { kind: 'on' };
}

function isDueForProbe({ probeRefresh, trigger, now, pin, state }: RunFacts): boolean {
  const today = brokerDay(now);
  const isAsked = state.asked?.day === today;
  const facts = { trigger, today, lastProbe: state.probedOn, isAsked };
  return pin !== null && isProbeDue(probeRefresh, facts);
}

/** An accepted input can be used again on the next broker day; an operator may use it a second time today. */
function isUsedUp({ trigger, state, now, answer }: RunFacts, inputs: Inputs): boolean {
  const { count, accepted } = callsOf(state, inputs.refresh, brokerDay(now));
  return answer === null && accepted && (trigger.kind === 'slot' || count >= MAX_CALLS);
}

function triedOf(known: RunFacts, inputs: Inputs): Facts['tried'] {
  const { count, accepted } = callsOf(known.state, inputs.refresh, brokerDay(known.now));
  const { answer } = known;
  if (answer === null) {
    // An earlier run's call without a published token may have counted, like one without an answer.
    return count > 0 && !accepted
      ? { calls: count, answer: 'silent', by: null, check: null }
      : null;
  }
  return {
    calls: count,
    answer: answer.kind,
    by: answer.kind === 'refused' ? answer.by : null,
    check:
      answer.kind === 'minted' ? checkMinted(answer.accessToken, known.mintedProof, known) : null,
  };
}
