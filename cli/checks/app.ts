// Checks the Fyers app: id and secret, registered redirect URL, and PIN.
import {
  type Parsed,
  parseAppId,
  parseAppSecret,
  parsePin,
  parseRedirectUri,
} from '../../core/config/values.ts';
import { ENVIRONMENT, LOGIN_URL_KEYWORD, type ParameterName } from '../../core/config/names.ts';
import { parametersOf } from '../shared/aws.ts';
import {
  isSameUrl,
  LAPTOP_URL_STEP,
  LOGIN_PAGE_OF_STACK,
  registeredUrl,
} from '../commands/login/context.ts';
import {
  type CheckContext,
  deployed,
  type Finding,
  hasAws,
  ok,
  problem,
  usesAws,
} from './check.ts';

const DASHBOARD = 'https://myapi.fyers.in/dashboard';
const CREDENTIALS = {
  FYERS_CLIENT_ID: parseAppId,
  FYERS_SECRET_KEY: parseAppSecret,
} as const satisfies Partial<Record<ParameterName, (text: string) => Parsed<string>>>;

/**
 * Checks that `.env` and the stack each have both app id and secret or neither, that they are well formed, and that
 * they agree.
 */
export async function checkApp(context: CheckContext): Promise<Finding> {
  const { settings, session } = context;
  const placeOf = (name: ParameterName) => settings.placeOf(name).place;
  const here = pairOf(settings('FYERS_CLIENT_ID'), settings('FYERS_SECRET_KEY'));
  if (here.secret !== null) session.hide(here.secret);
  const problems = [...findMalformedValues(here, placeOf), ...findHalfPair(here)];
  if (problems.length > 0) {
    return problem(problems.join('; '), `Copy it again from ${DASHBOARD}.`);
  }
  const deployedPair = (await hasAws(context)) ? await pairOfStack(context) : pairOf(null, null);
  const id = here.id ?? deployedPair.id;
  if (id === null) {
    const first = `Register an app at ${DASHBOARD} (Market Data permission only), put FYERS_CLIENT_ID and FYERS_SECRET_KEY into .env`;
    const isLaptop = !(await usesAws(context));
    return problem(
      'there is no app id and no secret',
      isLaptop ? `${first}.` : `${first}, and run \`npm run configure\` and \`pulumi up\`.`,
    );
  }
  const differs = here.id !== null && deployedPair.id !== null && !isSamePair(here, deployedPair);
  const faults = [
    ...(differs ? ['the app in .env is not the app of the stack'] : []),
    ...findMalformedValues(deployedPair, (name) => name).map((fault) => `in AWS, ${fault}`),
  ];
  if (faults.length > 0) {
    return problem(faults.join('; '), 'Run `npm run configure` and `pulumi up`.');
  }
  const places = [
    ...(here.id === null ? [] : ['.env']),
    ...(deployedPair.id === null ? [] : ['Parameter Store']),
  ];
  return ok(`${id}, with a secret, in ${places.join(' and ')}`);
}

interface Pair {
  readonly id: string | null;
  readonly secret: string | null;
}

function pairOf(id: string | null, secret: string | null): Pair {
  return { id, secret };
}

function findMalformedValues(
  { id, secret }: Pair,
  placeOf: (name: ParameterName) => string,
): readonly string[] {
  const given = { FYERS_CLIENT_ID: id, FYERS_SECRET_KEY: secret };
  return (['FYERS_CLIENT_ID', 'FYERS_SECRET_KEY'] as const).flatMap((name) => {
    const text = given[name];
    const parsed = text === null ? null : CREDENTIALS[name](text);
    return parsed === null || parsed.ok ? [] : [`${placeOf(name)} ${parsed.problem}`];
  });
}

function findHalfPair({ id, secret }: Pair): readonly string[] {
  if ((id === null) === (secret === null)) return [];
  return [`${id === null ? 'FYERS_CLIENT_ID' : 'FYERS_SECRET_KEY'} is missing in .env`];
}

