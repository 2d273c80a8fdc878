// Reads the auth code from an address that the person pastes from the browser, for apps registered with another page.
// It also resolves the app's registered URL for every command: the deployed stack's, then `.env`'s, then the guide's.
import type { DeployedFunction } from '../../../adapters/aws/deployed-function.ts';
import type { AuthCode } from '../../../core/config/values.ts';
import { FyersError } from '../../../core/errors.ts';
import {
  ENVIRONMENT,
  LOGIN_URL_KEYWORD,
  type Names,
  REFERENCE_REDIRECT_URI,
} from '../../../core/config/names.ts';
import { asSentence } from '../../../core/text.ts';
import { parseRedirect, type Redirect } from '../../../core/token/login/redirect.ts';
import { withOperatorHints } from '../../shared/aws.ts';
import type { Session } from '../../shared/io.ts';
import { freshLoginUrl, type LoginContext, openPage } from './context.ts';
import type { Settings } from '../../shared/settings.ts';

const ATTEMPTS = 3;

/** @throws FyersError `operator.login` after three inputs without an answer to the login */
export async function pastedCode(context: LoginContext, redirectUri: string): Promise<AuthCode> {
  const { session, app, calendar } = context;
  const { io } = session;
  await openPage(context, freshLoginUrl(context, redirectUri));
  const { person } = io;
  const read = (text: string): Redirect => parseRedirect(app, text, io.clock.now(), calendar);
  const isWhole = (text: string): boolean => read(text).kind !== 'unusable';
  const attempts = person === null ? 1 : ATTEMPTS;
  for (let attempt = 1; ; attempt += 1) {
    const text =
      person === null
        ? await io.piped()
        : await person.ask('The whole address of the page that the login ended on:', { isWhole });
    const redirect = read(text);
    if (redirect.kind === 'code') return redirect.code;
    if (redirect.kind === 'refused') throw loginRefused(redirect.words);
    const problem = `The address ${text.trim() === '' ? 'is empty' : redirect.problem}.`;
    if (attempt === attempts) throw notAnAnswerError(problem);
    io.err(problem);
  }
}

/** Quotes Fyers' words. */
export function loginRefused(words: string): FyersError {
  return new FyersError(
    'operator.login',
    `Fyers ended the login with an error: ${asSentence(words)}`,
    'Run `./fyers login` again. If this appears again, check the app, its registered URL and its permissions at https://myapi.fyers.in/dashboard: FYERS_REDIRECT_URI in .env must be exactly that URL.',
  );
}

function notAnAnswerError(problem: string): FyersError {
  return new FyersError(
    'operator.login',
    problem,
    'Run `./fyers login` again, log in on the page that it prints, and paste the whole address that the browser then shows.',
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
      ? `${ENVIRONMENT.redirectUri} is ${own} here and ${stack} in the stack. The stack's is used; \`pulumi up\` gives it the one of .env or of \`pulumi config\`.`
      : null,
  };
}

/** As {@link registeredUrl}, but reads the stack first. If that fails, uses the URL of `.env` and returns a notice. */
export async function askRegisteredUrl(
  session: Session,
  settings: Settings,
  names: Names,
): Promise<RegisteredUrl> {
  const { LambdaClient } = await import('@aws-sdk/client-lambda');
  const { deployedFunction } = await import('../../../adapters/aws/deployed-function.ts');
  const client = new LambdaClient(session.io.aws);
  try {
    const refresh = await withOperatorHints(deployedFunction(client, names.function('refresh')));
    return registeredUrl(settings, refresh);
  } catch (caught) {
    if (!(caught instanceof FyersError)) throw caught;
    const known = registeredUrl(settings, null);
    const why = caught.message.slice(0, -caught.nextStep.length).trim();
    return {
      ...known,
      notice: `The stack's redirect URL is not known, so ${known.uri} is used. ${why}`,
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
