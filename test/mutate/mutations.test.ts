import { existsSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../support/source-tree.ts';
import { MUTATIONS } from './mutations/index.ts';
import { occurrences } from './tree.ts';

test('Each mutation applies: its text is once in its file, and its tests are there', () => {
  const stale = MUTATIONS.filter(
    (mutation) =>
      occurrences(mutation, ROOT) !== 1 ||
      mutation.tests.some((file) => !existsSync(path.join(ROOT, file))),
  );
  expect(stale.map(({ name, file }) => `${file}: ${name}`)).toEqual([]);
});
