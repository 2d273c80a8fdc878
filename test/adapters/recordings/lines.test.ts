import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { linesOf, DAY_LOG } from '../../../adapters/recordings/segmented-log.ts';
import { makeFolderPerTest } from '../../support/temporary-folder.ts';

const folder = makeFolderPerTest();

const HEADER = DAY_LOG.header.trimEnd();
/** Lines that are shorter and longer than a read block. */
const line = fc
  .tuple(fc.stringMatching(/^[a-zé,]{1,8}$/), fc.constantFrom(1, 1, 1, 400, 90_000))
  .map(([text, times]) => text.repeat(times));
const part = fc.array(fc.oneof({ weight: 9, arbitrary: line }, fc.constant(HEADER)), {
  minLength: 1,
  maxLength: 30,
});

describe('linesOf', () => {
  test('returns the lines of all files in order, without headers, and marks torn lines', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(part, { minLength: 1, maxLength: 3 }),
        fc.boolean(),
        async (parts, torn) => {
          for (const [index, lines] of parts.entries()) {
            const text = `${HEADER}\n${lines.join('\n')}${torn ? '' : '\n'}`;
            await writeFile(path.join(folder.path, DAY_LOG.nameOf(index)), text);
          }
          const found = (await Array.fromAsync(linesOf(folder.path, DAY_LOG))).flat();
          await Promise.all(
            parts.map((_, index) => rm(path.join(folder.path, DAY_LOG.nameOf(index)))),
          );
          const expected = parts.flatMap((lines) =>
            lines.map((text, at) => ({ text, torn: torn && at === lines.length - 1 })),
          );
          // A header without a line end is a torn line.
          expect(found).toEqual(expected.filter((each) => each.text !== HEADER || each.torn));
        },
      ),
      { numRuns: 60 },
    );
  });
});
