// Exchanges the auth code for tokens and proves the access token: live, of the right account, and valid until 06:00
// IST. If a later step fails, it keeps the new tokens in the operator's folder, because a login cannot be repeated
// without the person.
import { writeAccessToken, writeRefreshToken } from '../../../adapters/operator/token-folder.ts';
import {
  type AccessToken,
  type AuthCode,
  parseAccessToken,
  type RefreshToken,
} from '../../../core/config/values.ts';
import { FyersError, toError } from '../../../core/errors.ts';
import type { Proof, RefusedBy } from '../../../core/ports.ts';
import { asSentence, counted } from '../../../core/text.ts';
import { type Instant, MINUTE } from '../../../core/time.ts';
import {
  checkMinted,
  decodeToken,
  classifyToken,
  type TokenClaims,
} from '../../../core/token/jwt.ts';
import type { KeeperPorts } from '../../../keeper/ports.ts';
import { retrying } from '../../../keeper/publish.ts';
import type { Io } from '../../shared/io.ts';
import type { LoginContext } from './context.ts';

export interface Tokens {
  readonly accessToken: AccessToken;
  readonly refreshToken: RefreshToken | null;
}

/** Retries only if Fyers cannot be reached. @throws FyersError unless Fyers issues tokens */
export async function exchangeCode(context: LoginContext, code: AuthCode): Promise<Tokens> {
  const { app, broker, session } = context;
  session.hide(code);
  context.clockCheck.onToken(code);
  const { signal } = new AbortController();
  const startedAt = session.io.clock.now();
  const answer = await retrying(patience(session.io), startedAt, signal, () =>
    broker.exchange(app, code, signal),
  );
  switch (answer.kind) {
    case 'minted':
      context.clockCheck.onToken(answer.accessToken);
      return { accessToken: answer.accessToken, refreshToken: answer.refreshToken ?? null };
    case 'refused':
      throw refusalError(answer.by, answer.detail);
    case 'silent':
      throw new FyersError(
        'broker.unreachable',
        withAnswer(
          'Fyers did not answer the request with the code; the code may already be used.',
          answer.detail,
        ),
        'Run `./fyers login` again.',
      );
    case 'unreachable':
    case 'rate-limited':
    case 'not-fyers':
      throw unprovenError(answer);
  }
}

/**
 * @returns the proof of a token that may be kept
 * @throws FyersError `operator.account`, `broker.bad-token` and others of `broker`; the tokens must then not be kept
 */
export async function proveNew(
  context: LoginContext,
  account: string | null,
  token: AccessToken,
): Promise<LiveProof> {
  const { clockCheck } = context;
  const proof = await prove(context, token);
  const checkedAt = (now: Instant) => checkMinted(token, proof, { account, now });
  const first = checkedAt(context.session.io.clock.now());
  // With a wrong clock a good token seems to expire at the wrong time, so judge it by the corrected time.
  const isMisjudged = first === 'wrong-expiry' && clockCheck.fault() !== null;
  const check = isMisjudged ? checkedAt(clockCheck.rightTime()) : first;
  if (check === 'wrong-account') throw wrongAccountError(decodeToken(token)?.fyId ?? null, account);
  if (proof.kind === 'dead' || check === 'wrong-expiry') {
    throw new FyersError(
      'broker.bad-token',
      withAnswer(
        'Fyers issued a token that does not last until 06:00 IST; it was not kept.',
        'detail' in proof ? proof.detail : undefined,
      ),
      'Run `./fyers login` again in a few minutes, after 06:30 IST.',
    );
  }
  if (proof.kind !== 'live') throw unprovenError(proof);
  return proof;
}

/** Explains the limits of a proven token; empty if there are none. */
export function depthNotes({ depthRefused }: Pick<LiveProof, 'depthRefused'>): readonly string[] {
  return depthRefused === undefined
    ? []
    : [
        `The token is live, but market depth does not work, so \`fyers harvest\` cannot record: ${asSentence(depthRefused)}`,
        'Give the app the permission "Market Data" at https://myapi.fyers.in/dashboard, then log in again.',
      ];
}

type LiveProof = Extract<Proof, { kind: 'live' }>;

/**
 * Returns claims and proof if the token lives for the rest of the broker day, else null. @throws FyersError of
 * `broker`
 */
export async function proveStored(
  context: Proving,
  account: string | null,
  text: string | null,
): Promise<{ readonly claims: TokenClaims; readonly proof: LiveProof } | null> {
  const { clockCheck } = context;
  const token = parseAccessToken(text ?? '');
  if (!token.ok) return null;
  clockCheck.onToken(token.value);
  const isPlausibleAt = (now: Instant): boolean =>
    classifyToken(token.value, null, { account, now }).kind === 'plausible';
  const now = [context.session.io.clock.now(), clockCheck.rightTime()].find(isPlausibleAt);
  if (now === undefined) return null;
  const view = { account, now };
  const proof = await prove(context, token.value);
  const standing = classifyToken(token.value, proof, view);
  if (standing.kind !== 'plausible' || proof.kind === 'dead') return null;
  if (proof.kind !== 'live') throw unprovenError(proof);
  const claims = decodeToken(token.value);
  return claims === null ? null : { claims, proof };
}

/** Provides the ports of the keeper's retries; prints each failure for the waiting person. */
export function patience({ clock, err }: Io): Pick<KeeperPorts, 'clock' | 'events' | 'random'> {
  return {
    clock,
    random: Math.random,
    events: {
      log: ({ level, message }) => {
        if (level !== 'info') err(message);
      },
    },
  };
}