function isSamePair(one: Pair, other: Pair): boolean {
  return one.id === other.id && one.secret === other.secret;
}

async function pairOfStack({ session, names }: CheckContext): Promise<Pair> {
  const store = await parametersOf(session, names());
  return pairOf(await store.read('FYERS_CLIENT_ID'), await store.read('FYERS_SECRET_KEY'));
}

export async function checkPin(context: CheckContext): Promise<Finding> {
  const { settings } = context;
  const pin = settings('FYERS_PIN');
  const parsed = pin === null ? null : parsePin(pin);
  if (parsed?.ok === false) {
    const { place, fix } = settings.placeOf('FYERS_PIN');
    return problem(`${place} ${parsed.problem}`, fix);
  }
  const stored =
    (await hasAws(context)) &&
    (await deployed(context, 'refresh'))?.environment[ENVIRONMENT.pinSecret];
  const where = [...(pin === null ? [] : ['.env']), ...(stored ? ['Secrets Manager'] : [])];
  const why = 'only a refresh needs it, and Fyers has switched refreshes off';
  return ok(where.length === 0 ? `none: ${why}` : `given in ${where.join(' and ')}; ${why}`);
}

const SAME_URL = `Put the URL that is registered at ${DASHBOARD} into .env, then run \`npm run configure\` and \`pulumi up\`.`;

/** Fyers has no API for the registered URL, so this compares the URLs that the stack and `.env` assume. */
export async function checkRedirectUrl(context: CheckContext): Promise<Finding> {
  const { settings } = context;
  const refresh = (await hasAws(context)) ? await deployed(context, 'refresh') : null;
  const { uri, loginUrl, notice } = registeredUrl(settings, refresh);
  const deployedUri = refresh?.environment[ENVIRONMENT.redirectUri];
  const parsed = parseRedirectUri(uri);
  if (!parsed.ok) {
    const { place, fix } = settings.placeOf(ENVIRONMENT.redirectUri);
    return deployedUri === undefined
      ? problem(`${place} ${parsed.problem}`, fix)
      : problem(`${uri} ${parsed.problem}`, 'Run `pulumi config set redirectUri VALUE`.');
  }
  if (notice !== null) return problem(notice, SAME_URL);
  if (uri === LOGIN_URL_KEYWORD && !(await usesAws(context))) {
    return problem(LOGIN_PAGE_OF_STACK, LAPTOP_URL_STEP);
  }
  const oneTap =
    loginUrl === null
      ? ''
      : `; to log in with one tap a day, register ${loginUrl} at ${DASHBOARD}, then \`pulumi config set redirectUri ${LOGIN_URL_KEYWORD}\` and \`pulumi up\``;
  switch (kindOf(uri, loginUrl)) {
    case 'login function':
      return ok(
        loginUrl === null
          ? 'the login function, whose address `pulumi up` prints: register it for the app'
          : `the login function, one tap a day; the app must have exactly ${loginUrl} registered`,
      );
    case 'another login function':
      return problem(
        `${uri} is the login function of another stack; this stack's login function is ${loginUrl ?? 'not deployed yet'}`,
        `Register ${loginUrl ?? 'its address'} at ${DASHBOARD}, and run \`pulumi config set redirectUri ${LOGIN_URL_KEYWORD}\` and \`pulumi up\`.`,
      );
    case 'loopback':
      return ok(`${uri}, received on this machine by \`./fyers login\`${oneTap}`);
    case 'page':
      return ok(`${uri}: after a login, you paste its address into \`./fyers login\`${oneTap}`);
  }
}

function kindOf(
  uri: string,
  loginUrl: string | null,
): 'login function' | 'another login function' | 'loopback' | 'page' {
  if (uri === LOGIN_URL_KEYWORD || (loginUrl !== null && isSameUrl(uri, loginUrl))) {
    return 'login function';
  }
  if (/^https:\/\/[a-z0-9]+\.lambda-url\./.test(uri)) return 'another login function';
  return uri.startsWith('http://') ? 'loopback' : 'page';
}
