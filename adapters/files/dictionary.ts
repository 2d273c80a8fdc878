// The different values of a column, and which of them each row has: what Parquet calls dictionary encoding.
import type { TextColumn } from '../../core/depth/row-group.ts';

export interface Dictionary<Values> {
  readonly values: Values;
  /** For each row that has a value, its place. */
  readonly indexes: Uint32Array;
}

/** Used again and again: arrays of each column's own would keep the garbage collector busy. */
let memory = memoryFor(0);

function memoryFor(rows: number) {
  const most = Math.floor(rows / 2);
  const table = new Uint32Array(2 ** (bitWidth(most) + 1));
  return { table, values: new Float64Array(most), indexes: new Uint32Array(rows) };
}

/** Null where it would not halve the bytes. It is good until the next call. @param numbers without NaN */
export function numberDictionary(numbers: Float64Array): Dictionary<Float64Array> | null {
  const most = Math.floor(numbers.length / 2);
  if (most === 0) return null;
  if (memory.indexes.length < numbers.length) memory = memoryFor(numbers.length);
  const bits = bitWidth(most) + 1;
  /** Places of values by their hash, one more than they are; open addressing. */
  const table = memory.table.subarray(0, 2 ** bits).fill(0);
  const words = new Uint32Array(numbers.buffer, numbers.byteOffset, 2 * numbers.length);
  const { values, indexes } = memory;
  let count = 0;
  for (let row = 0; row < numbers.length; row += 1) {
    const number = numbers[row] ?? NaN;
    let at = hashOf(words[2 * row] ?? 0, words[2 * row + 1] ?? 0) >>> (32 - bits);
    let place = table[at] ?? 0;
    while (place > 0 && !Object.is(values[place - 1], number)) {
      at = (at + 1) & (table.length - 1);
      place = table[at] ?? 0;
    }
    if (place === 0) {
      if (count === most) return null;
      values[count] = number;
      count += 1;
      place = count;
      table[at] = place;
    }
    indexes[row] = place - 1;
  }
  const indexBytes = (numbers.length * bitWidth(count)) / 8;
  return 2 * (8 * count + indexBytes) > 8 * numbers.length
    ? null
    : { values: values.subarray(0, count), indexes: indexes.subarray(0, numbers.length) };
}

/** The texts that rows have, in the order of their first rows. */
export function textDictionary({ names, places }: TextColumn): Dictionary<readonly string[]> {
  const values: string[] = [];
  const found = new Int32Array(names.length).fill(-1);
  const indexes = new Uint32Array(places.length);
  let count = 0;
  for (const place of places) {
    const name = names[place];
    if (name === undefined) continue;
    if (found[place] === -1) found[place] = values.push(name) - 1;
    indexes[count] = found[place] ?? 0;
    count += 1;
  }
  return { values, indexes: indexes.subarray(0, count) };
}

/** Bits that every index fits into. */
export function bitWidth(values: number): number {
  return Math.ceil(Math.log2(Math.max(1, values)));
}

/** Of the two halves of a double: whole numbers differ in the upper one alone, fractions in both. */
function hashOf(low: number, high: number): number {
  return Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b);
}
