// Tests doctor on a laptop without a stack; most tests have no Pulumi CLI and no AWS credentials.
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { mintToken } from '../../sandbox/fyers/tokens.ts';
import { APP, SEED, SEVEN } from '../sandbox/fyers/simulator.ts';
import { NO_CREDENTIALS, runDoctor, unreachableAws } from './doctor-fixture.ts';
import { stageWithPulumi } from './pulumi-stand-in.ts';

const FOR_AWS = ['Pulumi', 'AWS identity', 'Lambda quota', 'Functions', 'Messages'];
const APP_LINES = `FYERS_CLIENT_ID=${APP.id}\nFYERS_SECRET_KEY=${APP.secret}\n`;

interface Laptop {
  readonly env?: string;
  /** False if `pulumi` is not on the PATH. */
  readonly hasPulumi?: boolean;
  readonly pulumiFails?: string;
  /** The SDK's error; null if it has credentials but AWS is unreachable. */
  readonly credentials?: string | null;
}

async function createLaptop({ env, hasPulumi = false, pulumiFails, credentials }: Laptop = {}) {
  const aws = unreachableAws(credentials);
  const at = await stageWithPulumi(pulumiFails, hasPulumi, { aws });
  at.write('.env', env ?? APP_LINES);
  at.write('access_token.txt', mintToken(SEED, APP, 'access_token', SEVEN));
  return at;
}

describe('fyers doctor on a laptop', () => {
  test('skips the checks that only a stack on AWS needs', async () => {
    await using at = await createLaptop();
    const { code, found } = await runDoctor(at);
    for (const name of FOR_AWS) {
      expect(found[name]).toMatchObject({ state: 'skipped', detail: 'only for a stack on AWS' });
    }
    expect(found['App']).toMatchObject({ state: 'ok' });
    expect(code).toBe(0);
  });

  test('asks for an app only in .env', async () => {
    await using at = await createLaptop({ env: '' });
    const { found } = await runDoctor(at);
    expect(found['App']?.fix).toMatch(/FYERS_SECRET_KEY into \.env\.$/);
  });

  test('reports a problem if the redirect URL is the login page of a stack, and suggests a loopback URL', async () => {
    await using at = await createLaptop({ env: `${APP_LINES}FYERS_REDIRECT_URI=loginUrl\n` });
    const { found } = await runDoctor(at);
    expect(found['Redirect URL']).toMatchObject({ state: 'problem' });
    expect(found['Redirect URL']?.fix).toContain('FYERS_REDIRECT_URI=http://127.0.0.1:8080/');
  });

  test('skips the Pulumi check if no stack is selected', async () => {
    await using at = await createLaptop({
      hasPulumi: true,
      pulumiFails: 'stack:no stack selected;',
    });
    expect((await runDoctor(at)).found['Pulumi']).toMatchObject({ state: 'skipped' });
  });

  test.each<[string, Laptop, string, string]>([
    ['a stack is selected', { hasPulumi: true }, 'AWS identity', 'aws configure'],
    ['there are AWS credentials', { credentials: null }, 'Pulumi', 'Install the Pulumi CLI'],
    [
      'the AWS credentials have expired',
      { credentials: 'The SSO session associated with this profile has expired.' },
      'AWS identity',
      'aws sso login',
    ],
  ])('requires both Pulumi and AWS if %s', async (_what, given, name, fix) => {
    await using at = await createLaptop(given);
    const { code, found } = await runDoctor(at);
    expect(code).toBe(2);
    expect(found[name]).toMatchObject({ state: 'problem' });
    expect(found[name]?.fix).toContain(fix);
  });
});

describe('The Node check of fyers doctor', () => {
  test('reports a problem if Pulumi is used and the Node on the PATH is old or missing', async () => {
    await using at = await createLaptop({ hasPulumi: true });
    const node = path.join(at.folder, 'bin', 'node');
    rmSync(node);
    writeFileSync(node, '#!/bin/sh\necho v20.20.2\n', { mode: 0o700 });
    const { found } = await runDoctor(at);
    expect(found['Node']).toMatchObject({ state: 'problem' });
    expect(found['Node']?.detail).toContain('Node 20.20.2 of the PATH');
    expect(found['Node']?.fix).toContain('export PATH="$PWD/node_modules/.bin:$PATH"');
    rmSync(node);
    expect((await runDoctor(at)).found['Node']?.fix).toContain('export PATH=');
  });

  test('ignores the Node on the PATH if Pulumi is not used', async () => {
    await using at = await createLaptop();
    rmSync(path.join(at.folder, 'bin', 'node'));
    expect((await runDoctor(at)).found['Node']).toMatchObject({ state: 'ok' });
  });
});

test('fyers login suggests a loopback redirect URL before it reports missing AWS credentials', async () => {
  await using at = await createLaptop({ env: `${APP_LINES}FYERS_REDIRECT_URI=loginUrl\n` });
  const { code, err } = await at.run('login');
  expect(code).toBe(2);
  const url = err.indexOf('FYERS_REDIRECT_URI=http://127.0.0.1:8080/');
  expect(url).toBeGreaterThan(0);
  expect(err.indexOf(NO_CREDENTIALS)).toBeGreaterThan(url);
});