export function wrongAccountError(fyId: string | null, account: string | null): FyersError {
  const owner = fyId === null ? 'another Fyers account' : `the Fyers account ${fyId}`;
  const expected = account ?? 'the one whose tokens were seen before';
  return new FyersError(
    'operator.account',
    `The login was for ${owner} and not for ${expected}; its token was not kept.`,
    'Log out of Fyers in that browser and run `./fyers login` again, or put the intended account into FYERS_FY_ID in .env.',
  );
}

type Proving = Pick<LoginContext, 'app' | 'broker' | 'session' | 'reads' | 'clockCheck'>;

async function prove({ app, broker, session, reads }: Proving, token: AccessToken): Promise<Proof> {
  const { signal } = new AbortController();
  const startedAt = session.io.clock.now();
  return retrying(patience(session.io), startedAt, signal, () =>
    broker.prove(app.id, token, signal, reads),
  );
}

function refusalError(by: RefusedBy, detail: string): FyersError {
  // Quote the broker's words next to our explanation.
  switch (by) {
    case 'app-secret':
      return new FyersError(
        'operator.app-secret',
        withAnswer('Fyers refused the app id with its secret.', detail),
        'Copy both again from https://myapi.fyers.in/dashboard into .env; for the stack in AWS then run `npm run configure` and `pulumi up`.',
      );
    case 'auth-code':
      return new FyersError(
        'operator.login',
        withAnswer('Fyers refused the auth code: it was used before, or is too old.', detail),
        'Run `./fyers login` again, and finish the login at once.',
      );
    case 'policy':
    case 'pin':
    case 'refresh-token':
    case 'unrecognised':
      return new FyersError(
        'broker.unrecognised',
        withAnswer('Fyers refused the login.', detail),
        'Follow the answer. If the same refusal follows the next `./fyers login`, please report it.',
      );
  }
}

/**
 * Explains a request that Fyers did not answer usefully; used by every command that asks Fyers. @param command to
 * repeat
 */
export function unprovenError(
  answer: Unproven,
  command: 'login' | 'tokens' | 'refresh --local' = 'login',
): FyersError {
  const { detail } = answer;
  switch (answer.kind) {
    case 'unreachable':
      return new FyersError(
        'broker.unreachable',
        withAnswer('Fyers could not be reached.', detail),
        `Run \`./fyers ${command}\` again in a few minutes.`,
      );
    case 'refused':
      return new FyersError(
        'broker.refused',
        withAnswer('Fyers refuses this app or this machine.', detail),
        `Check the app's permissions and IP addresses at https://myapi.fyers.in/dashboard, then run \`./fyers ${command}\` again.`,
      );
    case 'rate-limited': {
      const minutes = Math.max(1, Math.ceil((answer.retryAfterMs ?? MINUTE) / MINUTE));
      return new FyersError(
        'broker.rate-limit',
        withAnswer("Fyers' rate limit is reached.", detail),
        `Stop other programs that use the account. Run \`./fyers ${command}\` again in ${counted(minutes, 'minute')}; a third time in a day blocks the account for the day.`,
      );
    }
    case 'not-fyers':
      return new FyersError(
        'broker.foreign-answer',
        withAnswer(
          'Something else answered instead of Fyers, such as a proxy or a firewall.',
          detail,
        ),
        `Check this machine's connection. Wait ten minutes before you run \`./fyers ${command}\` again: each further call can extend such a block.`,
      );
  }
}

type Unproven = Exclude<Proof, { kind: 'live' | 'dead' }>;

function withAnswer(problem: string, detail: string | undefined): string {
  return detail === undefined || detail === '' ? problem : `${problem} ${asSentence(detail)}`;
}

/** False for a token of another account, or one that Fyers refuses, unless it was already proven here. */
export function isWorthKeeping(failure: unknown, isProven: boolean): boolean {
  if (!(failure instanceof FyersError)) return true;
  return failure.code !== 'operator.account' && (isProven || failure.code !== 'broker.bad-token');
}

/** Runs the steps after a login. If one fails, saves the tokens in the operator's folder and rethrows the error. */
export async function keepingTokens<T>(
  context: LoginContext,
  tokens: Tokens,
  { prove, put }: { readonly prove: () => Promise<void>; readonly put: () => Promise<T> },
): Promise<T> {
  let isProven = false;
  try {
    await prove();
    isProven = true;
    return await put();
  } catch (caught) {
    // The login function has published its own tokens.
    const isOurs = context.way.kind !== 'cloud';
    if (isOurs && isWorthKeeping(caught, isProven)) await keepTokens(context, tokens);
    throw caught;
  }
}

interface Keeping extends Pick<LoginContext, 'session' | 'folder' | 'target'> {
  readonly options: Where;
}

/** Prints where the tokens are and how to use them from there; never throws. */
export async function keepTokens(
  { session, folder, target, options }: Keeping,
  { accessToken, refreshToken }: Tokens,
): Promise<void> {
  const { io } = session;
  try {
    const files = await writeAccessToken(folder, accessToken);
    if (refreshToken !== null) await writeRefreshToken(folder, refreshToken);
    io.err(`The new access token is kept in ${files.join(' and ')}, readable only by you.`);
    io.err(target === 'aws' ? handOverStep(options) : proveStep(options));
  } catch (caught) {
    io.err(`The new access token could not be kept: ${toError(caught).message}`);
  }
}

type Where = Pick<LoginContext['options'], 'suffix' | 'dir'>;

function proveStep(where: Where): string {
  return `It may be good: \`./fyers tokens${dirFlag(where)}\` checks it without another login.`;
}

function handOverStep(where: Where): string {
  const suffix = where.suffix === undefined ? '' : ` --suffix ${where.suffix}`;
  return `\`./fyers login --aws${suffix}${dirFlag(where)}\` sends it to AWS without another login.`;
}

function dirFlag({ dir }: Where): string {
  return dir === '.' ? '' : ` --dir ${dir}`;
}
