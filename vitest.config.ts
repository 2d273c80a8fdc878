import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Vitest would leave one of two cores idle.
    maxWorkers: 2,
    exclude: ['test/full/**'],
    // Generous, so that a machine half as fast, or a busy one, still passes.
    testTimeout: 90_000,
    hookTimeout: 180_000,
    // What a passing test prints is noise.
    silent: 'passed-only',
  },
});
