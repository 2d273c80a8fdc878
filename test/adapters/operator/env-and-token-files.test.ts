import { symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readEnvFile, readTokenFiles } from '../../../adapters/operator/env-and-token-files.ts';
import { tokenFiles } from '../../../adapters/operator/token-folder.ts';
import { operatorToken } from '../../support/operator-token.ts';
import { makeFolderPerTest } from '../../support/temporary-folder.ts';

const folder = makeFolderPerTest();

const OLDER = operatorToken('access_token', '2026-11-24T09:00:00+05:30');
const NEWER = operatorToken('access_token', '2026-11-24T09:00:01+05:30');
const REFRESH = operatorToken('refresh_token', '2026-11-20T09:00:00+05:30');

function write(name: string, text: string): void {
  writeFileSync(path.join(folder.path, name), text);
}

describe('readTokenFiles', () => {
  test('returns a notice for each missing file, and no problem', () => {
    expect(readTokenFiles(folder.path)).toEqual({
      accessToken: null,
      refreshToken: null,
      notices: [
        `There is no access_token.txt or daily_token.txt in ${folder.path}.`,
        `There is no refresh_token.txt in ${folder.path}.`,
      ],
      problems: [],
    });
  });

  test.each([
    ['daily_token.txt', 'access_token.txt'],
    ['access_token.txt', 'daily_token.txt'],
  ])(
    'returns the access token that was issued last, here in %s, independent of file times',
    (newer, older) => {
      write(newer, NEWER);
      write(older, OLDER);
      utimesSync(path.join(folder.path, newer), 1, 1);
      expect(readTokenFiles(folder.path)).toMatchObject({ accessToken: NEWER, problems: [] });
    },
  );

  test.each([
    ['two tokens', `${OLDER}\n${NEWER}`, 'has 2 different tokens'],
    ['the other kind of token', REFRESH, 'is a token of the kind refresh_token'],
  ])('reports the file and the fix if its content is %s', (_what, text, why) => {
    write('access_token.txt', text);
    const { accessToken, problems } = readTokenFiles(folder.path);
    expect(accessToken).toBeNull();
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(why);
    expect(problems[0]).toContain(`rm ${path.join(folder.path, 'access_token.txt')}`);
  });

  test('reports a malformed file next to a valid one', () => {
    write('access_token.txt', NEWER);
    write('daily_token.txt', 'x');
    const { accessToken, problems } = readTokenFiles(folder.path);
    expect(accessToken).toBe(NEWER);
    expect(problems).toHaveLength(1);
  });

  test('finds a token in other text, in UTF-16, and only of its app', () => {
    write('daily_token.txt', JSON.stringify({ access_token: NEWER }));
    const bytes = Buffer.from(`\uFEFFABCD1234EF-100:${OLDER}\r\n`, 'utf16le');
    writeFileSync(path.join(folder.path, 'access_token.txt'), bytes);
    expect(readTokenFiles(folder.path, 'ABCD1234EF-100')).toMatchObject({
      accessToken: NEWER,
      problems: [],
    });
    expect(readTokenFiles(folder.path, 'OTHER12345-100').problems).toEqual([
      expect.stringMatching(/access_token\.txt is a token of another app/),
    ]);
  });

  test('reports a file that cannot be read', () => {
    symlinkSync('access_token.txt', path.join(folder.path, 'access_token.txt'));
    expect(readTokenFiles(folder.path).problems).toEqual([
      expect.stringContaining('access_token.txt cannot be read (ELOOP)'),
    ]);
  });
});

const TWICE = 'FYERS_PIN is given more than once, and only line 4 counts. Keep one.';

