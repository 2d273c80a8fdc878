import { beforeEach, describe, expect, test } from 'vitest';
import type { AppSecret } from '../../core/config/values.ts';
import { HOUR, MINUTE, instant, istDate } from '../../core/time.ts';
import { displayFingerprint } from '../../core/token/digest.ts';
import { newState } from '../../core/token/login/link.ts';
import { mintToken } from '../../sandbox/fyers/tokens.ts';
import { APP, NOON, SEED } from '../sandbox/fyers/simulator.ts';
import {
  KEYS,
  TOKEN_FILES,
  contentOf,
  expectNoSecret,
  createFolder,
  createPerson,
  logInAt,
  modeOf,
  pageIn,
  startSimulatedFyers,
  tokensIn,
} from './login-stage.ts';

const WEDNESDAY = istDate('2026-11-25');

let fyers: Awaited<ReturnType<typeof startSimulatedFyers>>;
beforeEach(async () => {
  fyers = await startSimulatedFyers();
  return () => fyers.close();
});

describe('fyers login with a pasted address', () => {
  test('writes both proven tokens to files with mode 600 and prints their validity', async () => {
    const me = createPerson();
    await using at = await createFolder(fyers, me);
    const { code, out, err } = await at.run('login');
    expect({ code, out }).toMatchObject({ code: 0 });
    expect(tokensIn(at)).toEqual(TOKEN_FILES);
    expect(TOKEN_FILES.map((name) => modeOf(at, name))).toEqual(['600', '600', '600']);
    const access = contentOf(at, 'access_token.txt');
    const refresh = contentOf(at, 'refresh_token.txt');
    expect(contentOf(at, 'daily_token.txt')).toBe(access);
    expect(out).toContain('Logged in: good until 26 Nov 2026, 06:00 IST.');
    const rows = out.split('\n').map((line) => line.split(/ {2,}/));
    expect(rows).toContainEqual([
      'access',
      displayFingerprint(access),
      'XA00001',
      '25 Nov 2026, 12:00 IST',
      '26 Nov 2026, 06:00 IST',
    ]);
    expect(rows).toContainEqual([
      'refresh',
      displayFingerprint(refresh),
      'XA00001',
      '25 Nov 2026, 12:00 IST',
      '10 Dec 2026, 06:00 IST',
    ]);
    expect(out).toContain('Fyers has switched refresh tokens off');
    expect(fyers.requests().filter(({ path }) => path === '/api/v3/profile')).toHaveLength(1);
    const authCode = new URL(me.pasted()).searchParams.get('auth_code') ?? '';
    expectNoSecret(`${out}${err}`, [access, refresh, authCode]);
  });

  test('prints the page and opens nothing with --no-open', async () => {
    let opened = 0;
    const open = () => {
      opened += 1;
      return Promise.resolve();
    };
    await using at = await createFolder(fyers, { open });
    const { code, err } = await at.run('login', '--no-open');
    expect({ code, opened }).toEqual({ code: 2, opened: 0 });
    const page = new URL(pageIn(err));
    expect(page.searchParams.get('client_id')).toBe(APP.id);
    expect(page.searchParams.get('redirect_uri')).toBe(APP.redirectUri);
    expect(page.searchParams.get('state')).toMatch(/^[0-9a-f]{80}$/);
    expect(err).toContain('operator.login: The address is empty.');
  });

  test('continues if no browser can be opened', async () => {
    const open = () => Promise.reject(new Error('no display'));
    await using at = await createFolder(fyers, { open });
    expect((await at.run('login')).err).toContain('The browser did not open (no display)');
  });

  test('reads the address from a pipe if there is no terminal', async () => {
    await using first = await createFolder(fyers);
    const address = await logInAt(pageIn((await first.run('login', '--no-open')).err));
    await using at = await createFolder(fyers, { piped: `${address}\n` });
    expect((await at.run('login', '--no-open')).code).toBe(0);
    expect(tokensIn(at)).toEqual(TOKEN_FILES);
  });

  test('accepts the bare query in quotes', async () => {
    await using first = await createFolder(fyers);
    const { search } = new URL(await logInAt(pageIn((await first.run('login')).err)));
    await using at = await createFolder(fyers, { piped: `"${search}"` });
    expect((await at.run('login')).code).toBe(0);
  });

  const stateAt = (now: number, keys = KEYS) =>
    newState(keys, WEDNESDAY, instant(now), 'ab'.repeat(16));
  const CODE = mintToken(SEED, APP, 'auth_code', NOON);
  const answer = (state: string) =>
    `https://x.example/?s=ok&code=200&auth_code=${CODE}&state=${state}`;
  const stranger = { ...KEYS, secret: 'ANOTHERSECRET' as AppSecret };

  test.each([
    ['with a state of another secret', answer(stateAt(NOON, stranger)), 'did not sign'],
    ['with a state of half an hour ago', answer(stateAt(NOON - 30 * MINUTE)), 'half an hour ago'],
    ['without a query', 'hello', 'has no query'],
  ])(
    'rejects an address %s three times, sends no request to Fyers, and fails',
    async (_w, address, why) => {
      const me = createPerson(address, address, address);
      await using at = await createFolder(fyers, me);
      const { code, out, err } = await at.run('login');
      expect({ code, out, asked: me.questions.length }).toEqual({ code: 2, out: '', asked: 3 });
      expect(err).toMatch(/^operator\.login: /m);
      expect(err).toContain(why);
      expect(fyers.requests()).toEqual([]);
      expect(tokensIn(at)).toEqual([]);
    },
  );

  test('accepts a state of just under half an hour, and a second address after a wrong one', async () => {
    const me = createPerson(answer('sample_state'), answer(stateAt(NOON - 30 * MINUTE + 1_000)));
    await using at = await createFolder(fyers, me);
    const { code } = await at.run('login');
    expect({ code, asked: me.questions.length }).toEqual({ code: 0, asked: 2 });
  });

  test('prints Fyers’ own error without terminal control characters', async () => {
    const query = new URLSearchParams({
      s: 'error',
      code: '-16',
      message: 'user\u001B[2J denied',
      state: stateAt(NOON),
    });
    const me = createPerson(`https://x.example/?${query.toString()}`);
    await using at = await createFolder(fyers, me);
    const { code, err } = await at.run('login');
    expect({ code, asked: me.questions.length }).toEqual({ code: 2, asked: 1 });
    expect(err).toContain('with an error: user [2J denied (code -16).');
    expect(err).toContain('https://myapi.fyers.in/dashboard');
    expect(err).not.toContain('\u001B');
  });

  test('works in the evening, after the day’s session', async () => {
    const evening = instant(NOON + 9 * HOUR);
    fyers.setClock(evening);
    await using at = await createFolder(fyers, { ...createPerson(), now: evening });
    expect((await at.run('login')).code).toBe(0);
  });
});

