// Logs in at Fyers and stores a proven token (`./fyers login`). The app's registered URL decides how the auth code
// arrives: on a local port, by pasting an address, or at the login function. If the URL is the login function's, that
// function completes the login and this command waits for its token. Otherwise this command exchanges the code,
// proves the token, and stores it in the folder's files, or hands it to the keeper, which publishes it to Parameter
// Store.
import type { Command } from 'commander';
import * as z from 'zod/mini';
import { readTokenFiles } from '../../../adapters/operator/env-and-token-files.ts';
import {
  folderStore,
  refuseUnwritable,
  writeAccessToken,
  writeRefreshToken,
} from '../../../adapters/operator/token-folder.ts';
import { stopSignal } from '../../../adapters/process/stop-signal.ts';
import { REGION } from '../../../core/config/names.ts';
import {
  type AccessToken,
  type LinkKey,
  parseAccessToken,
  parseLinkKey,
  parseRefreshToken,
} from '../../../core/config/values.ts';
import { FyersError } from '../../../core/errors.ts';
import { type Instant, MINUTE, plus, SECOND } from '../../../core/time.ts';
import { chooseAccessToken, chooseRefreshToken } from '../../../core/token/adopt.ts';
import { decodeToken, classifyToken, tokenIn } from '../../../core/token/jwt.ts';
import { linkPath, loginDay } from '../../../core/token/login/link.ts';
import { parseTokenState } from '../../../core/token/state.ts';
import { invokeKeeper, parameterReader, type ReadParameter } from '../../shared/aws.ts';
import type { Session } from '../../shared/io.ts';
import { warnOfClock } from '../../shared/settings.ts';
import { caughtCode, pastedCode } from './auth-code.ts';
import {
  contextOf,
  type LoginContext,
  type LoginOptions,
  openPage,
  stoppedError,
} from './context.ts';
import {
  depthNotes,
  exchangeCode,
  wrongAccountError,
  keepingTokens,
  proveNew,
  proveStored,
  type Tokens,
} from './mint.ts';
import { report } from './report.ts';

export function addLogin(program: Command, session: Session): void {
  program
    .command('login')
    .description('Log in to Fyers, and store the tokens in the token files or in AWS.')
    .option('--local', 'store the tokens in the token files of the folder (the default)')
    .option('--aws', 'give the tokens to FyersTokenRefresh, which proves and publishes them')
    .option('--paste', 'paste the address on which the browser ends')
    .option('--again', 'log in although there is a live token')
    .option(
      '--reveal',
      'print the access token to standard output, and everything else to standard error',
    )
    .option('--no-open', "don't open a browser; print the address")
    .option('--dir <DIR>', 'the folder of .env and of the token files', '.')
    .option('--suffix <SUFFIX>', 'the suffix of a second stack in the account')
    .option('--json', 'for scripts')
    .option('--debug', 'show more detail when something fails')
    .addHelpText(
      'after',
      `
Fyers wants one login with two factors for each trading day; you make it on Fyers' own page. The next step depends
on the URL that is registered for your app at https://myapi.fyers.in/dashboard. Set it in .env, as FYERS_REDIRECT_URI:
  http://127.0.0.1:PORT/...   this command listens there and completes the login
  loginUrl                    the login function of your stack completes the login, and this command waits (its address works too)
  any other                   you paste the address on which the browser ends (default: the page of Fyers' guide)
--aws reads the URL from the stack, or from .env if the stack cannot be read.
If the new token cannot be sent to AWS, it is kept in the token files, and the next --aws sends it without a login.
If your browser is already logged in at Fyers, Fyers may ask you nothing.

The new token is proven by one live read before anything is written, and must be of the account FYERS_FY_ID, if that is
set. --local writes access_token.txt and daily_token.txt (the same), and refresh_token.txt if Fyers returns one, readable only by
you (mode 600). Without a person at the terminal the address is read from standard input. FYERS_CLIENT_ID and
FYERS_SECRET_KEY come from .env or the environment; if AWS is used and they are not set, from Parameter Store.

Exits with 0 if there is a token, new or from before; 2 if the login failed, 3 if Fyers failed, 4 for AWS and disks.

Examples:
  $ ./fyers login
  $ ./fyers login --aws
  $ TOKEN="$(./fyers login --reveal)"`,
    )
    .action((options: LoginOptions) => login(session, options));
}