describe('readEnvFile', () => {
  test('returns no values if there is no .env', () => {
    expect(readEnvFile(folder.path)).toEqual({ values: {}, places: {}, problems: [] });
  });

  test('returns the values, and does not set environment variables', () => {
    write('.env', '# app\nexport FYERS_CLIENT_ID="ABCD1234EF-100"\nFYERS_TEST_ONLY=a # b\n');
    expect(readEnvFile(folder.path).values).toEqual({
      FYERS_CLIENT_ID: 'ABCD1234EF-100',
      FYERS_TEST_ONLY: 'a',
    });
    expect(process.env['FYERS_TEST_ONLY']).toBeUndefined();
  });

  test('returns the line of each value, and of the last one if a key repeats', () => {
    write('.env', '# app\nFYERS_PIN=1234\n\nFYERS_PIN=5678\n');
    expect(readEnvFile(folder.path)).toMatchObject({
      values: { FYERS_PIN: '5678' },
      places: { FYERS_PIN: `${path.join(folder.path, '.env')} line 4` },
      problems: [`${path.join(folder.path, '.env')} lines 2 and 4: ${TWICE}`],
    });
  });

  test('reads values over several lines like dotenv', () => {
    write('.env', 'FYERS_HARVESTERS=\'[\n{"symbols": "SBIN"}]\'\nFYERS_EMAIL="a\\nb"\n');
    expect(readEnvFile(folder.path)).toMatchObject({
      values: { FYERS_HARVESTERS: '[\n{"symbols": "SBIN"}]', FYERS_EMAIL: 'a\nb' },
      problems: [],
    });
  });

  test.each([
    ['UTF-16 as Notepad writes it', Buffer.from('\uFEFFFYERS_PIN=1234\r\n', 'utf16le'), /UTF-16/],
    ['UTF-16 without a mark', Buffer.from('FYERS_PIN=1234\r\n', 'utf16le'), /UTF-16/],
    [
      'UTF-16 with the high byte first',
      Buffer.from('\uFEFFFYERS_PIN=1234\n', 'utf16le').swap16(),
      /UTF-16/,
    ],
    ['Latin-1', Buffer.from('FYERS_PIN=1234\n# Schl\u00fcssel\n', 'latin1'), /not UTF-8: line 2/],
    ['NUL bytes', Buffer.from('FYERS_PIN=1234\n\0\0# x\n'), /NUL bytes, in line 2/],
  ])('reads a file in %s, and reports the encoding', (_what, bytes, words) => {
    writeFileSync(path.join(folder.path, '.env'), bytes);
    const { values, problems } = readEnvFile(folder.path);
    expect(values).toEqual({ FYERS_PIN: '1234' });
    expect(problems).toEqual([expect.stringMatching(words)]);
    expect(problems[0]).toContain('UTF-8');
  });

  test('accepts a byte order mark, and letters of any language in comments', () => {
    write('.env', '\uFEFFFYERS_PIN=1234\r\n# \u0915\u0941\u0902\u091c\u0940\r\n');
    expect(readEnvFile(folder.path)).toMatchObject({ values: { FYERS_PIN: '1234' }, problems: [] });
  });

  test('reports a file that is too large', () => {
    write('.env', '#'.repeat(70_000));
    expect(readEnvFile(folder.path).problems).toEqual([expect.stringContaining('70,000 bytes')]);
  });
});

function store() {
  return tokenFiles({ folder: folder.path, onSecret: () => undefined });
}

describe('tokenFiles', () => {
  test('returns a value although another line of .env is invalid', async () => {
    write('.env', 'FYERS_CLIENT_ID=ABCD1234EF-100\nFYERS_SYMBOL=SBIN\n');
    write('access_token.txt', `Bearer ABCD1234EF-100:${OLDER}`);
    expect(await store().read('FYERS_CLIENT_ID')).toBe('ABCD1234EF-100');
    expect(await store().read('FYERS_ACCESS_TOKEN')).toBe(OLDER);
  });

  test('rejects if .env has a misspelt key, and returns null if it has none', async () => {
    expect(await store().read('FYERS_CLIENT_ID')).toBeNull();
    write('.env', 'FYERS_CLIENTID=ABCD1234EF-100\n');
    await expect(store().read('FYERS_CLIENT_ID')).rejects.toMatchObject({
      code: 'operator.token-file',
      message: expect.stringContaining('FYERS_CLIENT_ID') as unknown,
    });
  });
});
