import { describe, expect, test } from 'vitest';
import { PLACEHOLDER } from '../../core/config/names.ts';
import { displayFingerprint } from '../../core/token/digest.ts';
import { operatorToken } from '../support/operator-token.ts';
import { openStagePerTest, stage } from './cli-harness.ts';

const TOKEN = operatorToken('access_token', '2026-11-25T07:00:00+05:30');
const SECRET = 'SECRETKEY1';
const PARAMETERS = {
  FYERS_CLIENT_ID: 'ABCD1234EF-100',
  FYERS_SECRET_KEY: SECRET,
  FYERS_ACCESS_TOKEN: TOKEN,
  FYERS_REFRESH_TOKEN: PLACEHOLDER,
};

const cli = openStagePerTest(() => ({ parameters: PARAMETERS }));

describe('fyers ssm list', () => {
  test('reports each parameter as present, placeholder or absent', async () => {
    const { code, out } = await cli.run('ssm', 'list');
    expect(code).toBe(0);
    const rows = out.split('\n').map((line) => line.split(/ {2,}/).slice(0, 3));
    expect(rows).toEqual([
      ['Parameter', 'State', 'Fingerprint'],
      ['FYERS_CLIENT_ID', 'present', '-'],
      ['FYERS_SECRET_KEY', 'present', '-'],
      ['FYERS_ACCESS_TOKEN', 'present', displayFingerprint(TOKEN)],
      ['FYERS_REFRESH_TOKEN', 'placeholder', '-'],
      ['FYERS_TOKEN_STATE', 'absent', '-'],
      ['FYERS_LOGIN_STATE', 'absent', '-'],
      ['FYERS_LINK_KEY', 'absent', '-'],
      ['FYERS_PIN_KEY', 'absent', '-'],
      ['FYERS_LOGIN_URL', 'absent', '-'],
      ['FYERS_TELEGRAM', 'absent', '-'],
    ]);
    expect(out).not.toContain(SECRET);
  });

  test('prints the same as JSON', async () => {
    const answer: unknown = JSON.parse((await cli.run('ssm', 'list', '--json')).out);
    expect(answer).toMatchObject({ region: 'ap-south-1' });
    expect(answer).toHaveProperty('parameters.2', {
      name: 'FYERS_ACCESS_TOKEN',
      state: 'present',
      fingerprint: displayFingerprint(TOKEN),
    });
    expect(answer).toHaveProperty('parameters.5.state', 'absent');
  });

  test.each([
    ['--suffix', ['--suffix', 'paper'], ''],
    ['FYERS_SUFFIX in .env', [], 'FYERS_SUFFIX=paper\n'],
    ['--suffix over .env', ['--suffix', 'paper'], 'FYERS_SUFFIX=live\n'],
  ])('uses the stack of %s', async (_from, flags, env) => {
    await using at = await stage({ parameters: { FYERS_ACCESS_TOKEN_PAPER: TOKEN } });
    at.write('.env', env);
    expect((await at.run('ssm', 'list', ...flags)).out).toMatch(
      /^FYERS_ACCESS_TOKEN_PAPER +present/m,
    );
  });

  test('rejects an invalid suffix', async () => {
    await using at = await stage();
    const { code, err } = await at.run('ssm', 'list', '--suffix', 'PAPER!');
    expect(code).toBe(2);
    expect(err).toMatch(/^operator\.config: .*\n {2}- --suffix must be 1 to 16 small letters/);
  });
});

describe('fyers ssm get', () => {
  test.each<[string, string, ...string[]]>([
    [
      `******** (${String(TOKEN.length)} characters, fingerprint ${displayFingerprint(TOKEN)}; --reveal shows it)`,
      'FYERS_ACCESS_TOKEN',
    ],
    ['******** (10 characters; --reveal shows it)', 'FYERS_SECRET_KEY'],
    [TOKEN, 'FYERS_ACCESS_TOKEN', '--reveal'],
  ])('prints %s for %s', async (shown, ...argv) => {
    expect(await cli.run('ssm', 'get', ...argv)).toMatchObject({ code: 0, out: shown, err: '' });
  });

  test('accepts the name with and without the suffix of the stack', async () => {
    await using at = await stage({ parameters: { FYERS_ACCESS_TOKEN_PAPER: TOKEN } });
    for (const name of ['FYERS_ACCESS_TOKEN', 'FYERS_ACCESS_TOKEN_PAPER']) {
      const { out } = await at.run('ssm', 'get', name, '--suffix', 'paper', '--reveal');
      expect(out).toBe(TOKEN);
    }
  });

  test.each([
    ['absent', 'FYERS_TOKEN_STATE', 'is not in Parameter Store'],
    ['a placeholder', 'FYERS_REFRESH_TOKEN', 'does not contain a token yet'],
  ])('exits with 2 and prints no value if it is %s', async (_what, name, words) => {
    const { code, out, err } = await cli.run('ssm', 'get', name, '--reveal');
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(words);
  });

  test.each(['FYERS_PIN', 'toString'])('lists the names if %s is not one of them', async (name) => {
    const { code, err } = await cli.run('ssm', 'get', name);
    expect(code).toBe(2);
    expect(err).toMatch(/^operator\.usage: .*FYERS_CLIENT_ID, FYERS_SECRET_KEY, /);
  });
});

describe('fyers ssm, if a request fails', () => {
  test('names the action and the resource if access is denied, and exits with 4', async () => {
    await using at = await stage({ parameters: 'denied' });
    const { code, err } = await at.run('ssm', 'get', 'FYERS_ACCESS_TOKEN');
    expect(code).toBe(4);
    expect(err).toMatch(/^platform\.permission: .*ssm:GetParameter on resource: .*Allow your own/);
  });

  test('reports a failed connection as platform.store and exits with 4', async () => {
    await using at = await stage({ parameters: 'unreachable' });
    const { code, err } = await at.run('ssm', 'list');
    expect(code).toBe(4);
    expect(err).toMatch(/^platform\.store: .*Check the connection to AWS/);
  });

  test('asks for a bug report, and prints the stack trace only with --debug', async () => {
    await using at = await stage({ parameters: 'broken' });
    const short = await at.run('ssm', 'list');
    expect(short.code).toBe(70);
    expect(short.err).toMatch(/^bug\.unexpected: no client was made\n.*--debug/);
    expect(short.err).not.toContain(' at ');
    const long = await at.run('ssm', 'list', '--debug');
    expect(long.err).toMatch(/please report it[\s\S]* at /i);
  });
});