async function login(session: Session, options: LoginOptions): Promise<void> {
  const context = await contextOf(session, options);
  try {
    await runLogin(context);
  } finally {
    warnOfClock(session.io, context.clockCheck);
  }
}

async function runLogin(context: LoginContext): Promise<void> {
  const { session, options } = context;
  const place = await placeOf(context);
  if (options.again !== true && (await hasGoodToken(context, place))) return;
  if (options.again !== true && (await handOverStored(context, place))) return;
  const tokens = await obtainTokens(context, place);
  const isThere = context.way.kind === 'cloud' && context.target === 'aws';
  let depth: readonly string[] = [];
  const put = await keepingTokens(context, tokens, {
    prove: async () => {
      depth = depthNotes(await proveNew(context, place.account, tokens.accessToken));
    },
    put: () => (isThere ? Promise.resolve([]) : place.put(tokens)),
  });
  const notes = [...put, ...depth];
  report(session.io, { already: false, place: place.name, notes, ...tokens }, options);
}

/** True if the stored token lives for the rest of the broker day: a login could not give more. */
async function hasGoodToken(context: LoginContext, place: Place): Promise<boolean> {
  const accessToken = tokenIn(place.accessToken);
  if (accessToken === null) return false;
  const live = await proveStored(context, place.account, accessToken);
  if (live === null) return false;
  const refreshToken = tokenIn(place.refreshToken);
  const { session, options } = context;
  report(
    session.io,
    {
      already: true,
      place: place.name,
      notes: depthNotes(live.proof),
      accessToken,
      refreshToken,
    },
    options,
  );
  return true;
}

/** Hands a live token of the folder to AWS instead of logging in, for example after an earlier hand-over failed. */
async function handOverStored(context: LoginContext, place: Place): Promise<boolean> {
  const { folder, way, target, session, options } = context;
  if (target !== 'aws' || way.kind === 'cloud') return false;
  const { accessToken, refreshToken } = readTokenFiles(folder);
  for (const token of [accessToken, refreshToken]) if (token !== null) session.hide(token);
  if (accessToken === null || (await proveStored(context, place.account, accessToken)) === null) {
    return false;
  }
  const done = await place.put({ accessToken, refreshToken });
  const notes = ['It was sent to AWS, and no login was needed.', ...done];
  const found = { already: true, place: `in ${folder}`, accessToken, refreshToken, notes };
  report(session.io, found, options);
  return true;
}

async function obtainTokens(context: LoginContext, place: Place): Promise<Tokens> {
  const { way } = context;
  switch (way.kind) {
    case 'catch':
      return exchangeCode(context, await caughtCode(context, way.redirectUri));
    case 'paste':
      return exchangeCode(context, await pastedCode(context, way.redirectUri));
    case 'cloud':
      return fromCloud(context, place, way.loginUrl);
  }
}

/** Returns the stack's stored tokens if they are live, otherwise waits for a login. */
async function fromCloud(context: LoginContext, place: Place, loginUrl: string): Promise<Tokens> {
  const { session, names, options } = context;
  const read = await parameterReader(session, names);
  const stored = options.again === true ? null : await storedTokens(read);
  if (stored !== null && (await proveStored(context, place.account, stored.accessToken)) !== null) {
    return stored;
  }
  return cloudTokens(context, read, loginUrl);
}

interface Place {
  /** Text for people: "in /home/me/fyers" or "in Parameter Store (ap-south-1)". */
  readonly name: string;
  /** The configured account, or the first one seen here. */
  readonly account: string | null;
  readonly accessToken: string | null;
  readonly refreshToken: string | null;
  /** The caller has proven the tokens. @returns one sentence per token about the result */
  put(tokens: Tokens): Promise<readonly string[]>;
}

