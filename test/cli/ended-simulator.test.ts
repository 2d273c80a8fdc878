// The terminal of an operator who exported the settings of `npm start -- --keep`, after that run has ended.
import { describe, expect, test } from 'vitest';
import { mintToken } from '../../sandbox/fyers/tokens.ts';
import { APP, SEED, SEVEN } from '../sandbox/fyers/simulator.ts';
import { examined } from './doctor-fixture.ts';
import { freePort, simulatedFyers, folderFor, human } from './login-stage.ts';
import { withPulumi } from './pulumi-stand-in.ts';

const FIX = 'unset AWS_ENDPOINT_URL AWS_REGION';

async function endedRun(own: Readonly<Record<string, string>> = {}) {
  const [aws, fyers] = [await freePort(), await freePort()].map(
    (port) => `http://127.0.0.1:${String(port)}`,
  ) as [string, string];
  const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'test' };
  const at = await withPulumi('', true, {
    env: { AWS_ENDPOINT_URL: aws, FYERS_API_URL: fyers, FYERS_BUCKET: 'fyers-harvest', ...own },
    aws: { endpoint: aws, region: 'ap-south-1', credentials, maxAttempts: 1 },
  });
  at.write('.env', `FYERS_CLIENT_ID=${APP.id}\nFYERS_SECRET_KEY=${APP.secret}\n`);
  at.write('access_token.txt', mintToken(SEED, APP, 'access_token', SEVEN));
  return { at, aws, fyers };
}

describe('with the settings of a simulator that has ended', () => {
  test.each([
    ['status'],
    ['tokens'],
    ['tokens --use-ssm'],
    ['logs refresh'],
    ['ssm list'],
    ['refresh --local'],
    ['refresh --aws'],
    ['test-alert'],
    ['takeover'],
    ['login'],
    ['login --aws'],
    ['harvest'],
    ['harvest --use-ssm'],
    ['doctor'],
    ['doctor --live'],
    ['check 2026-11-24 --bucket fyers-harvest'],
    ['export 2026-11-24 --bucket fyers-harvest --to day.csv'],
  ])('./fyers %s names the variable and the way out', async (command) => {
    const { at, aws, fyers } = await endedRun();
    await using _at = at;
    const { code, out, err } = await at.run(...command.split(' '));
    const all = `${out}\n${err}`;
    expect(code).toBeGreaterThan(1);
    expect(all).toContain(FIX);
    expect(
      all.includes(`AWS_ENDPOINT_URL is ${aws}`) || all.includes(`FYERS_API_URL is ${fyers}`),
    ).toBe(true);
    expect(all).not.toContain('./fyers doctor` and');
  });

  test('doctor gives it as the fix of the checks that it stops', async () => {
    const { at } = await endedRun();
    await using _at = at;
    const { found } = await examined(at, '--live');
    expect(found['AWS identity']?.fix).toContain(FIX);
    expect(found['Live book']?.fix).toContain(FIX);
  });

  test('login opens no page, and one whose Fyers is up does', async () => {
    const { at } = await endedRun();
    await using _at = at;
    expect((await at.run('login')).err).not.toContain('generate-authcode');
    await using fyers = await simulatedFyers();
    const { person, open } = human();
    await using up = await folderFor(fyers, { person, open, env: { FYERS_API_URL: fyers.url } });
    expect((await up.run('login')).code).toBe(0);
  });
});

test('a refused connection elsewhere keeps its own fix', async () => {
  const { at } = await endedRun({ AWS_ENDPOINT_URL: '' });
  await using _at = at;
  const { err } = await at.run('ssm', 'list');
  expect(err).not.toContain('unset');
  expect(err).toContain('Check the connection to AWS');
});
