// Gets the auth code of a login: from one redirect from Fyers on a local port, if the app's registered URL is on this
// machine, or from an address that the person pastes from the browser, for apps registered with another page.
import { once } from 'node:events';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { stopSignal } from '../../../adapters/process/stop-signal.ts';
import type { AuthCode } from '../../../core/config/values.ts';
import { errnoOf, FyersError, toError } from '../../../core/errors.ts';
import { asSentence } from '../../../core/text.ts';
import { MINUTE, plus, SECOND } from '../../../core/time.ts';
import { parseRedirect, type Redirect } from '../../../core/token/login/redirect.ts';
import type { Io } from '../../shared/io.ts';
import { freshLoginUrl, type LoginContext, openPage, stoppedError } from './context.ts';

const MAX_WAIT_MS = 10 * MINUTE;
const HINT_AFTER_MS = 20 * SECOND;
const HOST = '127.0.0.1';

/** @throws FyersError `operator.prerequisite` if the port is in use, `operator.login` if no redirect arrives in time */
export async function caughtCode(context: LoginContext, redirectUri: string): Promise<AuthCode> {
  const { io } = context.session;
  const registered = new URL(redirectUri);
  const caught = Promise.withResolvers<AuthCode>();
  // The promise is awaited below; until then a listener error must not count as an unhandled rejection.
  caught.promise.catch(() => undefined);
  const server = createServer({ requestTimeout: MINUTE }, (request, response) => {
    handleRequest(context, registered, { request, response }, caught);
  });
  await listen(server, registered);
  const waiting = new AbortController();
  using stop = stopSignal();
  stop.signal.addEventListener('abort', () => {
    caught.reject(stoppedError());
  });
  try {
    await openPage(context, freshLoginUrl(context, redirectUri));
    io.err(`Waiting up to ten minutes for Fyers to redirect the browser to ${redirectUri}.`);
    const late = untilLate(io, redirectUri, waiting.signal);
    return await Promise.race([caught.promise, late]);
  } finally {
    waiting.abort();
    server.close();
    server.closeAllConnections();
  }
}

/**
 * Prints a hint, because Fyers shows a wrong app id or redirect URL only in the browser, where this command cannot see
 * it.
 */
async function untilLate(io: Io, redirectUri: string, signal: AbortSignal): Promise<never> {
  const startedAt = io.clock.now();
  await io.clock.sleepUntil(plus(startedAt, HINT_AFTER_MS), signal);
  io.err(
    `If Fyers shows an error, the app id or the redirect URL is not as registered: compare FYERS_CLIENT_ID and ${redirectUri} with https://myapi.fyers.in/dashboard.`,
  );
  await io.clock.sleepUntil(plus(startedAt, MAX_WAIT_MS), signal);
  throw noRedirectError(redirectUri);
}

function handleRequest(
  context: LoginContext,
  registered: URL,
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
  { resolve, reject }: PromiseWithResolvers<AuthCode>,
): void {
  const { app, session } = context;
  const [path = '', query = ''] = (request.url ?? '').split('?', 2);
  if (path !== registered.pathname) {
    answer(response, 404, 'There is no page at this address.');
    return;
  }
  if (request.method !== 'GET') {
    answer(response, 405, 'This address accepts only GET requests.');
    return;
  }
  const redirect = parseRedirect(app, query, session.io.clock.now(), context.calendar);
  if (redirect.kind === 'unusable') {
    answer(response, 400, `This address ${redirect.problem}. Still waiting for the login.`);
    return;
  }
  if (redirect.kind === 'refused') {
    answer(response, 200, 'Fyers ended the login with an error; the terminal shows it.', () => {
      reject(loginRefusedError(redirect.words));
    });
    return;
  }
  answer(
    response,
    200,
    'The login at Fyers is complete and continues in the terminal. You can close this window.',
    () => {
      resolve(redirect.code);
    },
  );
}

/** Answers with a page that allows no script, no caching and no referrer. */
function answer(
  response: ServerResponse,
  status: number,
  words: string,
  then: () => void = () => undefined,
): void {
  const text = words.replace(/[&<>"]/g, (each) => `&#${String(each.charCodeAt(0))};`);
  const page = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>Fyers login</title><p>${text}</p></html>\n`;
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    connection: 'close',
  });
  response.end(page, then);
}

async function listen(server: Server, registered: URL): Promise<void> {
  const port = registered.port === '' ? 80 : Number(registered.port);
  server.listen(port, HOST);
  try {
    await once(server, 'listening');
  } catch (caught) {
    throw portError(port, caught);
  }
}

function portError(port: number, caught: unknown): FyersError {
  const isInUse = errnoOf(caught) === 'EADDRINUSE';
  return new FyersError(
    'operator.prerequisite',
    isInUse
      ? `Port ${String(port)} of ${HOST}, to which Fyers redirects the browser, is in use by another program.`
      : `This command cannot listen on port ${String(port)} of ${HOST}: ${toError(caught).message}.`,
    isInUse
      ? `End that program (\`lsof -i tcp:${String(port)}\` names it), or use \`./fyers login --paste\`.`
      : 'Use `./fyers login --paste`, or register a URL with a port above 1023 at https://myapi.fyers.in/dashboard.',
  );
}

function noRedirectError(redirectUri: string): FyersError {
  return new FyersError(
    'operator.login',
    `Fyers did not redirect the browser to ${redirectUri} within ten minutes.`,
    'Run `./fyers login` again. If the browser ended on another page, put the address of that page into FYERS_REDIRECT_URI in .env: it is the registered URL.',
  );
}

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
    if (redirect.kind === 'refused') throw loginRefusedError(redirect.words);
    const problem = `The address ${text.trim() === '' ? 'is empty' : redirect.problem}.`;
    if (attempt === attempts) throw notAnAnswerError(problem);
    io.err(problem);
  }
}

/** Quotes Fyers' words. */
function loginRefusedError(words: string): FyersError {
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
