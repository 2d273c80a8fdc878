// Tests how the commands read and reject input from files, flags and variables.
import { describe, expect, test } from 'vitest';
import { operatorToken } from '../support/operator-token.ts';
import { openStagePerTest, stage } from './cli-harness.ts';

const cli = openStagePerTest();

const APP = 'FYERS_CLIENT_ID=ABCD1234EF-100\nFYERS_SECRET_KEY=ABC123DEF4\n';

describe('An invalid line of .env', () => {
  test.each<[string, ...string[]]>([
    ['tokens', '--offline'],
    ['login', '--no-open'],
    ['status', '--offline'],
    ['refresh', '--local'],
    ['harvest', '--days', '1'],
    ['ssm', 'list'],
    ['configure', '--dir', '.'],
  ])('stops %s %s before it does anything', async (...argv) => {
    cli.write('.env', `${APP}FYERS_SYMBOL=CANARY\n`);
    const { code, out, err } = await cli.run(...argv);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(/^operator\.config: 1 problem/);
    expect(err).toMatch(/\.env line 3: FYERS_SYMBOL .*Did you mean FYERS_SYMBOLS\?/);
    expect(err).not.toContain('CANARY');
  });
});

describe('An endpoint with http', () => {
  test.each([
    ['in .env', `${APP}FYERS_API_URL=http://somewhere\n`, {}, /\.env line 3 must be an https/],
    [
      'in the environment',
      APP,
      { FYERS_API_URL: 'http://somewhere' },
      /environment must be an htt/,
    ],
  ])(
    '%s is refused by every command that would send a token to it',
    async (_w, text, env, words) => {
      for (const argv of [['tokens'], ['login', '--paste'], ['refresh', '--local'], ['harvest']]) {
        await using at = await stage({ env });
        at.write('.env', text);
        const { code, err } = await at.run(...argv);
        expect(err).toMatch(words);
        expect(code).toBe(2);
      }
    },
  );

  test('of the symbol master or of Telegram is refused too', async () => {
    await using at = await stage({ piped: '123456:abcdefghijklmnopqrstuvwxyz' });
    at.write('.env', `${APP}FYERS_MASTER_URL=http://somewhere\n`);
    expect((await at.run('harvest')).err).toMatch(/FYERS_MASTER_URL in .*\.env line 3 must be/);
    at.write('.env', `${APP}FYERS_TELEGRAM_API_URL=http://somewhere\n`);
    expect((await at.run('telegram')).err).toMatch(/FYERS_TELEGRAM_API_URL in .* line 3 must be/);
  });
});

describe('An invalid setting of the harvester', () => {
  test('is reported with the flag, the line or the variable that holds it', async () => {
    await using at = await stage({ env: { FYERS_EVERY_SECONDS: '7' } });
    at.write('.env', `${APP}\nFYERS_SYMBOLS=A*\n`);
    const { err } = await at.run('harvest');
    expect(err).toMatch(/FYERS_SYMBOLS in .*\.env line 4: symbol "A\*"/);
    expect(err).toContain('FYERS_EVERY_SECONDS in the environment: seconds between slots "7"');
    const flags = await at.run('harvest', '--symbols', 'B*', '--every', '9');
    expect(flags.err).toMatch(/^operator\.config: --symbols: symbol "B\*" .*; --every: seconds/);
  });
});

describe('An invalid date', () => {
  const COMMANDS: readonly [string, ...string[]][] = [
    ['report', 'DATE'],
    ['check', 'DATE'],
    ['export', 'DATE', '--to', 'x.csv'],
    ['replay', 'DATE'],
    ['compact', 'DATE'],
    ['import', 'DATE'],
    ['calendar', 'DATE'],
    ['inspect', 'SBIN', '--date', 'DATE'],
    ['report', 'DATE', '--bucket', 'x'],
  ];

  test.each(COMMANDS)('is reported with a suggestion or a reason by %s', async (...argv) => {
    for (const [text, words] of [
      ['2026-13-40', 'there is no month 13'],
      ['25-11-2026', 'did you mean 2026-11-25?'],
    ] as const) {
      const given = argv.map((each) => (each === 'DATE' ? text : each));
      const { code, err } = await cli.run(...given);
      expect(err).toMatch(/^operator\.usage: /);
      expect(err).toContain('YYYY-MM-DD');
      expect(err).toContain(words);
      expect(code).toBe(2);
    }
  });

  test.each([['report'], ['check'], ['replay'], ['compact']])(
    'in the future is reported by %s',
    async (command) => {
      const { code, err } = await cli.run(command, '2026-12-02');
      expect(err).toContain('2026-12-02 is in the future');
      expect(code).toBe(2);
    },
  );
});

describe('A value for Parameter Store', () => {
  test('that is too large is refused before a request to AWS', async () => {
    const [head, body] = operatorToken('access_token', '2026-11-24T09:00:00+05:30').split('.');
    await using at = await stage({
      parameters: 'unreachable',
      piped: `${head ?? ''}.${body ?? ''}.${'s'.repeat(4_500)}`,
    });
    const { code, err } = await at.run('ssm', 'set', 'FYERS_ACCESS_TOKEN');
    expect(code).toBe(4);
    expect(err).toMatch(/over the 4096 of a standard parameter/);
    expect(err).not.toContain('Check the connection');
    expect(err).not.toContain('sssss');
  });
});
