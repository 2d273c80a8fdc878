// Runs more months of the keeper than thirty-days.test.ts.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Emulator, startEmulator } from '../../sandbox/aws/emulator.ts';
import { MORE_MONTHS, runMonth } from '../scenarios/months.ts';
import { ROOT } from '../support/source-tree.ts';

let dir = '';
let emulator: Emulator;

beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'fyers-months-'));
  emulator = await startEmulator({ dir, nodeModules: path.join(ROOT, 'node_modules') });
});
afterAll(async () => {
  await emulator.close();
  await rm(dir, { recursive: true });
});

test.for(MORE_MONTHS)(
  'Thirty days of the keeper ($name, faults of seed $seed) violate no invariant',
  async (month) => {
    const { violations } = await runMonth(emulator, month);
    expect(violations).toEqual([]);
  },
);
