// Runs the broker's official Node SDK against the simulator, to check that the simulator behaves as the SDK expects.
import { spawn } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ONE_TIME_PASSWORD } from '../../sandbox/fyers/auth.ts';
import { type FyersSimulator, startFyers } from '../../sandbox/fyers/server.ts';
import { APP, NOON, SEED } from '../sandbox/fyers/simulator.ts';
import type { Task } from '../support/fyers-sdk-child.ts';
import { installedSdk, PINNED_SDK } from '../support/fyers-sdk.ts';
import { makeFolderPerFile } from '../support/temporary-folder.ts';

const CHILD = path.join(import.meta.dirname, '..', 'support', 'fyers-sdk-child.ts');
/** Of the tarball of 1.9.0, as npm has it. */
const INTEGRITY =
  'sha512-fBia/1/deAPQSmqIazPXHz2aFDdjfCv4ZZXWawlXbNSiHl6Zxk4eyHhlliNqrJ2Ftbm0xa1G9LMkFwFnH1g8Jg==';

type Answers = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

const cwd = makeFolderPerFile();
let fyers: FyersSimulator;
let answers: Answers = {};
let complaints = '';

beforeAll(async () => {
  const folder = await installedSdk();
  fyers = await startFyers({ seed: SEED, apps: [APP], refresh: 'refused', startsAt: NOON });
  fyers.setClock(NOON);
  const env = { PATH: process.env['PATH'] ?? '', HOME: cwd.path };
  const child = spawn(process.execPath, ['--no-warnings', CHILD], { cwd: cwd.path, env });
  const task: Task = {
    folder,
    apiUrl: fyers.url,
    app: APP,
    person: { otp: ONE_TIME_PASSWORD, pin: APP.pin },
    date: '2026-11-25',
  };
  child.stdin.end(JSON.stringify(task));
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  complaints = err;
  answers = JSON.parse(out === '' ? '{}' : out) as Answers;
});
afterAll(() => fyers.close());

describe('The official Node SDK', () => {
  test('is the pinned version, and runs without output on standard error', async () => {
    const lock = JSON.parse(await readFile(path.join(PINNED_SDK, 'package-lock.json'), 'utf8')) as {
      readonly packages: Readonly<Record<string, { readonly integrity?: string }>>;
    };
    expect(lock.packages['node_modules/fyers-api-v3']).toMatchObject({
      version: '1.9.0',
      integrity: INTEGRITY,
    });
    const others = Object.entries(lock.packages).filter(([name]) => name !== '');
    expect(others.filter(([, { integrity }]) => integrity === undefined)).toEqual([]);
    expect(complaints).toBe('');
  });

  test('logs in with a code of the login page', () => {
    expect(answers['token']).toMatchObject({ s: 'ok', code: 200, message: '' });
    expect(answers['token']?.['access_token']).toMatch(/^ey\S+\.\S+\.\S+$/);
  });

  test('reads the profile', () => {
    expect(answers['profile']).toMatchObject({
      s: 'ok',
      code: 200,
      data: { fy_id: APP.fyId, totp: true, pwd_to_expire: 90, mtf_enabled: false },
    });
  });

  test('reads the status of the markets', () => {
    const markets = answers['status']?.['marketStatus'];
    expect(markets).toContainEqual({
      exchange: 10,
      segment: 10,
      market_type: 'NORMAL',
      status: 'OPEN',
    });
    expect(markets).toContainEqual({
      exchange: 10,
      segment: 11,
      market_type: 'NORMAL',
      status: 'OPEN',
    });
  });

  test('reads quotes, one with an ampersand and one that is unknown', () => {
    const entries = answers['quotes']?.['d'] as readonly Readonly<Record<string, unknown>>[];
    expect(entries.map(({ n, s }) => [n, s])).toEqual([
      ['NSE:SBIN-EQ', 'ok'],
      ['NSE:M&M-EQ', 'ok'],
      ['NSE:NOBODY-EQ', 'error'],
    ]);
    const { bids, asks, lastPaise } = fyers.state.bookOf('NSE:SBIN-EQ', NOON);
    expect(entries[0]?.['v']).toMatchObject({
      lp: lastPaise / 100,
      bid: (bids[0]?.pricePaise ?? 0) / 100,
      ask: (asks[0]?.pricePaise ?? 0) / 100,
      fyToken: expect.stringMatching(/^1010/) as unknown,
    });
  });

  test('reads the depth of one symbol, complete or only the book, and is refused two symbols', () => {
    const { volume } = fyers.state.bookOf('NSE:M&M-EQ', NOON);
    expect(answers['depth']).toMatchObject({ s: 'ok', d: { 'NSE:M&M-EQ': { v: volume } } });
    const book = answers['book']?.['d'] as Readonly<Record<string, object>>;
    expect(Object.keys(book['NSE:SBIN-EQ'] ?? {})).toEqual([
      'totalbuyqty',
      'totalsellqty',
      'bids',
      'ask',
    ]);
    expect(answers['both']).toMatchObject({ rejected: { s: 'error', code: -50 } });
  });

  test('reads the history of the morning', () => {
    const candles = answers['history']?.['candles'] as readonly (readonly number[])[];
    expect(candles).toHaveLength(166);
    expect(candles.at(-1)?.[0]).toBe(NOON / 1_000);
  });

  test('logs out, and its token is refused from then on', () => {
    expect(answers['logout']).toMatchObject({ s: 'ok', code: 200 });
    // Exactly as many calls as a second has.
    expect(
      fyers
        .requests()
        .filter(({ method, path: to }) => !(method === 'POST' && to.endsWith('generate-authcode'))),
    ).toHaveLength(10);
    expect(answers['afterwards']).toMatchObject({ rejected: { s: 'error', code: -17 } });
  });

  test('writes its log, which has the secret in it, to its own folder and nowhere else', async () => {
    const names = await readdir(cwd.path);
    expect(names).toEqual([expect.stringMatching(/^\d{4}-\d\d-\d\d\.log$/)]);
    expect(await readFile(path.join(cwd.path, names[0] ?? ''), 'utf8')).toContain(APP.secret);
  });
});
