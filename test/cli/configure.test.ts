import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readSettings } from '../../infra/config/load.ts';
import { COPIED } from '../../cli/commands/configure.ts';
import { stageWithPulumi } from './cli-harness.ts';

const SECRETS = {
  FYERS_CLIENT_ID: 'ABCD1234EF-100',
  FYERS_SECRET_KEY: 'SECRET1234',
  FYERS_PIN: '4821',
  FYERS_TELEGRAM: '7000000001:bot-token-of-telegram/-100200300',
};
const ENV = Object.entries(SECRETS)
  .map(([name, value]) => `${name}=${value}\n`)
  .join('');

const QUIET = ['--non-interactive', '--color', 'never'];

describe('fyers configure', () => {
  test('passes every value to Pulumi on standard input, with --secret for secrets', async () => {
    await using at = await stageWithPulumi();
    at.write(
      '.env',
      `${ENV}FYERS_REDIRECT_URI=https://example.in/done\nFYERS_EMAIL=me@example.in\n`,
    );
    const { code, out, err } = await at.run('configure');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const set = (...flags: readonly string[]) => [...QUIET, 'config', 'set', ...flags];
    expect(at.calls()).toEqual([
      { args: [...QUIET, 'stack', '--show-name'], input: '' },
      { args: set('--secret', '--stack', 'dev', 'clientId'), input: 'ABCD1234EF-100' },
      { args: set('--secret', '--stack', 'dev', 'secretKey'), input: 'SECRET1234' },
      { args: set('--secret', '--stack', 'dev', 'pin'), input: '4821' },
      { args: set('--stack', 'dev', 'redirectUri'), input: 'https://example.in/done' },
      {
        args: set('--secret', '--stack', 'dev', 'telegram'),
        input: '7000000001:bot-token-of-telegram/-100200300',
      },
    ]);
    expect(out).toContain('secretKey from FYERS_SECRET_KEY, encrypted');
    expect(out).toContain('Read from .env at every `pulumi up`: FYERS_EMAIL.');
    for (const value of Object.values(SECRETS)) expect(out).not.toContain(value);
    expect(readFileSync(path.join(at.folder, '.env'), 'utf8')).toContain(ENV);
  });

  test.each([
    ['FYERS_SYMBOLS=SBIN,INDEX:NOPE\n', 'index-NOPE.csv'],
    ['FYERS_HARVESTERS=[{"symbols":["INDEX:MINE"],"feed":"hsm"}]\n', 'line 2'],
    ['FYERS_SYMBOLS=NSE:SBIN-EQ,symbol!\n', 'symbol!'],
    ['FYERS_FEED=x\n', 'must be one of'],
    ['FYERS_SYMBOLS=NSE:NIFTY50-INDEX\nFYERS_FEED=tbt\n', 'feed tbt cannot stream'],
    ['FYERS_EVERY_SECONDS=7\n', 'FYERS_EVERY_SECONDS'],
    ['FYERS_HARVESTERS=SBIN\n', 'must be a list'],
    ['FYERS_HARVESTERS=[{"symbols":["symbol!"]}]\n', 'harvester 0'],
    [
      'FYERS_HARVESTERS=[{"symbols":["SBIN"],"feed":"tbt"},{"symbols":["TCS"],"feed":"hsm"}]\n',
      '2 HSM sockets',
    ],
    ['FYERS_HARVESTERS=[{"symbols":["SBIN"]}]\nFYERS_SYMBOLS=TCS\n', 'keep one'],
    ['FYERS_DAYS=weekdays\n', 'FYERS_DAYS'],
    ['FYERS_ATHENA=on\n', 'FYERS_ATHENA'],
  ])('sets nothing if `pulumi up` would refuse %j', async (lines, words) => {
    await using at = await stageWithPulumi();
    at.write('.env', `${ENV}${lines}`);
    at.write('index-MINE.csv', 'SBIN\nno name\n');
    const { code, err } = await at.run('configure');
    expect(err).toContain(words);
    expect(code).toBe(2);
    expect(at.calls()).toEqual([]);
    const asked = { config: {}, secretKeys: null, environment: {}, root: at.folder };
    expect(JSON.stringify(readSettings(asked))).toContain(words);
  });

  test('configures the stack given by --stack from the folder given by --dir', async () => {
    await using at = await stageWithPulumi();
    mkdirSync(path.join(at.folder, 'mine'));
    at.write('mine/.env', ENV);
    expect((await at.run('configure', '--stack', 'paper', '--dir', 'mine')).code).toBe(0);
    const stacks = at.calls().map(({ args }) => args[args.indexOf('--stack') + 1]);
    expect(stacks).toEqual(Array.from({ length: 5 }, () => 'paper'));
  });

  test('reports all invalid values at once and runs no command', async () => {
    await using at = await stageWithPulumi();
    at.write('.env', 'FYERS_CLIENT_ID=nope\nFYERS_PIN=482\nFYERS_REDIRECT_URI=ftp://x\n');
    const { code, err } = await at.run('configure');
    expect(code).toBe(2);
    expect(err).toMatch(/^operator\.config: 4 problems/);
    for (const words of [
      `FYERS_CLIENT_ID in ${at.folder}/.env line 1 must be the full app id`,
      'must be exactly four digits',
      'must be an https address',
      'FYERS_SECRET_KEY is missing',
    ]) {
      expect(err).toContain(words);
    }
    expect(err).not.toMatch(/nope|482\b/);
    expect(at.calls()).toEqual([]);
  });

  test.each([
    ['there is no .env', null],
    ['its keys are empty', 'FYERS_CLIENT_ID=\n'],
  ])('prints what to write if %s', async (_what, content) => {
    await using at = await stageWithPulumi();
    if (content !== null) at.write('.env', content);
    const { code, err } = await at.run('configure');
    expect(code).toBe(2);
    expect(err).toMatch(/^operator\.config: There is nothing to copy in .*\.env\.example/);
  });

  test('prints how to install Pulumi if it is not on the PATH', async () => {
    await using at = await stageWithPulumi('', false);
    at.write('.env', ENV);
    const { code, err } = await at.run('configure');
    expect(code).toBe(2);
    expect(err).toMatch(/^operator\.prerequisite: There is no `pulumi` on the PATH\. .*install/);
  });

  test.each([
    ['no stack is selected', 'stack:no stack selected;', 'pulumi stack init dev', 1],
    ['Pulumi is not logged in', 'stack:PULUMI_ACCESS_TOKEN must be set', 'pulumi login --local', 1],
    ['a passphrase is missing', 'config:passphrase must be set', 'PULUMI_CONFIG_PASSPHRASE', 2],
    ['the passphrase is wrong', 'config:incorrect passphrase', 'set it again: `read -rs', 2],
  ])('prints the next step if %s, and stops', async (_what, fail, words, calls) => {
    await using at = await stageWithPulumi(fail);
    at.write('.env', ENV);
    const { code, err } = await at.run('configure');
    expect(code).toBe(2);
    expect(err).toContain(words);
    expect(at.calls()).toHaveLength(calls);
  });

  test('hides a secret that Pulumi repeats in its error', async () => {
    await using at = await stageWithPulumi('secretKey:cannot encrypt');
    at.write('.env', ENV);
    const { err } = await at.run('configure', '--debug');
    expect(err).toContain('cannot encrypt [hidden]');
    expect(err).not.toContain('SECRET1234');
  });

  test('copies the identity and every secret of the table of keys', () => {
    expect(COPIED).toEqual(['clientId', 'secretKey', 'pin', 'redirectUri', 'fyId', 'telegram']);
  });
});
