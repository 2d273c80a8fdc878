// A laptop: no stack, and for most tests no Pulumi CLI and no AWS credentials either.
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { mintToken } from '../../sandbox/fyers/tokens.ts';
import { APP, SEED, SEVEN } from '../sandbox/fyers/simulator.ts';
import { examined } from './doctor-fixture.ts';
import { withPulumi } from './pulumi-stand-in.ts';

const FOR_AWS = ['Pulumi', 'AWS identity', 'Lambda quota', 'Functions', 'Messages'];
const APP_LINES = `FYERS_CLIENT_ID=${APP.id}\nFYERS_SECRET_KEY=${APP.secret}\n`;
/** As the SDK ends its chain of providers. */
const NONE = 'Could not load credentials from any providers';

interface Laptop {
  readonly env?: string;
  /** False: no `pulumi` on the PATH. */
  readonly hasPulumi?: boolean;
  readonly pulumiFails?: string;
  /** Why the SDK has no credentials; null: it has some, of an AWS that is away. */
  readonly credentials?: string | null;
}

async function laptop({ env, hasPulumi = false, pulumiFails, credentials = NONE }: Laptop = {}) {
  const at = await withPulumi(pulumiFails, hasPulumi, {
    aws: {
      region: 'ap-south-1',
      endpoint: 'http://127.0.0.1:9',
      maxAttempts: 1,
      credentials: () =>
        credentials === null
          ? Promise.resolve({ accessKeyId: 'AKIATEST', secretAccessKey: 'test' })
          : Promise.reject(
              Object.assign(new Error(credentials), { name: 'CredentialsProviderError' }),
            ),
    },
  });
  at.write('.env', env ?? APP_LINES);
  at.write('access_token.txt', mintToken(SEED, APP, 'access_token', SEVEN));
  return at;
}

describe('fyers doctor on a laptop', () => {
  test('has no problem with what only a stack needs', async () => {
    await using at = await laptop();
    const { code, found } = await examined(at);
    for (const name of FOR_AWS) {
      expect(found[name]).toMatchObject({ state: 'skipped', detail: 'only for a stack on AWS' });
    }
    expect(found['App']).toMatchObject({ state: 'ok' });
    expect(code).toBe(0);
  });

  test('asks for an app in .env alone', async () => {
    await using at = await laptop({ env: '' });
    const { found } = await examined(at);
    expect(found['App']?.fix).toMatch(/FYERS_SECRET_KEY into \.env\.$/);
  });

  test('has the login page of a stack for a problem, and names the URL of a laptop', async () => {
    await using at = await laptop({ env: `${APP_LINES}FYERS_REDIRECT_URI=loginUrl\n` });
    const { found } = await examined(at);
    expect(found['Redirect URL']).toMatchObject({ state: 'problem' });
    expect(found['Redirect URL']?.fix).toContain('FYERS_REDIRECT_URI=http://127.0.0.1:8080/');
  });

  test('skips a Pulumi CLI that has no stack', async () => {
    await using at = await laptop({ hasPulumi: true, pulumiFails: 'stack:no stack selected;' });
    expect((await examined(at)).found['Pulumi']).toMatchObject({ state: 'skipped' });
  });

  test.each<[string, Laptop, string, string]>([
    ['a selected stack', { hasPulumi: true }, 'AWS identity', 'aws configure'],
    ['AWS credentials', { credentials: null }, 'Pulumi', 'Install the Pulumi CLI'],
    [
      'AWS credentials that have expired',
      { credentials: 'The SSO session associated with this profile has expired.' },
      'AWS identity',
      'aws sso login',
    ],
  ])('judges both as soon as there is %s', async (_what, given, name, fix) => {
    await using at = await laptop(given);
    const { code, found } = await examined(at);
    expect(code).toBe(2);
    expect(found[name]).toMatchObject({ state: 'problem' });
    expect(found[name]?.fix).toContain(fix);
  });
});

describe('fyers doctor on the Node of `pulumi up`', () => {
  test('has an old one on the PATH for a problem where Pulumi is used', async () => {
    await using at = await laptop({ hasPulumi: true });
    const node = path.join(at.folder, 'bin', 'node');
    rmSync(node);
    writeFileSync(node, '#!/bin/sh\necho v20.20.2\n', { mode: 0o700 });
    const { found } = await examined(at);
    expect(found['Node']).toMatchObject({ state: 'problem' });
    expect(found['Node']?.detail).toContain('Node 20.20.2 of the PATH');
    expect(found['Node']?.fix).toContain('export PATH="$PWD/node_modules/.bin:$PATH"');
    rmSync(node);
    expect((await examined(at)).found['Node']?.fix).toContain('export PATH=');
  });

  test('does not ask for it without Pulumi', async () => {
    await using at = await laptop();
    rmSync(path.join(at.folder, 'bin', 'node'));
    expect((await examined(at)).found['Node']).toMatchObject({ state: 'ok' });
  });
});

test('fyers login names the URL of a laptop before it speaks of credentials', async () => {
  await using at = await laptop({ env: `${APP_LINES}FYERS_REDIRECT_URI=loginUrl\n` });
  const { code, err } = await at.run('login');
  expect(code).toBe(2);
  const url = err.indexOf('FYERS_REDIRECT_URI=http://127.0.0.1:8080/');
  expect(url).toBeGreaterThan(0);
  expect(err.indexOf(NONE)).toBeGreaterThan(url);
});
