// Asks the operator for the day's login, on every channel.
import { LOGIN_URL_KEYWORD } from '../core/names.ts';
import type { App } from '../core/ports.ts';
import { type IstDate, istDateAt } from '../core/time.ts';
import { loginAsked } from '../core/token/events.ts';
import { linkPath } from '../core/token/login-link.ts';
import { type LoginRequest, type LoginWay, loginMessage } from '../core/token/login-message.ts';
import type { KeeperPorts, KeeperSettings, LoginSettings } from './ports.ts';
import { withoutEndSlashes } from '../core/text.ts';

type Asking = Pick<KeeperPorts, 'clock' | 'notifier' | 'events'>;

/**
 * @param reason part of a sentence, such as "no refresh token is stored"
 * @throws FyersError `platform.message` where no channel took it
 */
export async function askForLogin(
  ports: Asking,
  settings: KeeperSettings,
  app: App,
  { reason, urgency }: Pick<LoginRequest, 'reason' | 'urgency'>,
): Promise<void> {
  const now = ports.clock.now();
  const day = istDateAt(now);
  const { calendar } = settings;
  const way = wayOf(settings.login, app, day);
  await ports.notifier.send(loginMessage({ day, calendar, now, reason, way, urgency }));
  ports.events.emit(loginAsked(way.kind, urgency));
}

/** True where Fyers redirects to the login function, so that one tap is all. */
export function isOneTap({ loginUrl, redirectUri }: LoginSettings): boolean {
  const bare = withoutEndSlashes;
  return redirectUri === LOGIN_URL_KEYWORD || bare(redirectUri) === bare(loginUrl);
}

/** The registered redirect URL itself, which Fyers compares letter by letter. */
export function registeredUrl({ loginUrl, redirectUri }: LoginSettings): string {
  return redirectUri === LOGIN_URL_KEYWORD ? loginUrl : redirectUri;
}

function wayOf(login: LoginSettings, app: App, day: IstDate): LoginWay {
  return isOneTap(login)
    ? { kind: 'link', url: `${login.loginUrl}${linkPath(app, day)}` }
    : { kind: 'command' };
}
