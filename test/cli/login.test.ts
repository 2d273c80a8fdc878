import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { AppSecret } from '../../core/config/values.ts';
import { HOUR, MINUTE, instant, istDate } from '../../core/time.ts';
import { displayFingerprint } from '../../core/token/digest.ts';
import { newState } from '../../core/token/login/link.ts';
import { mintToken } from '../../sandbox/fyers/tokens.ts';
import { APP, NOON, SEED, SEVEN } from '../sandbox/fyers/simulator.ts';
import { awsStub } from './aws-stub.ts';
import {
  KEYS,
  SECRET_APP,
  STORED,
  TOKEN_FILES,
  buildAdoptedAnswer,
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
    for (const [kind, token, expires] of [
      ['access', access, '26 Nov 2026, 06:00 IST'],
      ['refresh', refresh, '10 Dec 2026, 06:00 IST'],
    ] as const) {
      const seen = [displayFingerprint(token), 'XA00001', '25 Nov 2026, 12:00 IST'];
      expect(rows).toContainEqual([kind, ...seen, expires]);
    }
    expect(out).toContain('Fyers has switched refresh tokens off');
    expect(fyers.requests().filter(({ path }) => path === '/api/v3/profile')).toHaveLength(1);
    const authCode = new URL(me.pasted()).searchParams.get('auth_code') ?? '';
    expectNoSecret(`${out}${err}`, [access, refresh, authCode]);
  });

  test('prints the page and opens nothing with --no-open', async () => {
    let opened = 0;
    const open = () => Promise.resolve(void (opened += 1));
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
    expect((await at.run('login')).err).toContain('The browser could not be opened (no display)');
  });

  test('reads the address from a pipe if there is no terminal', async () => {
    await using first = await createFolder(fyers);
    const address = await logInAt(pageIn((await first.run('login', '--no-open')).err));
    await using at = await createFolder(fyers, { piped: `${address}\n` });
    expect((await at.run('login', '--no-open')).code).toBe(0);
    expect(tokensIn(at)).toEqual(TOKEN_FILES);
  });

  const stateAt = (now: number, keys = KEYS) =>
    newState(keys, WEDNESDAY, instant(now), 'ab'.repeat(16));
  const CODE = mintToken(SEED, APP, 'auth_code', NOON);
  const answer = (state: string) =>
    `https://x.example/?s=ok&code=200&auth_code=${CODE}&state=${state}`;
  const stranger = { ...KEYS, secret: 'ANOTHERSECRET' as AppSecret };

  test('rejects three wrong addresses, sends no request to Fyers, and fails', async () => {
    const old = answer(stateAt(NOON - 30 * MINUTE));
    const me = createPerson('hello', old, answer(stateAt(NOON, stranger)));
    await using at = await createFolder(fyers, me);
    const { code, out, err } = await at.run('login');
    expect({ code, out, asked: me.questions.length }).toEqual({ code: 2, out: '', asked: 3 });
    expect(err).toMatch(/^operator\.login: /m);
    for (const why of ['has no query', 'half an hour ago', 'did not sign']) {
      expect(err).toContain(why);
    }
    expect(fyers.requests()).toEqual([]);
    expect(tokensIn(at)).toEqual([]);
  });

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

const GOOD = mintToken(SEED, APP, 'access_token', SEVEN);
const environmentOf = (url: string) => ({
  FYERS_CLIENT_ID: SECRET_APP.id,
  FYERS_SECRET_KEY: SECRET_APP.secret,
  FYERS_API_URL: url,
});