describe('fyers login for scripts', () => {
  test('prints only the token with --reveal, and everything else to standard error', async () => {
    await using at = await createFolder(fyers, createPerson());
    const { out, err } = await at.run('login', '--reveal');
    expect(out).toBe(contentOf(at, 'access_token.txt'));
    expect(err).toContain('Logged in: good until');
    expect((await at.run('login', '--reveal')).out).toBe(out);
  });

  test('prints only JSON with --json, with the token only if --reveal is given', async () => {
    await using at = await createFolder(fyers, createPerson());
    const { out } = await at.run('login', '--json');
    const access = contentOf(at, 'access_token.txt');
    expect(JSON.parse(out)).toMatchObject({
      already: false,
      place: `in ${at.folder}`,
      accessToken: {
        fingerprint: displayFingerprint(access),
        account: 'XA00001',
        expiresAt: '2026-11-26T06:00:00.000+05:30',
      },
      refreshToken: { expiresAt: '2026-12-10T06:00:00.000+05:30' },
    });
    expectNoSecret(out, [access]);
    const revealed: unknown = JSON.parse((await at.run('login', '--json', '--reveal')).out);
    expect(revealed).toMatchObject({ already: true, accessToken: { token: access } });
  });

  test.each([
    ['a missing app secret', 'FYERS_SECRET_KEY=\n', [], 'FYERS_SECRET_KEY is empty in'],
    ['--local with --aws', '', ['--local', '--aws'], 'operator.usage'],
    [
      'a redirect URL with an unknown scheme',
      'FYERS_REDIRECT_URI=ftp://x\n',
      [],
      'FYERS_REDIRECT_URI',
    ],
  ])('refuses %s', async (_what, extra, flags, words) => {
    await using at = await createFolder(fyers, {}, extra);
    const { code, err } = await at.run('login', ...flags);
    expect(code).toBe(2);
    expect(err).toContain(words);
  });
});
