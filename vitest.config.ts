import path from 'node:path';
import { defineConfig } from 'vitest/config';

const FULL = 'test/full/**';
// These load a function as Lambda does, which reads its environment then, or measure the memory of
// their process: each needs a process of its own. All others share three processes, so that each
// module is loaded three times and not 240 times.
const OWN_PROCESS = [
  'test/errors/provoked.test.ts',
  'test/functions/messages.test.ts',
  'test/functions/login/memory.test.ts',
  'test/functions/refresh/handler.test.ts',
  'test/cli/foreign-recordings.test.ts',
];

// The workers, and the programs that the tests start, load compiled modules.
process.env['NODE_COMPILE_CACHE'] ??= path.join(import.meta.dirname, 'node_modules/.compiled');

export default defineConfig({
  test: {
    // Tests wait for other processes and for the disk: three workers keep two cores busy.
    maxWorkers: 3,
    // Generous, so that a machine half as fast, or a busy one, still passes.
    testTimeout: 90_000,
    hookTimeout: 180_000,
    // What a passing test prints is noise.
    silent: 'passed-only',
    projects: [
      {
        extends: true,
        test: {
          name: 'shared process',
          include: ['test/**/*.test.ts'],
          exclude: [FULL, ...OWN_PROCESS],
          isolate: false,
        },
      },
      { extends: true, test: { name: 'own process', include: OWN_PROCESS } },
    ],
  },
});
