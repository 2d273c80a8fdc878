import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readEnvText } from '../../../core/config/env-file.ts';
import { ROOT } from '../../support/source-tree.ts';

/** Returns "lines words" for each problem. */
function problemsOf(text: string) {
  return readEnvText(text).problems.map(({ lines, words }) => `${lines.join()} ${words}`);
}

describe('readEnvText', () => {
  test('accepts .env.example with every key in use, and every key that Pulumi.dev.yaml explains', () => {
    const read = (name: string) => readFileSync(path.join(ROOT, name), 'utf8');
    const example = read('.env.example').replaceAll(/^# (?=FYERS_\w+=)/gm, '');
    expect(example.match(/^FYERS_/gm)?.length).toBeGreaterThan(5);
    expect(problemsOf(example)).toEqual([]);
    const explained = [...read('Pulumi.dev.yaml').matchAll(/\[(FYERS_\w+)\]/g)].map(
      ([, key]) => key,
    );
    expect(explained.length).toBeGreaterThan(20);
    const keys = explained.filter((key) => key !== 'FYERS_OPERATOR_DIR');
    expect(problemsOf(keys.map((key) => `${String(key)}=x`).join('\n'))).toEqual([]);
  });

  test.each([
    [
      'the comments and empty values of .env.example',
      '# app\n\nFYERS_CLIENT_ID=\nFYERS_SECRET_KEY=\n',
    ],
    ['export and spaces', 'export FYERS_PIN = 1234\n  FYERS_DAYS=all\t# every day\n'],
    ['line ends of Windows and of old Macs', 'FYERS_PIN=1234\r\nFYERS_DAYS=all\rFYERS_SUFFIX=a'],
    ['quotes of every kind', `FYERS_PIN="1234" # mine\nFYERS_DAYS='all'\nFYERS_SUFFIX=\`a\``],
    ['a # in quotes', 'FYERS_REDIRECT_URI="https://h.in/#/cb"'],
    ['JSON over several lines', `FYERS_HARVESTERS='[\n {"symbols": ["SBIN"]}\n]'\nFYERS_PIN=1234`],
    ['JSON in double quotes', 'FYERS_HARVESTERS="[{"symbols": ["SBIN"]}]"'],
    ['keys of other programs', 'KITE_KEY=a#b\nKITE_KEY=\nSECRET_KEY="x\nPIN=1\nREACT_APP_FYERS=x'],
    ['a colon in place of =, as dotenv does', 'FYERS_PIN: 1234'],
    ['names of the commands and the harvester', 'FYERS_BUCKET=b\nFYERS_DATA_DIR=d\nFYERS_SHARD=1'],
  ])('accepts %s', (_what, text) => {
    expect(problemsOf(text)).toEqual([]);
  });

  test.each([
    ['FYERS_SYMBOL', 'FYERS_SYMBOLS'],
    ['FYERS_CLIENTID', 'FYERS_CLIENT_ID'],
    ['FYERSCLIENT_ID', 'FYERS_CLIENT_ID'],
    ['fyers_client_id', 'FYERS_CLIENT_ID'],
    ['Fyers-Client-Id', 'FYERS_CLIENT_ID'],
    ['FYERS_CLINET_ID', 'FYERS_CLIENT_ID'],
    ['FYRES_PIN', 'FYERS_PIN'],
    ['FYER_SECRET_KEY', 'FYERS_SECRET_KEY'],
    ['FYERS_PNI', 'FYERS_PIN'],
    ['FYERS_SECRET', 'FYERS_SECRET_KEY'],
    ['FYERS_SECRET_ID', 'FYERS_SECRET_KEY'],
    ['FYERS_APP_ID', 'FYERS_CLIENT_ID'],
    ['FYERS_REDIRECT_URL', 'FYERS_REDIRECT_URI'],
    ['FYERS_EMIAL', 'FYERS_EMAIL'],
    ['FYERS_EVERY_SECOND', 'FYERS_EVERY_SECONDS'],
    ['FYERS_USER_NAME', 'FYERS_FY_ID'],
  ])('suggests for the unknown key %s the key %s', (key, known) => {
    expect(problemsOf(`# a\n${key}=CANARY\n`)).toEqual([
      expect.stringMatching(`^2 ${key} is not a key .*Did you mean ${known}\\?`),
    ]);
  });

  test('names the place of the list if an unknown key resembles no other', () => {
    expect(problemsOf('FYERS_BACKUP_WINDOW=CANARY')).toEqual([
      expect.stringMatching(/^1 FYERS_BACKUP_WINDOW .*\.env\.example/),
    ]);
    expect(problemsOf('FYERS_ACCESS_TOKEN=CANARY')).toEqual([
      expect.stringContaining('access_token.txt'),
    ]);
    expect(problemsOf('FYERS_CONSTRUCTOR=x')).toEqual([expect.stringContaining('.env.example')]);
    expect(problemsOf('FYERS_OPERATOR_DIR=x')).toEqual([
      expect.stringContaining('pulumi config set operatorDir'),
    ]);
  });

  test.each([
    ['a key twice', 'FYERS_PIN=1234\n\nFYERS_PIN=CANARY', '1,3 FYERS_PIN is given more than once'],
    ['an empty second one', 'FYERS_PIN=CANARY\nFYERS_PIN=', '1,2 FYERS_PIN is given more'],
    ['a value cut at #', 'FYERS_REDIRECT_URI=https://CANARY.in/#/cb', '1 the value of FYERS_REDI'],
    ['a value that begins with #', 'FYERS_PIN=#CANARY', '1 the value of FYERS_PIN ends at its #'],
    ['an open quote', 'FYERS_PIN="CANARY\nFYERS_DAYS=all', '1 the value of FYERS_PIN begins'],
    ['an open single quote', "FYERS_PIN='CANARY", '1 the value of FYERS_PIN begins with a quote'],
    ['a quote closed later', 'FYERS_PIN="CANARY\nFYERS_DAYS=all"', '1 the quote that opens here'],
    ['text after a quote', 'FYERS_PIN="1234" CANARY', '1 there is text after the closing quote'],
    ['no =', 'FYERS_PIN CANARY', '1 this line is not KEY=value: it has no ='],
    ['a colon', 'FYERS_PIN:CANARY', '1 this line is not KEY=value: it has a colon'],
    ['a space in the name', 'FYERS PIN=CANARY', '1 this line is not KEY=value: a name is one'],
    [
      'an assignment of PowerShell',
      '$env:FYERS_PIN=CANARY',
      '1 this line is not KEY=value: it begins',
    ],
    [
      'an assignment of cmd.exe',
      'set FYERS_PIN=CANARY',
      '1 this line is not KEY=value: it begins with "set"',
    ],
    [
      'a comment that begins with //',
      '// CANARY',
      '1 this line is not KEY=value: comments begin with #',
    ],
    ['a value on the next line', 'FYERS_DAYS=\nCANARY', '2 this line is not KEY=value'],
    [
      'an invisible character',
      '\u200bFYERS_PIN=CANARY',
      '1 this line is not KEY=value: it contains',
    ],
    [
      'an invisible character in a value',
      'FYERS_PIN=CANARY\u200b',
      '1 the value of FYERS_PIN contains an invisible',
    ],
    ['typographic quotes', 'FYERS_PIN=“CANARY”', '1 the value of FYERS_PIN has typographic quotes'],
    ['a no-break space', 'FYERS_SYMBOLS=A,\u00a0CANARY', '1 the value of FYERS_SYMBOLS contains a'],
    [
      'two keys on one line',
      'FYERS_PIN=CANARY FYERS_DAYS=all',
      '1 there is a second key on this line',
    ],
    ['another program’s open quote', 'OTHER="x\nFYERS_PIN=CANARY"', '1 the quote that opens here'],
  ])('reports %s with its line, and without the value', (_what, text, words) => {
    const problems = problemsOf(text);
    expect(problems).toEqual([expect.stringContaining(words)]);
    expect(problems[0]?.startsWith(words)).toBe(true);
    expect(problems.join()).not.toContain('CANARY');
  });

  test('reports all problems in the order of the lines', () => {
    const text = 'hello\nFYERS_PIN=1\nFYERS_FOO_BAR_BAZ=1\nFYERS_PIN=2\n';
    expect(problemsOf(text).map((problem) => problem.split(' ')[0])).toEqual(['1', '2,4', '3']);
  });

  test('takes time in proportion to the length of the text', () => {
    const once = (text: string) => {
      const from = process.cpuUsage();
      readEnvText(text);
      return process.cpuUsage(from).user;
    };
    /** Alternates, so that a busy moment of the machine affects both. */
    const ratioOf = (long: string, short: string) => {
      let [ofLong, ofShort] = [Infinity, Infinity];
      for (let turn = 0; turn < 8; turn += 1) {
        ofShort = Math.min(ofShort, once(short));
        ofLong = Math.min(ofLong, once(long));
      }
      return Math.max(5_000, ofLong) / Math.max(5_000, ofShort);
    };
    for (const unit of [
      '"',
      'A="\n',
      "A='\\'\n",
      '#',
      '=',
      'FYERS_',
      'A',
      ' ',
      '.',
      'FYERS_A=\n',
    ]) {
      const many = (bytes: number) => unit.repeat(bytes / unit.length);
      expect([unit, ratioOf(many(16_000), many(8_000))]).toEqual([
        unit,
        expect.toSatisfy((ratio: number) => ratio < 4),
      ]);
    }
  });

  test('keeps the keys that follow an unclosed quote', () => {
    const { statements } = readEnvText('FYERS_PIN="1\nFYERS_DAYS=all"\nFYERS_SUFFIX=a\n');
    expect(statements.map(({ key, line }) => [key, line])).toEqual([
      ['FYERS_PIN', 1],
      ['FYERS_DAYS', 2],
      ['FYERS_SUFFIX', 3],
    ]);
  });
});