describe('fyers login', () => {
  test('keeps no token of another account', async () => {
    await using other = await startSimulatedFyers({ fyId: 'XB00002' });
    await using at = await createFolder(other, createPerson(), 'FYERS_FY_ID=XA00001\n');
    const { code, out, err } = await at.run('login');
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('operator.account: The login was for the Fyers account XB00002');
    expect(err).toContain('Log out of Fyers');
    expect(tokensIn(at)).toEqual([]);
  });

  test('keeps no token of an account that differs from the folder’s state', async () => {
    await using other = await startSimulatedFyers({ fyId: 'XB00002' });
    await using at = await createFolder(other, createPerson());
    const state = { version: 1, fyId: 'XA00001', latch: null, policyOff: true };
    const rest = { calls: null, claim: null, asked: null };
    at.write('.fyers-token-state.json', JSON.stringify({ ...state, ...rest }));
    expect((await at.run('login')).err).toContain('not for XA00001');
    expect(tokensIn(at)).toEqual(['.fyers-token-state.json']);
  });

  test('reports a wrong app secret without printing it', async () => {
    await using other = await startSimulatedFyers({ secret: 'ROTATED12345' });
    await using at = await createFolder(other, createPerson());
    const { code, err } = await at.run('login');
    expect(code).toBe(2);
    expect(err).toContain('operator.app-secret: Fyers refused the app id with its secret.');
    expect(err).toContain('https://myapi.fyers.in/dashboard');
    expect(err).toContain('`npm run configure`');
    expectNoSecret(err);
  });

  test('keeps no token if the auth code was used before', async () => {
    const me = createPerson();
    await using at = await createFolder(fyers, me);
    expect((await at.run('login')).code).toBe(0);
    const before = contentOf(at, 'access_token.txt');
    await using again = await createFolder(fyers, createPerson(me.pasted()));
    const { code, err } = await again.run('login');
    expect(code).toBe(2);
    expect(err).toContain('operator.login: Fyers refused the auth code');
    expect(tokensIn(again)).toEqual([]);
    expectNoSecret(err, [before, new URL(me.pasted()).searchParams.get('auth_code') ?? '']);
  });

  test('keeps no token if Fyers is unreachable', async () => {
    const state = newState(KEYS, WEDNESDAY, instant(NOON), 'ab'.repeat(16));
    const code = mintToken(SEED, APP, 'auth_code', NOON);
    await using at = await createFolder(
      fyers,
      createPerson(`https://x.example/?s=ok&auth_code=${code}&state=${state}`),
      'FYERS_API_URL=http://127.0.0.1:9\n',
    );
    const ran = await at.run('login');
    expect(ran.code).toBe(3);
    expect(ran.err).toMatch(/^broker\.unreachable: /m);
    expect(tokensIn(at)).toEqual([]);
  });
});

describe('fyers login with existing tokens', () => {
  test('keeps a live token and prints its expiry', async () => {
    const me = createPerson();
    await using at = await createFolder(fyers, me);
    at.write('access_token.txt', GOOD);
    const { code, out } = await at.run('login');
    expect({ code, asked: me.questions.length }).toEqual({ code: 0, asked: 0 });
    expect(out).toContain(`Already good until 26 Nov 2026, 06:00 IST, in ${at.folder}.`);
    expect(out).toContain('login --again');
    expect(contentOf(at, 'access_token.txt')).toBe(GOOD);
  });

  test('logs in with --again and replaces a live token', async () => {
    await using at = await createFolder(fyers, createPerson());
    at.write('access_token.txt', GOOD);
    expect((await at.run('login', '--again')).code).toBe(0);
    expect(contentOf(at, 'access_token.txt')).not.toBe(GOOD);
  });

  test('does not overwrite a newer live token that arrived during the login', async () => {
    const me = createPerson();
    const newer = mintToken(SEED, SECRET_APP, 'access_token', NOON, 77);
    await using at = await createFolder(fyers, {
      ...me,
      person: {
        ...me.person,
        ask: async (question) => {
          const address = await me.person.ask(question);
          at.write('daily_token.txt', newer);
          return address;
        },
      },
    });
    const { code, out } = await at.run('login');
    expect(code).toBe(0);
    expect(out).toContain('is live and not older; it was not changed');
    expect(contentOf(at, 'daily_token.txt')).toBe(newer);
  });

  test.each([
    ['a file without a token', 'rubbish'],
    ['a newer token that Fyers refuses', mintToken('x', APP, 'access_token', NOON + MINUTE)],
  ])('replaces %s', async (_what, content) => {
    await using at = await createFolder(fyers, createPerson());
    at.write('access_token.txt', content);
    expect((await at.run('login')).code).toBe(0);
    expect(contentOf(at, 'access_token.txt')).toBe(contentOf(at, 'daily_token.txt'));
    expect(modeOf(at, 'access_token.txt')).toBe('600');
  });

  test('fails before the login if the folder does not exist', async () => {
    const me = createPerson();
    await using at = await createFolder(fyers, { ...me, env: environmentOf(fyers.url) });
    const { code, err } = await at.run('login', '--dir', 'nowhere');
    expect({ code, asked: me.questions.length }).toEqual({ code: 4, asked: 0 });
    expect(err).toMatch(/^platform\.disk: .*nowhere cannot be written \(ENOENT\)/m);
  });

  test('changes no file if one of them cannot be written', async () => {
    const me = createPerson();
    await using at = await createFolder(fyers, me);
    mkdirSync(`${at.folder}/daily_token.txt`);
    at.write('access_token.txt', 'before');
    const { code, err } = await at.run('login');
    expect({ code, asked: me.questions.length }).toEqual({ code: 4, asked: 0 });
    expect(err).toContain('daily_token.txt cannot be written (EISDIR)');
    expect(contentOf(at, 'access_token.txt')).toBe('before');
    expect(tokensIn(at)).toEqual(['access_token.txt', 'daily_token.txt']);
  });
});

