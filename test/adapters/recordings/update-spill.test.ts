import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { release } from '../../../adapters/recordings/unzip.ts';
import { updateSpill } from '../../../adapters/recordings/update-spill.ts';
import { HEADING_WIDTH, UPDATE_WIDTH } from '../../../core/stream/update-rows.ts';
import { makeFolderPerTest } from '../../support/temporary-folder.ts';

const LEVEL_WIDTH = UPDATE_WIDTH - HEADING_WIDTH;
const folder = makeFolderPerTest();

/** Numbers that no other message or level has. */
function messageOf(nth: number, levels: number) {
  return {
    heading: Float64Array.from({ length: HEADING_WIDTH }, (_, n) => nth + n / 100),
    cells: Float64Array.from({ length: 500 }, (_, n) => nth + n / 1_000),
    levels,
  };
}

function rowsOf({ heading, cells, levels }: ReturnType<typeof messageOf>) {
  return Array.from({ length: levels }, (_, level) => [
    ...heading,
    ...cells.slice(level * LEVEL_WIDTH, (level + 1) * LEVEL_WIDTH),
  ]);
}

describe('updateSpill', () => {
  // The buffers of one symbol are the largest, and those of 2,500 the smallest.
  test.each([1, 200, 2_500])(
    'returns the rows of each symbol in their order, of %i symbols',
    (planned) => {
      using spill = updateSpill(path.join(folder.path, 'spill'), planned);
      const expected = new Map<string, number[][]>();
      for (let nth = 1; nth <= 8_000; nth += 1) {
        const symbol = `S${String(nth % 3)}`;
        // Whole books, messages of a few levels, and one without.
        const message = messageOf(nth, nth % 50 === 0 ? 100 : nth % 6);
        spill.add(symbol, message);
        const rows = expected.get(symbol) ?? [];
        rows.push(...rowsOf(message));
        expected.set(symbol, rows);
      }
      expect(spill.symbols()).toEqual([...expected.keys()]);
      for (const [symbol, rows] of expected) {
        const found: number[][] = [];
        for (const part of spill.parts(symbol)) {
          const [first = new Float64Array()] = part;
          found.push(...Array.from(first, (_, row) => part.map((column) => column[row] ?? NaN)));
        }
        expect(spill.rows(symbol)).toBe(rows.length);
        // A difference of thousands of rows would take minutes to print.
        const at = found.findIndex((row, n) => row.join() !== rows[n]?.join());
        expect([found.length, found[at]]).toEqual([rows.length, rows[at]]);
      }
      expect([...spill.parts('another')]).toEqual([]);
    },
  );
});

describe('release', () => {
  test('frees memory of its own, with every array of it', () => {
    const bytes = new Uint8Array(Buffer.poolSize + 1);
    const part = bytes.subarray(10, 20);
    release(part);
    expect([bytes.length, part.length, bytes.buffer.byteLength]).toEqual([0, 0, 0]);
  });

  test('leaves the buffer that Node shares between small arrays', () => {
    const [first, second] = [Buffer.from('first'), Buffer.from('second')];
    release(first);
    expect([first.toString(), second.toString()]).toEqual(['first', 'second']);
  });
});
