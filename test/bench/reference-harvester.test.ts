import { expect, test } from 'vitest';
import { referenceStamps } from '../../bench/reference-harvester.ts';
import { istDate, istInstant } from '../../core/time.ts';

const DAY = istDate('2026-01-05');
const opensAt = istInstant(DAY, '09:15');
const closesAt = istInstant(DAY, '15:30');

/** Counted with the reference's own script under a stub clock and a stub SDK. */
test.each([
  [300, 3_334],
  [100, 3_914],
])(
  'The reference’s loop makes at %i ms a call %i rounds a day, as its script does',
  (ms, rounds) => {
    expect(referenceStamps(opensAt, closesAt, 5, ms)).toHaveLength(rounds);
  },
);
