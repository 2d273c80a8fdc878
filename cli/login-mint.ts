// From the auth code to a token that is proven: live, of the right account, and until 06:00 IST.
import type { AccessToken, AuthCode, RefreshToken } from '../core/config.ts';
import { parseAccessToken } from '../core/config.ts';
import { FyersError } from '../core/errors.ts';
import type { Proof, RefusedBy } from '../core/ports.ts';
import type { Instant } from '../core/time.ts';
import { checkMinted, standingOf } from '../core/token/check.ts';
import { type TokenClaims, decodeToken } from '../core/token/jwt.ts';
import type { KeeperPorts } from '../keeper/ports.ts';
import { retrying } from '../keeper/retrying.ts';
import type { Io } from './io.ts';
import type { LoginContext } from './login-context.ts';

export interface Tokens {
  readonly accessToken: AccessToken;
  readonly refreshToken: RefreshToken | null;
}

/** Called again only while Fyers is not reached. @throws FyersError for everything but tokens */
export async function exchangeCode(context: LoginContext, code: AuthCode): Promise<Tokens> {
  const { app, broker, session } = context;
  session.hide(code);
  context.clockCheck.saw(code);
  const { signal } = new AbortController();
  const startedAt = session.io.clock.now();
  const answer = await retrying(patience(session.io), startedAt, signal, () =>
    broker.exchange(app, code, signal),
  );
  switch (answer.kind) {
    case 'minted':
      context.clockCheck.saw(answer.accessToken);
      return { accessToken: answer.accessToken, refreshToken: answer.refreshToken ?? null };
    case 'refused':
      throw refusal(answer.by, answer.detail);
    case 'silent':
      throw new FyersError(
        'broker.unreachable',
        'Fyers was sent the code and did not answer; the code may be spent.',
        'Run `npx --no-install fyers login` again.',
      );
    case 'unreachable':
      throw unreachable();
  }
}

/** @throws FyersError `operator.account`, `broker.bad-token`, `broker.unreachable`; then nothing of it may be kept */
export async function refuseUnproven(
  context: LoginContext,
  account: string | null,
  token: AccessToken,
): Promise<void> {
  const { clockCheck } = context;
  const proof = await prove(context, token);
  const checkedAt = (now: Instant) => checkMinted(token, proof, { account, now });
  const first = checkedAt(context.session.io.clock.now());
  // A clock that is wrong is no fault of the token.
  const isMisjudged = first === 'wrong-expiry' && clockCheck.fault() !== null;
  const check = isMisjudged ? checkedAt(clockCheck.rightTime()) : first;
  switch (check) {
    case 'live':
      return;
    case 'wrong-account':
      throw foreign(decodeToken(token)?.fyId ?? null, account);
    case 'unreachable':
    case null:
      throw unreachable();
    case 'dead':
    case 'wrong-expiry':
      throw new FyersError(
        'broker.bad-token',
        'Fyers gave a token that is not live until 06:00 IST; it was not kept.',
        'Run `npx --no-install fyers login` again in a few minutes, after 06:30 IST.',
      );
  }
}

/** What the token says of itself, where it lives for the rest of the broker day. @throws FyersError `broker.unreachable` */
export async function liveClaims(
  context: Pick<LoginContext, 'app' | 'broker' | 'session' | 'clockCheck'>,
  account: string | null,
  text: string | null,
): Promise<TokenClaims | null> {
  const { clockCheck } = context;
  const token = parseAccessToken(text ?? '');
  if (!token.ok) return null;
  clockCheck.saw(token.value);
  const isPlausibleAt = (now: Instant): boolean =>
    standingOf(token.value, null, { account, now }).kind === 'plausible';
  const now = [context.session.io.clock.now(), clockCheck.rightTime()].find(isPlausibleAt);
  if (now === undefined) return null;
  const view = { account, now };
  const proof = await prove(context, token.value);
  const standing = standingOf(token.value, proof, view);
  if (standing.kind !== 'plausible' || standing.proof === 'dead') return null;
  if (standing.proof !== 'live') throw unreachable();
  return decodeToken(token.value);
}

/** What the keeper's retrying needs; each failure is a line for the person who waits. */
export function patience({ clock, err }: Io): Pick<KeeperPorts, 'clock' | 'events' | 'random'> {
  return {
    clock,
    random: Math.random,
    events: {
      emit: ({ level, message }) => {
        if (level !== 'info') err(message);
      },
    },
  };
}

export function foreign(fyId: string | null, account: string | null): FyersError {
  const owner = fyId === null ? 'another Fyers account' : `the Fyers account ${fyId}`;
  const expected = account ?? 'the one whose tokens were seen before';
  return new FyersError(
    'operator.account',
    `The login was for ${owner} and not for ${expected}; its token was not kept.`,
    'Log out of Fyers in that browser and run `npx --no-install fyers login` again, or put the account that is meant into FYERS_FY_ID in .env.',
  );
}

async function prove(
  { app, broker, session }: Pick<LoginContext, 'app' | 'broker' | 'session'>,
  token: AccessToken,
): Promise<Proof> {
  const { signal } = new AbortController();
  const startedAt = session.io.clock.now();
  return retrying(patience(session.io), startedAt, signal, () =>
    broker.prove(app.id, token, signal),
  );
}

function refusal(by: RefusedBy, detail: string): FyersError {
  switch (by) {
    case 'app-secret':
      return new FyersError(
        'operator.app-secret',
        'Fyers refused the app id with its secret.',
        'Copy both again from https://myapi.fyers.in/dashboard into .env; for the stack in AWS then run `npm run configure` and `pulumi up`.',
      );
    case 'auth-code':
      return new FyersError(
        'operator.login',
        'Fyers refused the auth code: it was used before, or is too old.',
        'Run `npx --no-install fyers login` again, and finish the login at once.',
      );
    case 'policy':
    case 'pin':
    case 'refresh-token':
    case 'unrecognised':
      return new FyersError(
        'broker.unrecognised',
        `Fyers refused the login with an answer that is not known here: ${detail.replace(/[.\s]*$/, '.')}`,
        'Run `npx --no-install fyers login` again, and report this answer if it comes again.',
      );
  }
}

function unreachable(): FyersError {
  return new FyersError(
    'broker.unreachable',
    'Fyers could not be reached; nothing was changed.',
    'Run `npx --no-install fyers login` again in a few minutes.',
  );
}
