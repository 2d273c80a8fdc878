// Runs the keeper twice with different secrets, and compares all its outputs.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Emulator, startEmulator } from '../../sandbox/aws/emulator.ts';
import { ROOT } from '../support/source-tree.ts';
import { EXPECTED_DIFFERENCES, maskDifferences } from './expected-differences.ts';
import { type Secrets, type Outputs, runSecretDays } from './secret-days.ts';

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

const CLASSES: readonly (keyof Outputs)[] = [
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

describe('Two runs with different PINs, app secrets and tokens', { timeout: 120_000 }, () => {
  let one: Outputs;
  let other: Outputs;

  /** Each run has its own emulator, so that all names are equal. */
  async function runWith(secrets: Secrets): Promise<Outputs> {
    const dir = await mkdtemp(path.join(tmpdir(), 'fyers-secrets-'));
    const options = { dir, nodeModules: path.join(ROOT, 'node_modules') };
    const emulator: Emulator = await startEmulator(options);
    try {
      return await runSecretDays(emulator, secrets);
    } finally {
      await emulator.close();
      await rm(dir, { recursive: true });
    }
  }

  beforeAll(async () => {
    one = await runWith(ONE);
    other = await runWith(OTHER);
  }, 120_000);

  test.for(CLASSES)('have the same bytes in their %s', (kind) => {
    expect(one[kind].length).toBeGreaterThan(0);
    expect(other[kind].map(maskDifferences)).toEqual(one[kind].map(maskDifferences));
  });

  test.for(EXPECTED_DIFFERENCES)('have the expected difference: $reason', ({ pattern }) => {
    const all = Object.values(one).flat().join('\n');
    expect(all).toMatch(new RegExp(pattern.source, pattern.flags.replace('g', '')));
  });
});
