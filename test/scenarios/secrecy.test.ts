// Two lives of the keeper that differ in their secrets alone write the same bytes.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Emulator, startEmulator } from '../../sandbox/aws/emulator.ts';
import { ROOT } from '../support/source-tree.ts';
import { MASKS, masked } from './expected-differences.ts';
import { type Secrets, type Written, liveThrough } from './secret-days.ts';

const ONE: Secrets = {
  pin: '4826',
  appSecret: 'CANARYSECRET',
  seed: 'one',
  wrongPins: ['4827', '4828'],
  wrongAppSecret: 'CANARYSECRAT',
  malformedAppSecret: 'CANARY SECRET',
};
const OTHER: Secrets = {
  pin: '9173',
  appSecret: 'QUITEANOTHERCANARY',
  seed: 'other',
  wrongPins: ['0173', '9172'],
  wrongAppSecret: 'QUITEANOTHER',
  malformedAppSecret: 'QUITE ANOTHER CANARY',
};

const CLASSES: readonly (keyof Written)[] = [
  'logs',
  'messages',
  'pages',
  'errors',
  'answers',
  'states',
  'claims',
  'commands',
  'files',
];

describe('Two runs with two PINs, app secrets and sets of tokens', { timeout: 120_000 }, () => {
  let one: Written;
  let other: Written;

  /** Each with an AWS of its own, so that even the names are the same. */
  async function life(secrets: Secrets): Promise<Written> {
    const dir = await mkdtemp(path.join(tmpdir(), 'fyers-secrets-'));
    const options = { dir, nodeModules: path.join(ROOT, 'node_modules') };
    const emulator: Emulator = await startEmulator(options);
    try {
      return await liveThrough(emulator, secrets);
    } finally {
      await emulator.close();
      await rm(dir, { recursive: true });
    }
  }

  beforeAll(async () => {
    one = await life(ONE);
    other = await life(OTHER);
  }, 120_000);

  test.for(CLASSES)('write some %s, and the same bytes in both', (kind) => {
    expect(one[kind].length).toBeGreaterThan(0);
    expect(other[kind].map(masked)).toEqual(one[kind].map(masked));
  });

  test.for(MASKS)('need the mask: $reason', ({ pattern }) => {
    const all = Object.values(one).flat().join('\n');
    expect(all).toMatch(new RegExp(pattern.source, pattern.flags.replace('g', '')));
  });
});
