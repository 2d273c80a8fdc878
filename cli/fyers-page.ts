// Fyers' own login page, opened in the person's browser with a state of ours.
import { randomBytes } from 'node:crypto';
import { toError } from '../core/errors.ts';
import { fyersLoginUrl, newState, stateDay } from '../core/token/login-link.ts';
import type { LoginContext } from './login-context.ts';

/**
 * The state is signed with the app's own secret: this process alone checks it, and it is seen by nobody but the person's
 * browser and Fyers, which has given that secret. Logins of a stack, whose links are mailed, have a key of their own.
 *
 * @param redirectUri as it is registered
 */
export function freshLoginUrl(context: LoginContext, redirectUri: string): string {
  const { app, apiUrl, session } = context;
  const now = session.io.clock.now();
  const state = newState(
    app,
    stateDay(now, context.calendar),
    now,
    randomBytes(16).toString('hex'),
  );
  return fyersLoginUrl({ apiUrl, appId: app.id, redirectUri, state });
}

/** Says what is opened, so that another device can be used, and that nothing is needed where no browser is. */
export async function openPage({ session, options }: LoginContext, url: string): Promise<void> {
  const { io } = session;
  io.err(options.open ? 'Log in to Fyers on this page, which opens now:' : 'Log in to Fyers here:');
  io.err('');
  io.err(url);
  io.err('');
  if (!options.open) return;
  try {
    await io.open(url);
  } catch (caught) {
    io.err(`The browser did not open (${toError(caught).message}): open the page yourself.`);
  }
}
