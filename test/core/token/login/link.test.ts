import { describe, expect, test } from 'vitest';
import { MINUTE, SECOND, addDays, istDate, istInstant, plus } from '../../../../core/time.ts';
import { newState, readState, stateDay } from '../../../../core/token/login/link.ts';
import { APP } from '../../../support/keeper-fixture.ts';

const WEDNESDAY = istDate('2026-11-25');
const SATURDAY = istDate('2026-11-28');
const NONCE = 'ab'.repeat(16);

const kindAt = (day: typeof WEDNESDAY, issued: number, now = issued) =>
  readState(APP, newState(APP, day, issued as never, NONCE), now as never, {}).kind;

describe('The day of a state', () => {
  test('is today until the session ends, then tomorrow', () => {
    const closes = istInstant(WEDNESDAY, '16:00');
    expect(stateDay(plus(closes, -1), {})).toBe(WEDNESDAY);
    expect(stateDay(closes, {})).toBe(addDays(WEDNESDAY, 1));
    expect(stateDay(istInstant(SATURDAY, '23:59'), {})).toBe(SATURDAY);
  });

  test.each([1, 2, 7, 365])('makes a state expired if it is %i days in the future', (days) => {
    const at = istInstant(WEDNESDAY, '10:00');
    expect(kindAt(addDays(WEDNESDAY, days), at)).toBe('expired');
    expect(kindAt(addDays(SATURDAY, days), istInstant(SATURDAY, '10:00'))).toBe('expired');
  });

  test.each([
    [WEDNESDAY, '10:00'],
    [WEDNESDAY, '15:59'],
    [WEDNESDAY, '16:30'],
    [SATURDAY, '12:00'],
    [SATURDAY, '23:50'],
  ])(
    'keeps a state of %s at %s valid for half an hour, at most until the session closes',
    (date, clock) => {
      const at = istInstant(date, clock);
      expect(kindAt(stateDay(at, {}), at)).toBe('valid');
      const last = plus(at, 30 * MINUTE - SECOND);
      const over = clock === '15:59';
      expect(kindAt(stateDay(at, {}), at, last)).toBe(over ? 'expired' : 'valid');
      expect(kindAt(stateDay(at, {}), at, plus(at, 30 * MINUTE))).toBe('expired');
    },
  );
});
