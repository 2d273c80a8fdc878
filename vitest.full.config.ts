import { defineConfig } from 'vitest/config';

// The slower tests. Two groups run one after the other: first those that a busy machine cannot change, on two workers,
// then those that measure time or memory, or that call a broker with real timeouts, one file at a time.
const TIMEOUT_MS = 600_000;
const shared = { testTimeout: TIMEOUT_MS, hookTimeout: TIMEOUT_MS, silent: 'passed-only' } as const;
const PARALLEL = [
  'cold-start',
  'engine*',
  'options',
  'pandas-market-calendars',
  'permissions',
  'readers',
  'scenarios',
  'stream-sdks',
  'thirty-days*',
  'two-years',
  'unattended',
  'validity',
].map((name) => `test/full/${name}.test.ts`);

export default defineConfig({
  test: {
    silent: 'passed-only',
    projects: [
      {
        test: {
          ...shared,
          name: 'parallel',
          include: PARALLEL,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...shared,
          name: 'serial',
          include: ['test/full/**/*.test.ts'],
          exclude: PARALLEL,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
