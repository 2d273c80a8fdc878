// Runs more months of the keeper than thirty-days.test.ts.
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Emulator, startEmulator } from '../../sandbox/aws/emulator.ts';
import { MORE_MONTHS, runMonth } from '../scenarios/months.ts';
import { ROOT } from '../support/source-tree.ts';
import { makeFolderPerFile } from '../support/temporary-folder.ts';

const dir = makeFolderPerFile();
let emulator: Emulator;

beforeAll(async () => {
  emulator = await startEmulator({ dir: dir.path, nodeModules: path.join(ROOT, 'node_modules') });
});
afterAll(() => emulator.close());

test.for(MORE_MONTHS)(
  'Thirty days of the keeper ($name, faults of seed $seed) violate no invariant',
  async (month) => {
    const { violations } = await runMonth(emulator, month);
    expect(violations).toEqual([]);
  },
);
