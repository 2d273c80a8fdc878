// Tests a shell that still exports the settings of `npm start -- --keep` after that run has ended.
import { describe, expect, test } from 'vitest';
import { mintToken } from '../../sandbox/fyers/tokens.ts';
import { APP, SEED, SEVEN } from '../sandbox/fyers/simulator.ts';
import { runDoctor } from './doctor-fixture.ts';
import { freePort, startSimulatedFyers, createFolder, createPerson } from './login-stage.ts';
import { stageWithPulumi } from './cli-harness.ts';

const FIX = 'unset AWS_ENDPOINT_URL AWS_REGION';

async function setUpEndedRun(own: Readonly<Record<string, string>> = {}) {
  const [aws, fyers] = [await freePort(), await freePort()].map(
    (port) => `http://127.0.0.1:${String(port)}`,
  ) as [string, string];
  const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'test' };
  const at = await stageWithPulumi('', true, {
    env: { AWS_ENDPOINT_URL: aws, FYERS_API_URL: fyers, FYERS_BUCKET: 'fyers-harvest', ...own },
    aws: { endpoint: aws, region: 'ap-south-1', credentials, maxAttempts: 1 },
  });
  at.write('.env', `FYERS_CLIENT_ID=${APP.id}\nFYERS_SECRET_KEY=${APP.secret}\n`);
  at.write('access_token.txt', mintToken(SEED, APP, 'access_token', SEVEN));
  return { at, aws, fyers };
}

describe('Commands with the settings of a simulator that has ended', () => {
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
  ])('./fyers %s names the variable and the fix', async (command) => {
    const { at, aws, fyers } = await setUpEndedRun();
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

  test('doctor prints the fix for each check that the ended simulator breaks', async () => {
    const { at } = await setUpEndedRun();
    await using _at = at;
    const { found } = await runDoctor(at, '--live');
    expect(found['AWS identity']?.fix).toContain(FIX);
    expect(found['Live book']?.fix).toContain(FIX);
  });

  test('login opens no page if the simulator is down, and succeeds if it is up', async () => {
    const { at } = await setUpEndedRun();
    await using _at = at;
    expect((await at.run('login')).err).not.toContain('generate-authcode');
    await using fyers = await startSimulatedFyers();
    const { person, open } = createPerson();
    await using up = await createFolder(fyers, { person, open, env: { FYERS_API_URL: fyers.url } });
    expect((await up.run('login')).code).toBe(0);
  });
});

test('A refused connection to another address keeps its own fix', async () => {
  const { at } = await setUpEndedRun({ AWS_ENDPOINT_URL: '' });
  await using _at = at;
  const { err } = await at.run('ssm', 'list');
  expect(err).not.toContain('unset');
  expect(err).toContain('Check the connection to AWS');
});