/** Checks before the login that tokens can be stored. @throws FyersError `platform.disk` */
async function placeOf(context: LoginContext): Promise<Place> {
  return context.target === 'aws' ? parameters(context) : folder(context);
}

async function folder(context: LoginContext): Promise<Place> {
  const { session, fyId } = context;
  await refuseUnwritable(context.folder);
  const { accessToken, refreshToken } = readTokenFiles(context.folder);
  for (const token of [accessToken, refreshToken]) if (token !== null) session.hide(token);
  const account = fyId ?? (await firstSeen(context));
  return {
    name: `in ${context.folder}`,
    account,
    accessToken,
    refreshToken,
    put: (tokens) => putIntoFiles(context, account, tokens),
  };
}

/** The account that an earlier refresh of this folder recorded. */
async function firstSeen({ folder, session }: LoginContext): Promise<string | null> {
  const store = folderStore({ folder, settings: () => null, onSecret: session.hide });
  return parseTokenState((await store.read('FYERS_TOKEN_STATE')) ?? '')?.fyId ?? null;
}

/** Reads the files again: another login may have finished first, and the newest live token is kept. */
async function putIntoFiles(
  context: LoginContext,
  account: string | null,
  { accessToken, refreshToken }: Tokens,
): Promise<readonly string[]> {
  const { folder, session } = context;
  const held = readTokenFiles(folder);
  const view = { account, now: session.io.clock.now() };
  const { kind } = chooseAccessToken(accessToken, held.accessToken, view);
  const stays = kind === 'left' && (await proveStored(context, account, held.accessToken)) !== null;
  const access = stays
    ? [`The access token in ${folder} is live and not older; it was not changed.`]
    : (await writeAccessToken(folder, accessToken)).map((file) => `Access token: ${file}`);
  const refresh = chooseRefreshToken(refreshToken, held.refreshToken, view);
  if (refresh.kind === 'left') return access;
  const files = await writeRefreshToken(folder, refresh.token);
  return [...access, ...files.map((file) => `Refresh token: ${file}`)];
}

async function parameters(context: LoginContext): Promise<Place> {
  const { session, names, fyId } = context;
  const read = await parameterReader(session, names);
  return {
    name: `in Parameter Store (${REGION})`,
    account: fyId,
    accessToken: await read('FYERS_ACCESS_TOKEN'),
    refreshToken: await read('FYERS_REFRESH_TOKEN'),
    put: (tokens) => handOver(context, tokens),
  };
}

const Adopted = z.object({ did: z.string(), fingerprint: z.nullable(z.string()) });
const Report = z.object({ accessToken: Adopted, refreshToken: Adopted });

/** The keeper proves the token itself and publishes it. */
async function handOver(context: LoginContext, tokens: Tokens): Promise<readonly string[]> {
  const { session, names } = context;
  const { body } = await invokeKeeper(session, names, { adopt: tokens });
  const report = Report.safeParse(body);
  if (!report.success) {
    throw new FyersError(
      'platform.integrity',
      `${names.function('refresh')} did not report what it did with the tokens.`,
      'Check with `./fyers tokens --use-ssm`.',
    );
  }
  const { accessToken, refreshToken } = report.data;
  refuseUnadopted(names.function('refresh'), accessToken.did);
  return [
    `${names.parameter('FYERS_ACCESS_TOKEN')}: ${accessToken.did}`,
    `${names.parameter('FYERS_REFRESH_TOKEN')}: ${refreshToken.did}`,
  ];
}

/** `same` and `older` mean that another login was published first. */
function refuseUnadopted(name: string, did: string): void {
  if (['published', 'same', 'older'].includes(did)) return;
  if (did === 'foreign') throw wrongAccountError(null, null);
  throw new FyersError(
    'broker.bad-token',
    `${name} judged the new token as ${did} and did not publish it.`,
    'Run `./fyers login --aws` again in a few minutes.',
  );
}

