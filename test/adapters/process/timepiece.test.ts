import { expect, test } from 'vitest';
import { systemTimepiece } from '../../../adapters/process/clock.ts';
import { timeFaults } from '../../../core/clock-faults.ts';
import { SECOND } from '../../../core/time.ts';

test('systemTimepiece reports no fault between two readings', () => {
  const read = systemTimepiece();
  const [first, second] = [read(), read()];
  expect(timeFaults(first, second)).toEqual([]);
  expect(second.wall).toBeGreaterThanOrEqual(first.wall);
  expect(second.awakeMs).toBeGreaterThan(first.awakeMs);
  expect(second.sinceBootMs).toBeGreaterThanOrEqual(first.sinceBootMs ?? Infinity);
});

test('systemTimepiece reports a stall of the process once', () => {
  const read = systemTimepiece();
  const first = read();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2.5 * SECOND);
  const second = read();
  expect(second.stalledMs).toBeGreaterThan(2 * SECOND);
  expect(timeFaults(first, second).map(({ kind }) => kind)).toEqual(['stalled']);
  expect(timeFaults(second, read())).toEqual([]);
});
