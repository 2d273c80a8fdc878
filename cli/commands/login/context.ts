// Collects the inputs of a login (app, registered URL, token target), builds the login URL, and opens it in the
// browser. Resolves the app's registered URL for every command: the deployed stack's, then `.env`'s, then the guide's.
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import type { DeployedFunction } from '../../../adapters/aws/deployed-function.ts';
import {
  ENVIRONMENT,
  LOGIN_URL_KEYWORD,
  type Names,
  REFERENCE_REDIRECT_URI,
} from '../../../core/config/names.ts';
import {
  parseAppId,
  parseAppSecret,
  parseFyId,
  parseRedirectUri,
} from '../../../core/config/values.ts';
import { FyersError, toError } from '../../../core/errors.ts';
import type { CalendarOptions } from '../../../core/market/calendar.ts';
import type { App, Broker } from '../../../core/ports.ts';
import { fyersLoginUrl, newState, stateDay } from '../../../core/token/login/link.ts';
import { loginFunctionUrl, parameterReader } from '../../shared/aws.ts';
import { readFunction } from '../../shared/channels.ts';
import { refuseEndedSimulator } from '../../shared/ended-simulator.ts';
import type { Session } from '../../shared/io.ts';
import {
  apiUrlOf,
  calendarOf,
  clockCheck,
  type ClockCheck,
  namesOf,
  proofReads,
  throwIfProblems,
  parseSettingOrThrow,
  type Settings,
  settingsOf,
  parseOrThrow,
} from '../../shared/settings.ts';

type Target = 'local' | 'aws';

export interface LoginOptions {
  readonly dir: string;
  readonly suffix?: string;
  readonly local?: true;
  readonly aws?: true;
  readonly paste?: true;
  readonly again?: true;
  readonly reveal?: true;
  readonly json?: true;
  /** False with `--no-open`. */
  readonly open: boolean;
}

export interface LoginContext {
  readonly session: Session;
  readonly options: LoginOptions;
  readonly target: Target;
  readonly folder: string;
  readonly names: Names;
  readonly app: App;
  readonly way: Way;
  /** The configured account, or null. */
  readonly fyId: string | null;
  /** Without a trailing slash. */
  readonly apiUrl: string;
  readonly broker: Broker;
  /** The endpoint that proves the token. */
  readonly reads: 'profile' | 'depth';
  readonly clockCheck: ClockCheck;
  /** The operator's calendar overrides. */
  readonly calendar: CalendarOptions;
}

/** How the auth code gets here; the app's registered URL decides. */
type Way =
  /** Fyers redirects to a local port. */
  | { readonly kind: 'catch'; readonly redirectUri: string }
  /** Fyers redirects to the login function, which completes the login. */
  | { readonly kind: 'cloud'; readonly loginUrl: string }
  /** Fyers redirects to another page; the person copies its address. */
  | { readonly kind: 'paste'; readonly redirectUri: string };

/** @throws FyersError `operator.config`, `operator.usage`, and converted AWS errors */
export async function contextOf(session: Session, options: LoginOptions): Promise<LoginContext> {
  const { io } = session;
  const folder = path.resolve(io.cwd, options.dir);
  const settings = settingsOf(folder, io.env);
  const names = namesOf(settings, options.suffix);
  const calendar = calendarOf(folder, settings);
  const target = targetOf(options);
  const account = parseSettingOrThrow(settings, ENVIRONMENT.fyId, parseFyId);
  const paste = options.paste === true;
  const way = await wayOf(session, { settings, names, target, paste });
  const needsAws = target === 'aws' || way.kind === 'cloud';
  const app =
    needsAws && hasNoApp(settings) ? await storedApp(session, names) : ownApp(settings, folder);
  session.hide(app.secret);
  const apiUrl = apiUrlOf(settings);
  await refuseEndedSimulator(io.env, apiUrl);
  const { fyersBroker } = await import('../../../adapters/fyers/auth.ts');
  const check = clockCheck(io.clock);
  const { onServerTime } = check;
  const broker = fyersBroker({ apiUrl, onSecret: session.hide, onServerTime });
  const own = { folder, names, app, way, fyId: account, calendar };
  const reads = proofReads(settings);
  const made = { ...own, apiUrl, broker, reads, clockCheck: check };
  return { session, options, target, ...made };
}

