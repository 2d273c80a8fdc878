// Compares the rewritten reference loop with measurements of its script under a stub clock and a stub SDK.
import { describe, expect, test } from 'vitest';
import { type Round, referenceRounds } from '../../bench/reference-harvester.ts';
import { SECOND, formatIst, istDate, istDateAt, istInstant } from '../../core/time.ts';

const MONDAY = istDate('2026-01-05');
const FRIDAY = istDate('2025-12-26');
const TUESDAY = istDate('2025-12-30');

const inFile = (rounds: readonly Round[], date: string) =>
  rounds.filter(({ file }) => file === date);

describe('referenceRounds', () => {
  test.each([
    [300, 3_334],
    [100, 3_914],
    [0, 4_286],
  ])('makes, at %i ms a call, %i rounds a day', (ms, count) => {
    const day = [istInstant(MONDAY, '09:15'), istInstant(MONDAY, '15:30')] as const;
    expect(referenceRounds(...day, 5, () => ms)).toHaveLength(count);
  });

  test('puts the first books of a morning into the file of the previous day, also on weekends', () => {
    const days = [istInstant(FRIDAY, '09:15'), istInstant(TUESDAY, '15:00')] as const;
    const rounds = referenceRounds(...days, 5, () => 0);
    const last = inFile(rounds, '2025-12-26').at(-1);
    expect(last?.stamp).toBe(istInstant(FRIDAY, '15:30') + 1.5 * SECOND);
    expect(formatIst(last?.at ?? days[0])).toContain('09:15');
    expect(istDateAt(last?.at ?? days[0])).toBe('2025-12-27');
    expect(5 * inFile(rounds, '2025-12-27').length).toBe(21_430);
    expect(5 * inFile(rounds, '2025-12-28').length).toBe(21_430);
  });

  test('continues after a call that lasts past the close, until 16:30', () => {
    const stalledAt = istInstant(MONDAY, '15:29') + 50 * SECOND;
    const [from, until] = [istInstant(MONDAY, '15:29'), istInstant(MONDAY, '18:00')];
    const rounds = referenceRounds(from, until, 5, (at) =>
      at >= stalledAt && at < stalledAt + 5 * SECOND ? 1_900 * SECOND : 0,
    );
    const late = rounds.filter(({ at }) => at >= istInstant(MONDAY, '16:00'));
    expect(5 * late.length).toBe(1_625);
    expect(late.at(-1)?.at).toBeLessThan(istInstant(MONDAY, '16:30'));
  });
});
