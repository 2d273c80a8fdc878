// One run's progress: what it was given, what it knows, and what of that the store has been told.
import { dayOf } from '../core/market/calendar.ts';
import { type Instant, istDateAt } from '../core/time.ts';
import type { Trigger } from '../core/token/decide.ts';
import {
  type KeyedPin,
  type Known,
  liveRefreshToken,
  renewedInputsOf,
} from '../core/token/facts.ts';
import { withRenewedApp } from '../core/token/login-state.ts';
import { type TokenState, withRenewedInputs } from '../core/token/state.ts';
import type { Claim } from './claim.ts';
import type { KeeperPorts, KeeperSettings } from './ports.ts';
import { readApp, readLinkKey, readMemory, readPinKey, writeState } from './read.ts';

export interface Run {
  readonly ports: KeeperPorts;
  readonly settings: KeeperSettings;
  readonly trigger: Trigger;
  readonly signal: AbortSignal;
  readonly startedAt: Instant;
  /** A run that fails later must not write over what it has saved. */
  readonly onSaved: (progress: Progress) => void;
}

export interface Progress {
  readonly known: Known;
  /** The state as it stands in the store. */
  readonly saved: TokenState;
  readonly claim: Claim | null;
}

/** Reads everything; what this run has proven of the same stored token stays proven. */
export async function look(run: Run, before: Progress | null): Promise<Progress> {
  const { ports, settings, trigger } = run;
  const now = ports.clock.now();
  const [app, linkKey, memory, storedToken, refreshToken] = await Promise.all([
    readApp(ports, settings),
    readLinkKey(ports, settings),
    readMemory(ports, settings),
    ports.store.read('FYERS_ACCESS_TOKEN'),
    ports.store.read('FYERS_REFRESH_TOKEN'),
  ]);
  // Without a token to use it with, the PIN stays where it is.
  const pin =
    liveRefreshToken(refreshToken, now).kind === 'live' ? await readPin(ports, settings) : null;
  const renewed = renewedInputsOf({ app, linkKey, refreshToken, pin, now });
  const same = before?.known.storedToken === storedToken;
  const known: Known = {
    now,
    trigger,
    probeRefresh: settings.probeRefresh,
    today: settings.days === 'all' ? 'always' : dayOf(istDateAt(now), settings.calendar),
    app,
    account: memory.account,
    storedToken,
    refreshToken,
    linkKey,
    pin,
    state: withRenewedInputs(memory.state, renewed),
    login: withRenewedApp(memory.login, renewed),
    storedProof: same ? before.known.storedProof : null,
    answer: null,
    mintedProof: null,
  };
  return { known, saved: memory.state, claim: before?.claim ?? null };
}

async function readPin(ports: KeeperPorts, settings: KeeperSettings): Promise<KeyedPin | null> {
  const pin = await ports.secrets.pin();
  return pin === null ? null : { pin, key: await readPinKey(ports, settings) };
}

export function withKnown(progress: Progress, found: Partial<Known>): Progress {
  return { ...progress, known: { ...progress.known, ...found } };
}

/** Tells the store what it does not know yet. @throws what the store throws */
export async function save(run: Run, progress: Progress, state: TokenState): Promise<Progress> {
  if (state !== progress.saved) await writeState(run.ports, state);
  const saved = { ...withKnown(progress, { state }), saved: state };
  run.onSaved(saved);
  return saved;
}

/** A finished claim need not be waited for by the next run. */
export function withClaimDone(progress: Progress): TokenState {
  const { claim, known } = progress;
  return claim === null ? known.state : { ...known.state, claim: { ...claim, done: true } };
}
