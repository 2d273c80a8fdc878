import { mkdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { HOUR, MINUTE, instant, istDate } from '../../core/time.ts';
import { newState } from '../../core/token/login/link.ts';
import { mintToken } from '../../sandbox/fyers/tokens.ts';
import { APP, NOON, SEED, SEVEN } from '../sandbox/fyers/simulator.ts';
import {
  KEYS,
  SECRET_APP,
  contentOf,
  expectNoSecret,
  folderFor,
  human,
  modeOf,
  simulatedFyers,
  tokensIn,
} from './login-stage.ts';

const WEDNESDAY = istDate('2026-11-25');
const GOOD = mintToken(SEED, APP, 'access_token', SEVEN);
const environmentOf = (url: string) => ({
  FYERS_CLIENT_ID: SECRET_APP.id,
  FYERS_SECRET_KEY: SECRET_APP.secret,
  FYERS_API_URL: url,
});

describe('fyers login keeps no token that is not proven:', () => {
  test('of another account', async () => {
    await using fyers = await simulatedFyers({ fyId: 'XB00002' });
    await using at = await folderFor(fyers, human(), 'FYERS_FY_ID=XA00001\n');
    const { code, out, err } = await at.run('login');
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('operator.account: The login was for the Fyers account XB00002');
    expect(err).toContain('Log out of Fyers');
    expect(tokensIn(at)).toEqual([]);
  });

  test('of an account that a refresh of the folder did not see', async () => {
    await using fyers = await simulatedFyers({ fyId: 'XB00002' });
    await using at = await folderFor(fyers, human());
    const state = { version: 1, fyId: 'XA00001', latch: null, policyOff: true };
    const rest = { calls: null, claim: null, asked: null };
    at.write('.fyers-token-state.json', JSON.stringify({ ...state, ...rest }));
    expect((await at.run('login')).err).toContain('not for XA00001');
    expect(tokensIn(at)).toEqual(['.fyers-token-state.json']);
  });

  test('with a wrong app secret', async () => {
    await using fyers = await simulatedFyers({ secret: 'ROTATED12345' });
    await using at = await folderFor(fyers, human());
    const { code, err } = await at.run('login');
    expect(code).toBe(2);
    expect(err).toContain('operator.app-secret: Fyers refused the app id with its secret.');
    expect(err).toContain('https://myapi.fyers.in/dashboard');
    expect(err).toContain('`npm run configure`');
    expectNoSecret(err);
  });

  test('with a code that was used before', async () => {
    await using fyers = await simulatedFyers();
    const me = human();
    await using at = await folderFor(fyers, me);
    expect((await at.run('login')).code).toBe(0);
    const before = contentOf(at, 'access_token.txt');
    await using again = await folderFor(fyers, human(me.pasted()));
    const { code, err } = await again.run('login');
    expect(code).toBe(2);
    expect(err).toContain('operator.login: Fyers refused the auth code');
    expect(tokensIn(again)).toEqual([]);
    expectNoSecret(err, [before, new URL(me.pasted()).searchParams.get('auth_code') ?? '']);
  });

  test('that dies before tomorrow: a login before 06:00 IST still gives one for this morning', async () => {
    const five = instant(NOON - 7 * HOUR);
    await using fyers = await simulatedFyers();
    fyers.setClock(five);
    await using at = await folderFor(fyers, { ...human(), now: five });
    expect((await at.run('login')).out).toContain('good until 25 Nov 2026, 06:00 IST');
  });

  test('with Fyers out of reach', async () => {
    await using fyers = await simulatedFyers();
    const state = newState(KEYS, WEDNESDAY, instant(NOON), 'ab'.repeat(16));
    const code = mintToken(SEED, APP, 'auth_code', NOON);
    await using at = await folderFor(
      fyers,
      human(`https://x.example/?s=ok&auth_code=${code}&state=${state}`),
      'FYERS_API_URL=http://127.0.0.1:9\n',
    );
    const ran = await at.run('login');
    expect(ran.code).toBe(3);
    expect(ran.err).toMatch(/^broker\.unreachable: /m);
    expect(tokensIn(at)).toEqual([]);
  });
});

describe('fyers login and what is there already', () => {
  test('leaves a live token as it is, and says until when', async () => {
    await using fyers = await simulatedFyers();
    const me = human();
    await using at = await folderFor(fyers, me);
    at.write('access_token.txt', GOOD);
    const { code, out } = await at.run('login');
    expect({ code, asked: me.questions.length }).toEqual({ code: 0, asked: 0 });
    expect(out).toContain(`Already good until 26 Nov 2026, 06:00 IST, in ${at.folder}.`);
    expect(out).toContain('login --again');
    expect(contentOf(at, 'access_token.txt')).toBe(GOOD);
  });

  test('logs in all the same with --again, and keeps the newer token', async () => {
    await using fyers = await simulatedFyers();
    await using at = await folderFor(fyers, human());
    at.write('access_token.txt', GOOD);
    expect((await at.run('login', '--again')).code).toBe(0);
    expect(contentOf(at, 'access_token.txt')).not.toBe(GOOD);
  });

  test('does not put an older token over one that came meanwhile and lives', async () => {
    await using fyers = await simulatedFyers();
    const me = human();
    const newer = mintToken(SEED, SECRET_APP, 'access_token', NOON, 77);
    await using at = await folderFor(fyers, {
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
    expect(out).toContain('is as new and live; it stays');
    expect(contentOf(at, 'daily_token.txt')).toBe(newer);
  });

  test.each([
    ['no token', 'rubbish'],
    [
      'a token that says it is newer, and that Fyers refuses',
      mintToken('x', APP, 'access_token', NOON + MINUTE),
    ],
  ])('replaces %s', async (_what, content) => {
    await using fyers = await simulatedFyers();
    await using at = await folderFor(fyers, human());
    at.write('access_token.txt', content);
    expect((await at.run('login')).code).toBe(0);
    expect(contentOf(at, 'access_token.txt')).toBe(contentOf(at, 'daily_token.txt'));
    expect(modeOf(at, 'access_token.txt')).toBe('600');
  });

  test('says before the login that a folder cannot take the files', async () => {
    await using fyers = await simulatedFyers();
    const me = human();
    await using at = await folderFor(fyers, { ...me, env: environmentOf(fyers.url) });
    const { code, err } = await at.run('login', '--dir', 'nowhere');
    expect({ code, asked: me.questions.length }).toEqual({ code: 4, asked: 0 });
    expect(err).toMatch(/^platform\.disk: .*nowhere cannot be written \(ENOENT\)/m);
  });

  test('loses nothing when a file cannot be written', async () => {
    await using fyers = await simulatedFyers();
    const me = human();
    await using at = await folderFor(fyers, me);
    mkdirSync(`${at.folder}/daily_token.txt`);
    at.write('access_token.txt', 'before');
    const { code, err } = await at.run('login');
    expect({ code, asked: me.questions.length }).toEqual({ code: 4, asked: 0 });
    expect(err).toContain('daily_token.txt cannot be written (EISDIR)');
    expect(contentOf(at, 'access_token.txt')).toBe('before');
    expect(tokensIn(at)).toEqual(['access_token.txt', 'daily_token.txt']);
  });
});
