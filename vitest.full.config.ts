import { defineConfig } from 'vitest/config';

// The slower tests: the real Pulumi engine, and what runs whole systems. One file at a time: each has its own emulator.
export default defineConfig({
  test: {
    include: ['test/full/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 300_000,
    silent: 'passed-only',
  },
});