/** @throws FyersError `operator.usage` if both flags are given */
function targetOf({ local, aws }: Pick<LoginOptions, 'local' | 'aws'>): Target {
  if (local !== true || aws !== true) return aws === true ? 'aws' : 'local';
  throw new FyersError(
    'operator.usage',
    '--local and --aws cannot be used together.',
    'Run `./fyers login --local` or `./fyers login --aws`.',
  );
}

function hasNoApp(settings: Settings): boolean {
  return settings('FYERS_CLIENT_ID') === null && settings('FYERS_SECRET_KEY') === null;
}

/** Reads the app from `.env` or the environment. @throws FyersError `operator.config` */
export function ownApp(settings: Settings, folder: string): App {
  const id = parseSettingOrThrow(settings, 'FYERS_CLIENT_ID', parseAppId);
  const secret = parseSettingOrThrow(settings, 'FYERS_SECRET_KEY', parseAppSecret);
  const env = path.join(folder, '.env');
  const missing = [
    ...(id === null ? ['FYERS_CLIENT_ID'] : []),
    ...(secret === null ? ['FYERS_SECRET_KEY'] : []),
  ];
  throwIfProblems(
    missing.map((name) => {
      const line = settings.emptyLineOf(name);
      return line === null
        ? `${name} is neither in ${env} nor in the environment; .env.example explains it.`
        : `${name} is empty in ${line}; copy it from https://myapi.fyers.in/dashboard.`;
    }),
  );
  if (id !== null && secret !== null) return { id, secret };
  throw new Error('a missing app id or secret was refused before');
}

async function storedApp(session: Session, names: Names): Promise<App> {
  const read = await parameterReader(session, names);
  const [id, secret] = [await read('FYERS_CLIENT_ID'), await read('FYERS_SECRET_KEY')];
  const place = (name: 'FYERS_CLIENT_ID' | 'FYERS_SECRET_KEY') =>
    `The parameter ${names.parameter(name)}`;
  return {
    id: parseOrThrow(place('FYERS_CLIENT_ID'), parseAppId(id?.trim() ?? '')),
    secret: parseOrThrow(place('FYERS_SECRET_KEY'), parseAppSecret(secret?.trim() ?? '')),
  };
}

/** Host names of AWS function URLs; any other host is treated as a foreign page. */
const FUNCTION_HOST = /\.lambda-url\.[a-z0-9-]+\.on\.aws$/;

interface Registering {
  readonly settings: Settings;
  readonly names: Names;
  readonly target: Target;
  readonly paste: boolean;
}

async function wayOf(session: Session, registering: Registering): Promise<Way> {
  const { settings, names, target, paste } = registering;
  const asks = target === 'aws' || isStackLikely(session, settings);
  const registered = asks
    ? await askRegisteredUrl(session, settings, names)
    : registeredUrl(settings, null);
  // A laptop without a stack cannot read the stack's URL, which needs no notice.
  if (registered.notice !== null && target === 'aws') session.io.err(registered.notice);
  const redirectUri = parseOrThrow(registered.place, parseRedirectUri(registered.uri));
  const loginUrl = await cloudUrl(session, names, redirectUri, registered.loginUrl).catch(
    (caught: unknown) => {
      throw target === 'local' && redirectUri === LOGIN_URL_KEYWORD ? laptopError(caught) : caught;
    },
  );
  if (loginUrl !== null) {
    if (!paste) return { kind: 'cloud', loginUrl };
    throw new FyersError(
      'operator.usage',
      "The app's registered URL is the login function's. It receives the code itself, so there is nothing to paste.",
      'Run `./fyers login` without --paste.',
    );
  }
  const loopback = redirectUri.startsWith('http://');
  return loopback && !paste ? { kind: 'catch', redirectUri } : { kind: 'paste', redirectUri };
}

/** Replaces the credentials error of a person without a stack, who copied the keyword but needs another URL. */
function laptopError(caught: unknown): unknown {
  if (!(caught instanceof FyersError) || caught.code !== 'operator.credentials') return caught;
  return new FyersError(
    'operator.credentials',
    `${LOGIN_PAGE_OF_STACK}, and its address could not be read from AWS. ${LAPTOP_URL_STEP}`,
    `With a stack, run \`aws configure\`: ${caught.message}`,
    { cause: caught },
  );
}

/** True if AWS was chosen but `.env` has no URL, so the stack may know it. Otherwise skip AWS, which takes seconds. */
function isStackLikely({ io }: Session, settings: Settings): boolean {
  const chosen = [io.env['AWS_PROFILE'], io.env['AWS_ACCESS_KEY_ID']].some(
    (value) => value !== undefined,
  );
  return chosen && settings(ENVIRONMENT.redirectUri) === null;
}

