import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { tokenFiles } from '../../../adapters/operator/token-folder.ts';
import { operatorToken } from '../../support/operator-token.ts';
import { makeFolderPerTest } from '../../support/temporary-folder.ts';

const folder = makeFolderPerTest();

function write(name: string, text: string): void {
  writeFileSync(path.join(folder.path, name), text);
}

function store() {
  return tokenFiles({ folder: folder.path, onSecret: () => undefined });
}

describe('tokenFiles', () => {
  test('returns a value although another line of .env is invalid', async () => {
    write('.env', 'FYERS_CLIENT_ID=ABCD1234EF-100\nFYERS_SYMBOL=SBIN\n');
    const token = operatorToken('access_token', '2026-11-24T09:00:00+05:30');
    write('access_token.txt', `Bearer ABCD1234EF-100:${token}`);
    expect(await store().read('FYERS_CLIENT_ID')).toBe('ABCD1234EF-100');
    expect(await store().read('FYERS_ACCESS_TOKEN')).toBe(token);
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
