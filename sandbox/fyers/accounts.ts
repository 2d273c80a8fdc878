// Checks PINs, counts wrong ones and locks accounts, keeps browser sessions, and applies changes that an app's owner
// may make.
import { createHash } from 'node:crypto';
import type { SimulatorState } from './state.ts';
import { nextSixOclock } from './time.ts';
import type { SimulatedApp } from './tokens.ts';

const SESSION_COOKIE = 'fyers_session';

/**
 * The login page and the refresh endpoint share one count. Other brokers document that wrong PINs lock an
 * account; Fyers does not. Code that handles the lock also works with a broker without it. A right PIN resets the
 * count; only {@link unlock} removes a lock.
 */
export function checkPin(
  state: SimulatorState,
  fyId: string,
  pin: unknown,
): 'right' | 'wrong' | 'locked' {
  if (isLocked(state, fyId)) return 'locked';
  if (pin === state.pins.get(fyId)) {
    state.wrongPins.delete(fyId);
    return 'right';
  }
  state.wrongPins.set(fyId, (state.wrongPins.get(fyId) ?? 0) + 1);
  return 'wrong';
}

export function isLocked(state: SimulatorState, fyId: string): boolean {
  return (state.wrongPins.get(fyId) ?? 0) >= state.pinTriesBeforeLock;
}

/** Called by the simulator's operator; in reality the account's owner has to phone the broker. */
export function unlock(state: SimulatorState, fyId: string): void {
  state.wrongPins.delete(fyId);
}

export type AppChanges = Partial<Pick<SimulatedApp, 'redirectUri' | 'secret' | 'pin'>>;

/** Applies what the app's owner changes in Fyers' dashboard, or a change of PIN. Returns false for an unknown app. */
export function register(state: SimulatorState, appId: string, changes: AppChanges): boolean {
  const index = state.apps.findIndex(({ id }) => id === appId);
  const app = state.apps[index];
  if (app === undefined) return false;
  state.apps[index] = { ...app, ...changes };
  if (changes.pin !== undefined) state.pins.set(app.fyId, changes.pin);
  return true;
}

/**
 * Session of a browser that has logged in: Fyers may let it pass without PIN and password. Until 06:00 IST, which is
 * a guess.
 */
export function openSession(state: SimulatorState, fyId: string, now: number): string {
  state.minted += 1;
  const id = createHash('sha256')
    .update(`${state.seed} session ${String(state.minted)}`)
    .digest('hex');
  state.sessions.set(id, { fyId, until: nextSixOclock(now) });
  return `${SESSION_COOKIE}=${id}; Path=/; HttpOnly; SameSite=Lax`;
}

export function sessionOf(state: SimulatorState, cookie: string, now: number): string | null {
  const session = state.sessions.get(sessionId(cookie));
  return session !== undefined && now < session.until ? session.fyId : null;
}

export function closeSession(state: SimulatorState, cookie: string): string {
  state.sessions.delete(sessionId(cookie));
  return `${SESSION_COOKIE}=; Path=/; Max-Age=0`;
}

function sessionId(cookie: string): string {
  return new RegExp(`(?:^|; )${SESSION_COOKIE}=([^;]*)`).exec(cookie)?.[1] ?? '';
}
