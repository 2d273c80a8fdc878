import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/full/**'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // What a passing test prints is noise.
    silent: 'passed-only',
  },
});
