// Makes an empty folder for each test of a file, or one for all of them, and removes it afterwards.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';

/** The folder exists in tests, and in hooks that are registered after this call. */
interface TemporaryFolder {
  readonly path: string;
}

export function makeFolderPerTest(): TemporaryFolder {
  return makeFolder(beforeEach, afterEach);
}

export function makeFolderPerFile(): TemporaryFolder {
  return makeFolder(beforeAll, afterAll);
}

function makeFolder(
  before: (hook: () => void) => void,
  after: (hook: () => void) => void,
): TemporaryFolder {
  let made = '';
  before(() => {
    made = mkdtempSync(path.join(tmpdir(), 'fyers-test-'));
  });
  after(() => {
    rmSync(made, { recursive: true, force: true });
  });
  return {
    get path() {
      return made;
    },
  };
}
