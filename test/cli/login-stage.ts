// Creates a folder with an app, a simulated Fyers, and a person who logs in on its page.
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { expect } from 'vitest';
import type { Person } from '../../cli/shared/io.ts';
import { PLACEHOLDER } from '../../core/config/names.ts';
import type { AppId, AppSecret } from '../../core/config/values.ts';
import type { Clock } from '../../core/ports.ts';
import { instant } from '../../core/time.ts';
import { ONE_TIME_PASSWORD } from '../../sandbox/fyers/auth.ts';
import { type FyersSimulator, startFyers } from '../../sandbox/fyers/server.ts';
import type { SimulatedApp } from '../../sandbox/fyers/tokens.ts';
import { APP, NOON, SEED } from '../sandbox/fyers/simulator.ts';
import { leaksOf } from '../support/canaries.ts';
import { listenOnLoopback } from '../support/loopback.ts';
import { type Stage, type StageOptions, stage } from './cli-harness.ts';

export const SECRET_APP: SimulatedApp = { ...APP, secret: 'CANARYSECRET9' };

export const KEYS = { id: SECRET_APP.id as AppId, secret: SECRET_APP.secret as AppSecret };
/** The parameters of a stack that has no token yet. */
export const STORED = {
  FYERS_CLIENT_ID: SECRET_APP.id,
  FYERS_SECRET_KEY: SECRET_APP.secret,
  FYERS_ACCESS_TOKEN: PLACEHOLDER,
  FYERS_REFRESH_TOKEN: PLACEHOLDER,
};
export const LOGIN_URL = 'https://abc.lambda-url.ap-south-1.on.aws/';

/** The answer of FyersTokenRefresh to the tokens of a login. */
export const buildAdoptedAnswer = (access: string) => ({
  statusCode: 200,
  body: JSON.stringify({
    accessToken: { did: access, fingerprint: 'abcdef01' },
    refreshToken: { did: 'stored', fingerprint: 'abcdef02' },
  }),
});

/** The files that a login writes, sorted by name. */
export const TOKEN_FILES = ['access_token.txt', 'daily_token.txt', 'refresh_token.txt'];

export async function startSimulatedFyers(
  app: Partial<SimulatedApp> = {},
  refresh: 'accepted' | 'refused' = 'refused',
): Promise<FyersSimulator & AsyncDisposable> {
  const apps = [{ ...SECRET_APP, ...app }];
  const fyers = await startFyers({ seed: SEED, apps, refresh, startsAt: NOON });
  fyers.setClock(NOON);
  return { ...fyers, [Symbol.asyncDispose]: () => fyers.close() };
}

export async function createFolder(
  fyers: FyersSimulator,
  options: StageOptions = {},
  extra = '',
): Promise<Stage> {
  const at = await stage(options);
  const usual = {
    FYERS_CLIENT_ID: SECRET_APP.id,
    FYERS_SECRET_KEY: SECRET_APP.secret,
    FYERS_API_URL: fyers.url,
  };
  // A key that is given twice is a problem, so a line of the test replaces the default line.
  const lines = Object.entries(usual).flatMap(([name, value]) =>
    new RegExp(`^${name}=`, 'm').test(extra) ? [] : [`${name}=${value}\n`],
  );
  at.write('.env', `${lines.join('')}${extra}`);
  return at;
}

/** Submits the login form at `url`. @returns the address to which Fyers redirects the browser */
export async function logInAt(url: string): Promise<string> {
  const page = await (await fetch(url)).text();
  const form = new URLSearchParams({ otp: ONE_TIME_PASSWORD, pin: SECRET_APP.pin });
  for (const [, name = '', value = ''] of page.matchAll(
    /type="hidden" name="(\w+)" value="([^"]*)"/g,
  )) {
    form.set(
      name,
      value.replace(/&#(\d+);/g, (_all, code) => String.fromCharCode(Number(code))),
    );
  }
  const target = new URL(url);
  const answer = await fetch(`${target.origin}${target.pathname}`, {
    method: 'POST',
    body: form,
    redirect: 'manual',
  });
  return answer.headers.get('location') ?? '';
}

/** Answers the questions with `before`, then with the address after a login in the browser. */
export function createPerson(...before: readonly string[]) {
  let url = '';
  let pasted = '';
  const left = [...before];
  const questions: string[] = [];
  const person: Person = {
    async ask(question) {
      questions.push(question);
      const text = left.shift() ?? (await logInAt(url));
      pasted = text;
      return text;
    },
    confirm: () => Promise.resolve(false),
  };
  const open = (opened: string): Promise<void> => {
    url = opened;
    return Promise.resolve();
  };
  return { person, open, questions, pasted: () => pasted };
}

/** Lists the files of a folder, without its `.env`. */
export function tokensIn(at: Stage): readonly string[] {
  return readdirSync(at.folder)
    .filter((name) => name !== '.env')
    .sort();
}

/** The address of Fyers' login page in the output of a command; empty if the output has no address. */
export function pageIn(printed: string): string {
  return /^http\S+generate-authcode\S+$/m.exec(printed)?.[0] ?? '';
}

/** A clock that does not move: no deadline passes. */
export const stoppedClock: Clock = {
  now: () => instant(NOON),
  sleepUntil: (_at, signal) =>
    new Promise((_resolve, reject) => {
      const abort = (): void => {
        reject(signal.reason as Error);
      };
      if (signal.aborted) abort();
      else signal.addEventListener('abort', abort, { once: true });
    }),
};

export async function freePort(): Promise<number> {
  const { url, ...listening } = await listenOnLoopback(createServer());
  await listening[Symbol.asyncDispose]();
  return Number(new URL(url).port);
}

export function contentOf(at: Stage, name: string): string {
  return readFileSync(path.join(at.folder, name), 'utf8');
}

/** The file's mode in octal. */
export function modeOf(at: Stage, name: string): string {
  return (statSync(path.join(at.folder, name)).mode & 0o777).toString(8);
}

export function expectNoSecret(printed: string, tokens: readonly string[] = []): void {
  expect(
    leaksOf(printed, { secret: SECRET_APP.secret, ...Object.fromEntries(tokens.entries()) }),
  ).toEqual([]);
  // A fingerprint can contain the four digits; the PIN must not appear as a separate value.
  expect(printed).not.toMatch(new RegExp(`(?<![\\w.])${SECRET_APP.pin}(?![\\w.])`));
}