describe('A login whose token cannot be handed over', () => {
  test.each([
    ['fails', 'platform.store: Parameter Store is away. Wait.', {}, 'platform.store', 4],
    ['is too slow', '1-2 Task timed out after 120.00 seconds', {}, 'platform.busy', 4],
    ['returns an unknown answer', null, { statusCode: 200, body: '{}' }, 'platform.integrity', 4],
    ['reports it as dead', null, buildAdoptedAnswer('dead'), 'broker.bad-token', 3],
    ['reports it as expired', null, buildAdoptedAnswer('expired'), 'broker.bad-token', 3],
  ])(
    'keeps the token in files with mode 600 if the function %s, and the next run hands it over',
    async (_what, failed, answer, error, exit) => {
      await using aws = await awsStub(STORED);
      aws.failed = failed;
      aws.answer = answer;
      const me = createPerson();
      await using at = await createFolder(fyers, { ...me, aws: aws.options });
      const first = await at.run('login', '--aws');
      expect(first.code).toBe(exit);
      expect(first.err).toContain(`${error}: `);
      if (failed !== null) expect(first.err).toContain('./fyers logs refresh');
      expect(tokensIn(at)).toEqual(TOKEN_FILES);
      expect(TOKEN_FILES.map((name) => modeOf(at, name))).toEqual(['600', '600', '600']);
      const access = contentOf(at, 'access_token.txt');
      expect(first.err).toContain(path.join(at.folder, 'access_token.txt'));
      expect(first.err).toContain('`./fyers login --aws` sends it to AWS');
      expectNoSecret(`${first.out}${first.err}`, [access, contentOf(at, 'refresh_token.txt')]);

      aws.failed = null;
      aws.answer = buildAdoptedAnswer('published');
      const again = await at.run('login', '--aws');
      expect({ code: again.code, logins: me.questions.length }).toEqual({ code: 0, logins: 1 });
      expect(aws.invocations.at(-1)).toContain(access);
      expect(again.out).toContain(displayFingerprint(access));
      expect(again.out).toContain('FYERS_ACCESS_TOKEN: published');
    },
  );

  test('does not keep a token of another account', async () => {
    await using aws = await awsStub(STORED);
    aws.answer = buildAdoptedAnswer('foreign');
    await using at = await createFolder(fyers, { ...createPerson(), aws: aws.options });
    const { code, err } = await at.run('login', '--aws');
    expect(code).toBe(2);
    expect(err).toContain('operator.account: ');
    expect(tokensIn(at)).toEqual([]);
  });

  test.each([
    ['a live token, with --again', SEVEN, ['--again']],
    ['an expired token', NOON - 24 * HOUR, []],
  ])('logs in if the folder has %s', async (_what, issuedAt, flags) => {
    await using aws = await awsStub(STORED);
    aws.answer = buildAdoptedAnswer('published');
    const me = createPerson();
    await using at = await createFolder(fyers, { ...me, aws: aws.options });
    at.write('access_token.txt', mintToken(SEED, APP, 'access_token', issuedAt));
    expect((await at.run('login', '--aws', ...flags)).code).toBe(0);
    expect(me.questions).toHaveLength(1);
  });
});

describe('A login into files', () => {
  test('keeps a token that could not be proven', async () => {
    const me = createPerson();
    await using at = await createFolder(fyers, me);
    // Fyers goes down right after it has exchanged the code.
    fyers.state.requests.push = function (...entries) {
      if (entries.some(({ path: asked }) => asked === '/api/v3/validate-authcode')) {
        fyers.state.isDown = true;
      }
      return Array.prototype.push.apply(this, entries);
    };
    const { code, err } = await at.run('login');
    expect(code).toBe(3);
    expect(tokensIn(at)).toEqual(TOKEN_FILES);
    expect(err).toContain('`./fyers tokens` checks it without another login');
  });

  test('names the file that it could not write', async () => {
    const me = createPerson();
    const person = {
      ...me.person,
      async ask(question: string) {
        mkdirSync(path.join(at.folder, 'access_token.txt'));
        return me.person.ask(question);
      },
    };
    await using at = await createFolder(fyers, { ...me, person });
    const { code, err } = await at.run('login');
    expect(code).toBe(4);
    expect(err).toContain('The new access token could not be kept: ');
    expect(err).toMatch(/^platform\.disk: /m);
  });
});
