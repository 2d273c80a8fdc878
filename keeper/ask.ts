// Sends the day's login request to the operator on every channel.
import { LOGIN_URL_KEYWORD } from '../core/config/names.ts';
import type { App } from '../core/ports.ts';
import { type Instant, istDateAt } from '../core/time.ts';
import { loginAsked } from '../core/token/log.ts';
import { linkPath } from '../core/token/login/link.ts';
import { type LoginRequest, type LoginWay, loginMessage } from '../core/token/messages.ts';
import type { AddressedLogin, KeeperPorts, KeeperSettings } from './ports.ts';
import { readLinkKey, readLogin } from './read.ts';
import { withoutEndSlashes } from '../core/text.ts';

type AskPorts = Pick<KeeperPorts, 'clock' | 'notifier' | 'events' | 'store'>;

/**
 * @param reason part of a sentence, such as "no refresh token is stored"
 * @throws FyersError `platform.message` if no channel takes the message
 */
export async function askForLogin(
  ports: AskPorts,
  settings: KeeperSettings,
  app: App,
  { reason, urgency }: Pick<LoginRequest, 'reason' | 'urgency'>,
): Promise<void> {
  const now = ports.clock.now();
  const day = istDateAt(now);
  const { calendar } = settings;
  const way = await chooseWay(ports, settings, app, now);
  await ports.notifier.send(loginMessage({ day, calendar, now, reason, way, urgency }));
  ports.events.log(loginAsked(way.kind, urgency));
}

/** True if Fyers redirects to the login function, so that the login takes one tap. */
export function isOneTap({ loginUrl, redirectUri }: AddressedLogin): boolean {
  const bare = withoutEndSlashes;
  return redirectUri === LOGIN_URL_KEYWORD || bare(redirectUri) === bare(loginUrl);
}

/** The registered redirect URL, unchanged: Fyers compares it character by character. */
export function registeredUrl({ loginUrl, redirectUri }: AddressedLogin): string {
  return redirectUri === LOGIN_URL_KEYWORD ? loginUrl : redirectUri;
}

async function chooseWay(
  ports: AskPorts,
  settings: KeeperSettings,
  app: App,
  now: Instant,
): Promise<LoginWay> {
  const login = await readLogin(ports, settings);
  if (!isOneTap(login)) return { kind: 'command' };
  const signer = { id: app.id, secret: await readLinkKey(ports, settings) };
  return { kind: 'link', url: `${login.loginUrl}${linkPath(signer, istDateAt(now))}` };
}
