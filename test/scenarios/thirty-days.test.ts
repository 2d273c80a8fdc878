// Thirty days of the keeper's life, judged from outside. More of them: test/full/scenarios.test.ts.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Emulator, startEmulator } from '../../sandbox/aws/emulator.ts';
import { ROOT } from '../support/source-tree.ts';
import { MONTHS, live } from './months.ts';

let dir = '';
let emulator: Emulator;

beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'fyers-days-'));
  emulator = await startEmulator({ dir, nodeModules: path.join(ROOT, 'node_modules') });
});
afterAll(async () => {
  await emulator.close();
  await rm(dir, { recursive: true });
});

test.for(MONTHS)(
  'Thirty days of $name, with the luck of seed $seed, break no rule',
  { timeout: 120_000 },
  async (month) => {
    const { evidence, objections } = await live(emulator, month);
    expect(objections).toEqual([]);
    const met = new Set(
      evidence.requests
        .filter(({ path: asked }) => asked.startsWith('/api/v3/validate-'))
        .map(({ path: asked, status, code }) => `${asked} ${String(status)} ${String(code)}`),
    );
    // Else the days were too quiet to prove anything.
    for (const answer of [
      '/api/v3/validate-refresh-token 200 null',
      '/api/v3/validate-refresh-token 400 -16',
      '/api/v3/validate-refresh-token 400 -502',
      '/api/v3/validate-authcode 200 null',
    ]) {
      expect(met).toContain(answer);
    }
  },
);
