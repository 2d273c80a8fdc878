import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Vitest would leave one of two cores idle.
    maxWorkers: 2,
    exclude: ['test/full/**'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // What a passing test prints is noise.
    silent: 'passed-only',
  },
});