const POLL_INTERVAL_MS = 3 * SECOND;
const REPORT_INTERVAL_MS = MINUTE;
const MAX_WAIT_MS = 10 * MINUTE;

/**
 * Waits until the stack has an access token that differs from the earlier one, and returns its tokens. @throws
 * FyersError `operator.login`
 */
async function cloudTokens(
  context: LoginContext,
  read: ReadParameter,
  loginUrl: string,
): Promise<Tokens> {
  const { app, session, calendar } = context;
  // The stack decides whether there are logins on days without trading.
  const day = loginDay(session.io.clock.now(), 'all', calendar);
  if (day.kind !== 'open') throw noLoginError(day.kind === 'too-early');
  const before = tokenIn(await read('FYERS_ACCESS_TOKEN'));
  const signer = { id: app.id, secret: await linkKeyIn(context, read) };
  await openPage(context, `${loginUrl}${linkPath(signer, day.date)}`);
  const accessToken = await waitForNewToken(context, read, before);
  return { accessToken, refreshToken: await refreshTokenIn(read) };
}

/** Reads the stored tokens; null without an access token. */
async function storedTokens(read: ReadParameter): Promise<Tokens | null> {
  const accessToken = parseAccessToken(tokenIn(await read('FYERS_ACCESS_TOKEN')) ?? '');
  return accessToken.ok
    ? { accessToken: accessToken.value, refreshToken: await refreshTokenIn(read) }
    : null;
}

async function refreshTokenIn(read: ReadParameter): Promise<Tokens['refreshToken']> {
  const token = parseRefreshToken(tokenIn(await read('FYERS_REFRESH_TOKEN')) ?? '');
  return token.ok ? token.value : null;
}

/** Reads the stack's link key: the login function accepts only links signed with it. */
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

async function waitForNewToken(
  { session, fyId, clockCheck }: LoginContext,
  read: ReadParameter,
  before: string | null,
): Promise<AccessToken> {
  const { io } = session;
  using stop = stopSignal();
  const end = plus(io.clock.now(), MAX_WAIT_MS);
  let reportAt = io.clock.now();
  for (let now = io.clock.now(); now < end; now = io.clock.now()) {
    if (now >= reportAt) {
      const minutes = String(Math.ceil((end - now) / MINUTE));
      io.err(`Waiting for the token from the login function, up to ${minutes} more minutes.`);
      reportAt = plus(now, REPORT_INTERVAL_MS);
    }
    const token = parseAccessToken(tokenIn(await readTokenOrNull(read)) ?? '');
    if (token.ok) {
      clockCheck.onToken(token.value);
      const times = [now, clockCheck.rightTime()];
      const isTaken = (at: Instant) => isNewer(token.value, before, { account: fyId, now: at });
      if (times.some(isTaken)) return token.value;
    }
    await io.clock.sleepUntil(plus(now, POLL_INTERVAL_MS), stop.signal).catch(() => undefined);
    if (stop.signal.aborted) throw stoppedError();
  }
  throw new FyersError(
    'operator.login',
    'The login function has published no token within ten minutes.',
    'Run `./fyers login` again; if its page showed a problem, fix that first.',
  );
}

/** Retries after a temporary error instead of ending the wait. */
async function readTokenOrNull(read: ReadParameter): Promise<string | null> {
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
  if (token === before || classifyToken(token, null, view).kind !== 'plausible') return false;
  const [claims, old] = [decodeToken(token), before === null ? null : decodeToken(before)];
  return claims !== null && (old === null || claims.issuedAt > old.issuedAt);
}

function noLoginError(tooEarly: boolean): FyersError {
  return new FyersError(
    'operator.login',
    tooEarly
      ? 'A token from before 06:00 IST expires at 06:00, so there is no login link yet.'
      : "Today's session is over, so there is no login link today.",
    tooEarly
      ? 'Run `./fyers login` after 06:30 IST.'
      : "Wait for the next trading day's link, or run `./fyers login` after 06:30 IST of that day.",
  );
}
