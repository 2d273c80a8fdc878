// Runs thirty days of the keeper, and checks the invariants from outside. More months: scenarios.test.ts.
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Emulator, startEmulator } from '../../sandbox/aws/emulator.ts';
import { ROOT } from '../support/source-tree.ts';
import { makeFolderPerFile } from '../support/temporary-folder.ts';
import { MONTHS, runMonth } from '../scenarios/months.ts';

/** The answers of the broker in all months. */
const met = new Set<string>();
const dir = makeFolderPerFile();
let emulator: Emulator;

beforeAll(async () => {
  emulator = await startEmulator({ dir: dir.path, nodeModules: path.join(ROOT, 'node_modules') });
});
afterAll(() => emulator.close());

test.for(MONTHS)(
  'Thirty days of the keeper ($name, faults of seed $seed) violate no invariant',
  { timeout: 120_000 },
  async (month) => {
    const { evidence, violations } = await runMonth(emulator, month);
    expect(violations).toEqual([]);
    for (const { path: asked, status, code } of evidence.requests) {
      met.add(`${asked} ${String(status)} ${String(code)}`);
    }
  },
);

// Otherwise the days tested too little.
test.for([
  '/api/v3/validate-refresh-token 200 null',
  '/api/v3/validate-refresh-token 400 -16',
  '/api/v3/validate-refresh-token 400 -371',
  '/api/v3/validate-refresh-token 400 -502',
  '/api/v3/validate-refresh-token 503 null',
  '/api/v3/validate-authcode 200 null',
  '/api/v3/profile 401 -17',
])('The months include the broker answer %s', (answer) => {
  expect([...met]).toContain(answer);
});
