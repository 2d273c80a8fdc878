import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as pulumi from '@pulumi/pulumi';
import { describe, expect, test } from 'vitest';
import { type Settings, readSettings } from '../../../infra/config/load.ts';
import { operatorToken } from '../../support/operator-token.ts';
import { ROOT } from '../../support/source-tree.ts';
import { makeFolderPerTest } from '../../support/temporary-folder.ts';

const CHAT = '7000000001:bot-token-of-telegram/-100200300';

const folder = makeFolderPerTest();

interface Given {
  readonly config?: Readonly<Record<string, string>>;
  readonly secretKeys?: readonly string[] | null;
  readonly env?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

function read({ config = {}, secretKeys = null, env, environment = {} }: Given) {
  if (env !== undefined) writeFileSync(path.join(folder.path, '.env'), env);
  return readSettings({ config, secretKeys, environment, root: folder.path });
}

function settings(given: Given): Settings {
  const result = read(given);
  if (!result.ok) throw new Error(result.problems.join('\n'));
  return result.settings;
}

function problems(given: Given): readonly string[] {
  const result = read(given);
  return result.ok ? [] : result.problems;
}

function valueOf(output: pulumi.Output<string> | null | undefined): Promise<string> {
  return new Promise((resolve) => {
    pulumi.unsecret(output ?? pulumi.output('none')).apply(resolve);
  });
}

describe('Settings', () => {
  test('have defaults, and a missing app is not a problem', () => {
    expect(settings({})).toMatchObject({
      app: null,
      pin: null,
      accessToken: null,
      redirectUri: 'https://trade.fyers.in/api-login/redirect-uri/index.html',
      fyId: null,
      email: null,
      telegram: null,
      harvesters: [{ shard: 0, everySeconds: 5, instanceType: 't4g.micro' }],
      days: 'trading',
      probeRefresh: 'weekly',
      suffix: '',
      subnetId: null,
      budgetDollars: 15,
      deleteData: false,
      dataBucket: null,
      allowedAccountIds: null,
      apiUrl: 'https://api-t1.fyers.in',
      telegramApiUrl: null,
      operatorDir: folder.path,
    });
    expect(settings({}).harvesters[0]?.symbols).toHaveLength(5);
  });

  test('are read from Pulumi first, then from .env, then from the environment', () => {
    const environment = { FYERS_FY_ID: 'XE00003' };
    expect(settings({ environment }).fyId).toBe('XE00003');
    const env = 'FYERS_FY_ID=XD00002\n';
    expect(settings({ environment, env }).fyId).toBe('XD00002');
    expect(settings({ environment, env, config: { fyId: 'XC00001' } }).fyId).toBe('XC00001');
  });

  test('treat an empty line of .env as missing', () => {
    expect(settings({ env: 'FYERS_CLIENT_ID=\nFYERS_SECRET_KEY=\nFYERS_PIN=\n' })).toMatchObject({
      app: null,
      pin: null,
    });
  });

  test('contain the app, the PIN, tokens and Telegram only as Pulumi secrets', async () => {
    const token = operatorToken('access_token', '2026-11-24T09:00:00+05:30');
    writeFileSync(path.join(folder.path, 'access_token.txt'), token);
    const env = 'FYERS_CLIENT_ID=ABCD1234EF-100\nFYERS_SECRET_KEY=CANARY1\nFYERS_PIN=4711\n';
    const config = { telegram: CHAT };
    const { app, pin, accessToken, telegram } = settings({ env, config });
    const secrets = [app?.clientId, app?.secretKey, pin, accessToken, telegram];
    expect(await Promise.all(secrets.map(valueOf))).toEqual([
      'ABCD1234EF-100',
      'CANARY1',
      '4711',
      token,
      CHAT,
    ]);
    const marked: readonly Promise<boolean>[] = secrets.map(
      async (each) => each !== undefined && each !== null && pulumi.isSecret(each),
    );
    expect(await Promise.all(marked)).toEqual([true, true, true, true, true]);
  });

  test('do not change the process environment', () => {
    const before = { ...process.env };
    settings({ env: 'FYERS_FY_ID=XD00002\n' });
    expect(process.env).toEqual(before);
  });

  test.each([
    ['everySeconds', '10', { harvesters: [{ everySeconds: 10 }] }],
    [
      'symbols',
      'NSE:SBIN-EQ, NSE:M&M-EQ',
      { harvesters: [{ symbols: ['NSE:SBIN-EQ', 'NSE:M&M-EQ'] }] },
    ],
    ['symbols', 'SBIN, infy', { harvesters: [{ symbols: ['NSE:SBIN-EQ', 'NSE:INFY-EQ'] }] }],
    [
      'symbols',
      'FUT:NIFTY,ATM:NIFTY+0CE',
      { harvesters: [{ symbols: ['FUT:NIFTY', 'ATM:NIFTY+0CE'] }] },
    ],
    ['days', 'all', { days: 'all' }],
    ['probeRefresh', 'never', { probeRefresh: 'never' }],
    ['deleteData', 'true', { deleteData: true }],
    ['budgetDollars', '0', { budgetDollars: 0 }],
    ['apiUrl', 'http://127.0.0.1:4000/', { apiUrl: 'http://127.0.0.1:4000' }],
    ['telegramApiUrl', 'http://127.0.0.1:4001', { telegramApiUrl: 'http://127.0.0.1:4001' }],
    ['redirectUri', 'loginUrl', { redirectUri: 'loginUrl' }],
    [
      'allowedAccountIds',
      '123456789012,210987654321',
      { allowedAccountIds: ['123456789012', '210987654321'] },
    ],
    ['instanceType', 'c7gd.medium', { harvesters: [{ instanceType: 'c7gd.medium' }] }],
    ['subnetId', 'subnet-0123456789abcdef0', { subnetId: 'subnet-0123456789abcdef0' }],
    ['dataBucket', 'fyers-depth-1234567', { dataBucket: 'fyers-depth-1234567' }],
    ['email', 'a@example.com', { email: 'a@example.com' }],
    ['suffix', 'paper', { suffix: 'paper' }],
  ])('read %s from “%s”', (key, text, expected) => {
    expect(settings({ config: { [key]: text } })).toMatchObject(expected);
  });
});

describe('Problems of the settings', () => {
  test('are reported together, each with the fix for its place, and without a secret', () => {
    writeFileSync(path.join(folder.path, 'refresh_token.txt'), 'CANARY-TOKEN');
    const messages = problems({
      config: { pin: '777', symbols: 'FUT:', sufix: 'x' },
      secretKeys: ['pin'],
      env: 'FYERS_CLIENT_ID=CANARY_ID\n',
      environment: { FYERS_DAYS: 'weekdays' },
    });
    expect(messages).toEqual([
      'sufix in the Pulumi configuration is not a key of this program. Did you mean suffix? Remove it with `pulumi config rm sufix`.',
      expect.stringMatching(
        /^The content of .*refresh_token\.txt is text of 12 characters that is not a token.*`rm .*`\.$/,
      ),
      'FYERS_SECRET_KEY is missing: an app id and its secret go together. Run `pulumi config set --secret secretKey`, or add it to .env.',
      expect.stringMatching(/^FYERS_CLIENT_ID in .*\.env line 1 must be .*\. Correct that line\.$/),
      'pin in the Pulumi configuration must be exactly four digits. Run `pulumi config set --secret pin`.',
      'FYERS_DAYS in the environment must be trading or all. Correct that variable, or run `unset FYERS_DAYS`.',
      expect.stringMatching(
        /^symbols in the Pulumi configuration: symbol "FUT:" must be .*`pulumi config set symbols VALUE`/,
      ),
    ]);
    expect(messages.join('\n').replaceAll(folder.path, '')).not.toMatch(/CANARY|777/);
  });

  test('include every invalid line of .env', () => {
    const env = 'FYERS_SYMBOL=SBIN\nFYERS_PIN=1234\nFYERS_PIN=\nhello\n';
    expect(problems({ env })).toEqual([
      expect.stringMatching(/\.env line 1: FYERS_SYMBOL .*FYERS_SYMBOLS/),
      expect.stringMatching(/\.env lines 2 and 3: FYERS_PIN is given more than once/),
      expect.stringMatching(/\.env line 4: this line is not KEY=value/),
    ]);
  });

  test.each<[string, Given, RegExp]>([
    [
      'Pulumi',
      { config: { symbols: 'A*' } },
      /^symbols in the Pulumi .*`pulumi config set symbols VALUE`\.$/,
    ],
    [
      '.env',
      { env: '\nFYERS_SYMBOLS=A*\n' },
      /^FYERS_SYMBOLS in \S+\.env line 2: .* Correct that line\.$/,
    ],
    [
      'the environment',
      { environment: { FYERS_SYMBOLS: 'A*' } },
      /^FYERS_SYMBOLS in the environment: .*`unset FYERS_SYMBOLS`\.$/,
    ],
  ])('name only %s for a symbol, with the fix for that place', (_where, given, words) => {
    const messages = problems({ ...given, config: { everySeconds: '5', ...given.config } });
    expect(messages).toEqual([expect.stringMatching(words)]);
    expect(messages[0]).not.toContain('everySeconds');
  });

  test('name the place of the seconds, also for several harvesters', () => {
    const env = 'FYERS_EVERY_SECONDS=7\n';
    const expected = [expect.stringMatching(/^FYERS_EVERY_SECONDS in .*\.env line 1: seconds/)];
    expect(problems({ env })).toEqual(expected);
    const harvesters = '[{"symbols": "SBIN"}, {"symbols": "INFY"}]';
    expect(problems({ env, config: { harvesters } })).toEqual(expected);
  });

  test('name both places for too many calls', () => {
    const env = 'FYERS_EVERY_SECONDS=1\n';
    const [messages] = problems({ env, config: { symbols: 'A,B,C' } });
    expect(messages).toMatch(
      /^symbols in the Pulumi configuration and FYERS_EVERY_SECONDS in .* line 1: 3/,
    );
    expect(messages).toMatch(/`pulumi config set symbols VALUE`\. Or: Correct that line\.$/);
  });

  test('include the missing half of an app', () => {
    expect(problems({ env: 'FYERS_CLIENT_ID=ABCD1234EF-100\n' })).toEqual([
      expect.stringContaining('FYERS_SECRET_KEY is missing'),
    ]);
    expect(problems({ env: 'FYERS_SECRET_KEY=SECRET1\n' })).toEqual([
      expect.stringContaining('FYERS_CLIENT_ID is missing'),
    ]);
  });

  test('include a secret that is unencrypted in Pulumi’s configuration', () => {
    const config = { pin: '4711' };
    expect(problems({ config, secretKeys: [] })).toEqual([
      'pin is unencrypted in the Pulumi configuration. Run `pulumi config set --secret pin`.',
    ]);
    expect(problems({ config, secretKeys: ['pin'] })).toEqual([]);
  });

  test('include an operator folder that does not exist', () => {
    expect(problems({ config: { operatorDir: 'nowhere' } })).toEqual([
      `operatorDir in the Pulumi configuration is not a folder: ${path.join(folder.path, 'nowhere')}. Run \`pulumi config set operatorDir VALUE\`.`,
    ]);
  });

  test.each([
    ['pin', '12345'],
    ['everySeconds', '7'],
    ['everySeconds', '1'],
    ['symbols', 'NSE:SBIN-EQ NSE:SBIN-EQ'],
    ['symbols', 'FUT:NIFTY+3'],
    ['symbols', 'ATM:NIFTY'],
    ['redirectUri', 'http://example.com'],
    ['fyId', 'xa'],
    ['email', 'no-address'],
    ['days', 'weekdays'],
    ['suffix', 'Paper'],
    ['subnetId', 'vpc-1'],
    ['instanceType', 't3.micro'],
    ['instanceType', 'micro'],
    ['deleteData', 'yes'],
    ['budgetDollars', '9.99'],
    ['dataBucket', 'My Bucket'],
    ['allowedAccountIds', '123'],
    ['apiUrl', 'ftp://example.com'],
    ['apiUrl', 'https://example.com/"x"'],
    ['apiUrl', 'loginUrl'],
    ['apiUrl', 'http://somewhere'],
    ['apiUrl', 'https://a:b@api-t1.fyers.in'],
    ['telegramApiUrl', 'http://10.0.0.1'],
    ['telegramApiUrl', 'loginUrl'],
    ['telegram', '7000000001:bot-token-of-telegram'],
  ])('include %s with the value “%s”', (key, text) => {
    const messages = problems({ config: { [key]: text } });
    expect(messages).toHaveLength(1);
    expect(messages[0]).toContain(`${key} in the Pulumi configuration`);
  });

  test('never contain the bot token of an invalid Telegram setting', () => {
    const config = { telegram: '7000000001:CANARY-bot-token-of-telegram' };
    expect(problems({ config, secretKeys: ['telegram'] })).toEqual([
      expect.not.stringContaining('CANARY'),
    ]);
  });

  test.each([
    ['FYERS_CLIENT_ID', 'clientId'],
    ['client-id', 'clientId'],
    ['symbol', 'symbols'],
    ['everySecond', 'everySeconds'],
  ])('suggest for the unknown key %s the key %s', (unknown, known) => {
    expect(problems({ config: { [unknown]: 'x' } })).toEqual([
      expect.stringContaining(`Did you mean ${known}?`),
    ]);
  });

  test('refer to Pulumi.dev.yaml, which has its comments below config:', async () => {
    const text = await readFile(path.join(ROOT, 'Pulumi.dev.yaml'), 'utf8');
    expect(text).toMatch(/^config:\n(?: +#.*\n)* +aws:region: ap-south-1$/m);
  });

  test('suggest no key if the unknown key resembles none', () => {
    expect(problems({ config: { backupWindow: 'x' } })).toEqual([
      expect.stringContaining('Pulumi.dev.yaml lists the keys.'),
    ]);
  });
});
