// The registered URL is the login function's: the function does the login, and this command waits for its token.
import {
  type AccessToken,
  type LinkKey,
  parseAccessToken,
  parseLinkKey,
  parseRefreshToken,
} from '../core/config.ts';
import { FyersError } from '../core/errors.ts';
import { type Instant, MINUTE, SECOND, plus } from '../core/time.ts';
import { standingOf, tokenIn } from '../core/token/check.ts';
import { decodeToken } from '../core/token/jwt.ts';
import { linkPath, loginDay } from '../core/token/login-link.ts';
import type { ReadParameter } from './aws.ts';
import { openPage } from './fyers-page.ts';
import type { LoginContext } from './login-context.ts';
import type { Tokens } from './login-mint.ts';

const LOOK_EVERY = 3 * SECOND;
const TELL_EVERY = MINUTE;
const WAIT_AT_MOST = 10 * MINUTE;

/** The tokens as the stack has them; an access token is another one than before. @throws FyersError `operator.login` */
export async function cloudTokens(
  context: LoginContext,
  read: ReadParameter,
  loginUrl: string,
): Promise<Tokens> {
  const { app, session, calendar } = context;
  // Whether days without trading have logins is the stack's to say.
  const day = loginDay(session.io.clock.now(), 'all', calendar);
  if (day.kind !== 'open') throw noLink(day.kind === 'too-early');
  const before = tokenIn(await read('FYERS_ACCESS_TOKEN'));
  const signer = { id: app.id, secret: await linkKeyIn(context, read) };
  await openPage(context, `${loginUrl}${linkPath(signer, day.date)}`);
  const accessToken = await newToken(context, read, before);
  return { accessToken, refreshToken: await refreshTokenIn(read) };
}

/** What is stored now; null without an access token. */
export async function storedTokens(read: ReadParameter): Promise<Tokens | null> {
  const accessToken = parseAccessToken(tokenIn(await read('FYERS_ACCESS_TOKEN')) ?? '');
  return accessToken.ok
    ? { accessToken: accessToken.value, refreshToken: await refreshTokenIn(read) }
    : null;
}

async function refreshTokenIn(read: ReadParameter): Promise<Tokens['refreshToken']> {
  const token = parseRefreshToken(tokenIn(await read('FYERS_REFRESH_TOKEN')) ?? '');
  return token.ok ? token.value : null;
}

/** The stack's own: the function takes no link that is signed with anything else. */
async function linkKeyIn({ session, names }: LoginContext, read: ReadParameter): Promise<LinkKey> {
  const text = await read('FYERS_LINK_KEY');
  const key = parseLinkKey(text?.trim() ?? '');
  if (!key.ok) {
    throw new FyersError(
      'operator.prerequisite',
      `The parameter ${names.parameter('FYERS_LINK_KEY')} ${text === null ? 'does not exist' : key.problem}.`,
      'Run `pulumi up --refresh`, which makes it, and repeat the command.',
    );
  }
  session.hide(key.value);
  return key.value;
}

async function newToken(
  { session, fyId, clockCheck }: LoginContext,
  read: ReadParameter,
  before: string | null,
): Promise<AccessToken> {
  const { io } = session;
  const { signal } = new AbortController();
  const end = plus(io.clock.now(), WAIT_AT_MOST);
  let tellAt = io.clock.now();
  for (let now = io.clock.now(); now < end; now = io.clock.now()) {
    if (now >= tellAt) {
      const minutes = String(Math.ceil((end - now) / MINUTE));
      io.err(`Waiting for the token of the login function, ${minutes} min more at most.`);
      tellAt = plus(now, TELL_EVERY);
    }
    const token = parseAccessToken(tokenIn(await patiently(read)) ?? '');
    if (token.ok) {
      clockCheck.saw(token.value);
      const times = [now, clockCheck.rightTime()];
      const isTaken = (at: Instant) => isNewer(token.value, before, { account: fyId, now: at });
      if (times.some(isTaken)) return token.value;
    }
    await io.clock.sleepUntil(plus(now, LOOK_EVERY), signal);
  }
  throw new FyersError(
    'operator.login',
    'The login function has published no token within ten minutes.',
    'Run `npx --no-install fyers login` again; if its page said what went wrong, do what it said first.',
  );
}

/** A fault of the moment is not the end of the wait. */
async function patiently(read: ReadParameter): Promise<string | null> {
  return read('FYERS_ACCESS_TOKEN').catch((caught: unknown) => {
    if (caught instanceof FyersError && caught.code === 'platform.store') return null;
    throw caught;
  });
}

function isNewer(
  token: AccessToken,
  before: string | null,
  view: { readonly account: string | null; readonly now: Instant },
): boolean {
  if (token === before || standingOf(token, null, view).kind !== 'plausible') return false;
  const [claims, old] = [decodeToken(token), before === null ? null : decodeToken(before)];
  return claims !== null && (old === null || claims.issuedAt > old.issuedAt);
}

function noLink(tooEarly: boolean): FyersError {
  return new FyersError(
    'operator.login',
    tooEarly
      ? 'A token of before 06:00 IST dies at 06:00, so there is no login link yet.'
      : "Today's session is over, and with it the login link of the day.",
    tooEarly
      ? 'Run `npx --no-install fyers login` after 06:30 IST.'
      : "Wait for the next trading day's link, or run `npx --no-install fyers login` after 06:30 IST of that day.",
  );
}
