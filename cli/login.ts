// `npx fyers login`: one login at Fyers, by the way that the app's registered URL allows, and a proven token at its end.
import type { Command } from 'commander';
import { readTokenFiles } from '../adapters/files/operator-files.ts';
import { tokenIn } from '../core/token/check.ts';
import { parameterReader } from './aws.ts';
import type { Session } from './io.ts';
import { warnOfClock } from './clock-check.ts';
import { caughtCode } from './login-catch.ts';
import { cloudTokens, storedTokens } from './login-cloud.ts';
import { type LoginContext, type LoginOptions, contextOf } from './login-context.ts';
import { type Tokens, depthNotes, exchangeCode, proveNew, proveStored } from './login-mint.ts';
import { pastedCode } from './login-paste.ts';
import { keepingTokens } from './login-keep.ts';
import { type Place, placeOf } from './login-places.ts';
import { report } from './login-report.ts';

export function addLogin(program: Command, session: Session): void {
  program
    .command('login')
    .description('Log in to Fyers and put the tokens into the token files, or into AWS.')
    .option('--local', 'into the token files of the folder (the default)')
    .option('--aws', 'to FyersTokenRefresh, which proves and publishes them')
    .option('--paste', 'paste the address that the browser ends on')
    .option('--again', 'log in although there is a live token')
    .option('--reveal', 'print the access token to standard output, and all else to standard error')
    .option('--no-open', 'open no browser; print the page')
    .option('--dir <DIR>', 'the folder of .env and of the token files', '.')
    .option('--suffix <SUFFIX>', 'of a second stack in the account')
    .option('--json', 'for scripts')
    .option('--debug', 'say more when something fails')
    .addHelpText(
      'after',
      `
Fyers wants one login with two factors for each trading day; you make it on Fyers' own page. What comes then is decided by
the URL that is registered for your app at https://myapi.fyers.in/dashboard. Say it in .env, as FYERS_REDIRECT_URI:
  http://127.0.0.1:PORT/...   this command listens there and takes the login up by itself
  loginUrl                    the login function of your stack (or its address): it takes the login up, this command waits
  any other                   you copy the address that the browser ends on and paste it here (default: the guide's page)
--aws asks the stack which URL that is, and takes the one of .env where there is no stack or it cannot be asked.
If the new token cannot be handed over, it is kept in the token files, and the next --aws hands it over without a login.
A browser that is logged in at Fyers may pass through without asking you anything.

The new token is proven by one live read before anything is written, and must be of the account FYERS_FY_ID, where that is
set. --local writes access_token.txt and daily_token.txt (the same), and refresh_token.txt when Fyers gives one, for you alone
(mode 600). Without a person at the terminal the address is read from standard input. FYERS_CLIENT_ID and
FYERS_SECRET_KEY come from .env or the environment; where AWS is used and they are not there, from Parameter Store.

Exits with 0 when the token is there, also when it was before; 2 when the login failed, 3 when Fyers did, 4 for AWS and disks.

Examples:
  $ npx --no-install fyers login
  $ npx --no-install fyers login --aws
  $ TOKEN="$(npx --no-install fyers login --reveal)"`,
    )
    .action((options: LoginOptions) => login(session, options));
}

async function login(session: Session, options: LoginOptions): Promise<void> {
  const context = await contextOf(session, options);
  try {
    await loggedIn(context);
  } finally {
    warnOfClock(session.io, context.clockCheck);
  }
}

async function loggedIn(context: LoginContext): Promise<void> {
  const { session, options } = context;
  const place = await placeOf(context);
  if (options.again !== true && (await isGood(context, place))) return;
  if (options.again !== true && (await handedOver(context, place))) return;
  const tokens = await tokensOf(context, place);
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

/** A token that lives for the rest of the broker day is all that a login could give. */
async function isGood(context: LoginContext, place: Place): Promise<boolean> {
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

/** For AWS, a live token of the folder is as good as a login: one that an earlier hand-over failed with, for one. */
async function handedOver(context: LoginContext, place: Place): Promise<boolean> {
  const { folder, way, target, session, options } = context;
  if (target !== 'aws' || way.kind === 'cloud') return false;
  const { accessToken, refreshToken } = readTokenFiles(folder);
  for (const token of [accessToken, refreshToken]) if (token !== null) session.hide(token);
  if (accessToken === null || (await proveStored(context, place.account, accessToken)) === null) {
    return false;
  }
  const done = await place.put({ accessToken, refreshToken });
  const notes = ['It was handed over to AWS, and no login was needed.', ...done];
  const found = { already: true, place: `in ${folder}`, accessToken, refreshToken, notes };
  report(session.io, found, options);
  return true;
}

async function tokensOf(context: LoginContext, place: Place): Promise<Tokens> {
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

/** For the files, what the stack has already is as good as a login. */
async function fromCloud(context: LoginContext, place: Place, loginUrl: string): Promise<Tokens> {
  const { session, names, options } = context;
  const read = await parameterReader(session, names);
  const stored = options.again === true ? null : await storedTokens(read);
  if (stored !== null && (await proveStored(context, place.account, stored.accessToken)) !== null) {
    return stored;
  }
  return cloudTokens(context, read, loginUrl);
}