/** Returns the login function's address if it is the registered URL, else null. */
async function cloudUrl(
  session: Session,
  names: Names,
  redirectUri: string,
  known: string | null,
): Promise<string | null> {
  const isKeyword = redirectUri === LOGIN_URL_KEYWORD;
  const isFunction = !isKeyword && FUNCTION_HOST.test(new URL(redirectUri).hostname);
  if (known === null && !isKeyword && !isFunction) return null;
  const loginUrl = known ?? (await loginFunctionUrl(session, names));
  return isKeyword || isSameUrl(redirectUri, loginUrl) ? loginUrl : null;
}

/**
 * Signs the state with the app's secret: only this process verifies it, and only the person's browser and Fyers
 * (which issued that secret) see it. A stack's logins have a separate key, because their links are mailed.
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

/** Prints the address, so that the person can use another device or open it manually without a browser. */
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
    io.err(`The browser could not be opened (${toError(caught).message}): open the page yourself.`);
  }
}

/** For Ctrl-C while the command waits for the login. */
export function stoppedError(): FyersError {
  return new FyersError(
    'operator.usage',
    'The login was not finished, and no token was changed.',
    'Run `./fyers login` again.',
  );
}

/** For a laptop whose `.env` has the keyword of a stack. */
export const LOGIN_PAGE_OF_STACK = `${ENVIRONMENT.redirectUri} is ${LOGIN_URL_KEYWORD}, which is the login page of a stack on AWS`;
export const LAPTOP_URL_STEP = `On a laptop, register http://127.0.0.1:8080/ at https://myapi.fyers.in/dashboard, and write \`${ENVIRONMENT.redirectUri}=http://127.0.0.1:8080/\` into .env.`;

interface RegisteredUrl {
  /** As configured; may be the keyword for the login function's address. */
  readonly uri: string;
  /** The setting that holds it. */
  readonly place: string;
  /** The login function's address, with a trailing slash; null if neither the stack nor `.env` has it. */
  readonly loginUrl: string | null;
  /** A full sentence if `.env` and the stack differ, or if the stack could not be read; else null. */
  readonly notice: string | null;
}

/** @param refresh null if nothing is deployed, or if AWS was not asked */
export function registeredUrl(settings: Settings, refresh: DeployedFunction | null): RegisteredUrl {
  const own = settings(ENVIRONMENT.redirectUri);
  const ownLoginUrl = settings(ENVIRONMENT.loginUrl);
  const stack = refresh?.environment[ENVIRONMENT.redirectUri] ?? null;
  const address = refresh?.environment[ENVIRONMENT.loginUrl] ?? ownLoginUrl;
  const loginUrl = address === null ? null : `${withoutSlash(address)}/`;
  const resolved = (uri: string) =>
    withoutSlash(uri === LOGIN_URL_KEYWORD ? (loginUrl ?? uri) : uri);
  const differs = own !== null && stack !== null && resolved(own) !== resolved(stack);
  return {
    uri: stack ?? own ?? REFERENCE_REDIRECT_URI,
    place:
      stack === null
        ? ENVIRONMENT.redirectUri
        : `${ENVIRONMENT.redirectUri} of ${refresh?.name ?? ''}`,
    loginUrl,
    notice: differs
      ? `${ENVIRONMENT.redirectUri} is ${own} here and ${stack} in the stack. The stack's is used; \`pulumi up\` changes it to the one in .env or \`pulumi config\`.`
      : null,
  };
}

/** As {@link registeredUrl}, but reads the stack first. If that fails, uses the URL of `.env` and returns a notice. */
async function askRegisteredUrl(
  session: Session,
  settings: Settings,
  names: Names,
): Promise<RegisteredUrl> {
  try {
    return registeredUrl(settings, await readFunction(session, names, 'refresh'));
  } catch (caught) {
    if (!(caught instanceof FyersError)) throw caught;
    const known = registeredUrl(settings, null);
    return {
      ...known,
      notice: `The stack's redirect URL is not known, so ${known.uri} is used. ${caught.problem}`,
    };
  }
}

/** Compares two addresses without their trailing slash. */
export function isSameUrl(one: string, other: string): boolean {
  return withoutSlash(one) === withoutSlash(other);
}

function withoutSlash(url: string): string {
  let end = url.length;
  while (url.charAt(end - 1) === '/') end -= 1;
  return url.slice(0, end);
}
