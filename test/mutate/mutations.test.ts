import { existsSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../support/source-tree.ts';
import { MUTATIONS } from './mutations/index.ts';
import { occurrences } from './tree.ts';

test('Each mutation has its text once in its file, and existing test files', () => {
  const stale = MUTATIONS.filter(
    (mutation) =>
      occurrences(mutation, ROOT) !== 1 ||
      mutation.tests.some((file) => !existsSync(path.join(ROOT, file))),
  );
  expect(stale.map(({ name, file }) => `${file}: ${name}`)).toEqual([]);
});
