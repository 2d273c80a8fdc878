// The registered URL is somebody else's page: the person copies its address from the browser, as with the reference.
import type { AuthCode } from '../core/config.ts';
import { FyersError } from '../core/errors.ts';
import { type Redirect, parseRedirect } from '../core/token/redirect.ts';
import { freshLoginUrl, openPage } from './fyers-page.ts';
import type { LoginContext } from './login-context.ts';
import { asSentence } from '../core/text.ts';

const ATTEMPTS = 3;

/** @throws FyersError `operator.login` where what is pasted is no answer to a login, three times over */
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
    if (attempt === attempts) throw notAnAnswer(problem);
    io.err(problem);
  }
}

/** In Fyers' words. */
export function loginRefused(words: string): FyersError {
  return new FyersError(
    'operator.login',
    `Fyers ended the login with an error: ${asSentence(words)}`,
    'Run `npx --no-install fyers login` again. If it says so again, look at the app, its registered URL and its permissions at https://myapi.fyers.in/dashboard: FYERS_REDIRECT_URI in .env must be that URL, letter by letter.',
  );
}

function notAnAnswer(problem: string): FyersError {
  return new FyersError(
    'operator.login',
    problem,
    'Run `npx --no-install fyers login` again, log in on the page that it prints, and give it the whole address that the browser shows then.',
  );
}
