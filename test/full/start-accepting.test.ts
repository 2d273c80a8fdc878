// Runs `npm start` on a special session, with a folder that has only an app, and a broker that accepts refresh tokens.
import path from 'node:path';
import { expect, test } from 'vitest';
import { startRunner } from '../sandbox/start-runner.ts';

const { start, operatorFolder, leftovers } = startRunner();

const ENV = [
  'FYERS_CLIENT_ID=DEMO1234AB-100',
  'FYERS_SECRET_KEY=DEMOSECRET',
  'FYERS_SYMBOLS=NSE:SBIN-EQ',
  'FYERS_EVERY_SECONDS=60',
].join('\n');

test('npm start succeeds with an app and neither tokens nor an e-mail address, on a muhurat evening', async () => {
  const env = await operatorFolder({ '.env': ENV });
  const data = path.join(await operatorFolder({}), 'data');
  const flags = ['--env', env, '--date', '2026-11-08', '--data', data, '--broker', 'accepting'];
  const { code, said } = await start(...flags).ended;
  expect(code, said).toBe(0);
  // From the opening of the pre-open session to the end.
  expect(said).toContain('It adds up.');
  expect(said).toMatch(/inspect NSE:SBIN-EQ --at 18:4\d --date 2026-11-08/);
  // Lines for maintainers are not shown.
  expect(said).not.toMatch(/not modelled|permissions were granted|FYERS_SUFFIX|functionName/);
  expect(await leftovers()).toEqual([]);
});
