import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nextSession } from '../../../core/market/calendar.ts';
import { phaseAt, slotAtOrAfter, slotCount, slotsOf } from '../../../core/market/phases.ts';
import { SECOND, istDate, istInstant, plus } from '../../../core/time.ts';
import { anyDate, openPlan } from './plans.ts';

const date = istDate('2026-11-25');
const plan = openPlan(date);
const at = (time: string) => istInstant(date, time);

const anySession = () => anyDate().map((day) => nextSession(istInstant(day, '00:00')));
const anyEvery = () => fc.constantFrom(1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60);

describe('slotsOf', () => {
  test('returns 5,040 slots of five seconds from 09:00 to 16:00', () => {
    const slots = slotsOf(plan, 5);
    expect(slots).toHaveLength(5_040);
    expect(slotCount(plan, 5)).toBe(5_040);
    expect(slots.slice(0, 2)).toEqual([at('09:00'), at('09:00:05')]);
    expect(slots.at(-1)).toBe(at('15:59:55'));
  });

  test('returns 4,500 slots in the continuous phase before the closing auction existed', () => {
    const before = openPlan('2026-07-31');
    const names = slotsOf(before, 5).map((slot) => phaseAt(before, slot)?.name);
    expect(names.filter((name) => name === 'CONTINUOUS')).toHaveLength(4_500);
  });

  test('covers any session exactly: slots times step is its length', () => {
    fc.assert(
      fc.property(anySession(), anyEvery(), (session, every) => {
        const slots = slotsOf(session, every);
        expect(slots).toHaveLength(slotCount(session, every));
        expect(slots.length * every * SECOND).toBe(session.closesAt - session.opensAt);
        expect(slots[0]).toBe(session.opensAt);
        expect(slots.at(-1)).toBe(plus(session.closesAt, -every * SECOND));
      }),
    );
  });

  test('puts every slot into a phase, and a slot on every phase start', () => {
    fc.assert(
      fc.property(anySession(), fc.constantFrom(5, 10, 60), (session, every) => {
        const slots = slotsOf(session, every);
        expect(slots.every((slot) => phaseAt(session, slot) !== null)).toBe(true);
        expect(session.phases.every(({ from }) => slots.includes(from))).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});

describe('slotAtOrAfter', () => {
  test.each([
    ['the day before', plus(at('09:00'), -86_400_000), at('09:00')],
    ['just before the opening', at('08:59:59.999'), at('09:00')],
    ['the opening', at('09:00'), at('09:00')],
    ['just after the opening', at('09:00:00.001'), at('09:00:05')],
    ['just before a slot', at('09:00:04.999'), at('09:00:05')],
    ['a slot', at('09:00:05'), at('09:00:05')],
    ['the last slot', at('15:59:55'), at('15:59:55')],
    ['just after the last slot', at('15:59:55.001'), null],
    ['the close', at('16:00'), null],
  ])('finds the slot for %s', (_, instant, expected) => {
    expect(slotAtOrAfter(plan, 5, instant)).toBe(expected);
  });

  test('returns the first slot of the grid that is not before the instant', () => {
    fc.assert(
      fc.property(
        anySession(),
        fc.constantFrom(5, 30),
        fc.double({ min: -0.1, max: 1.1, noNaN: true }),
        (session, every, share) => {
          const length = session.closesAt - session.opensAt;
          const instant = plus(session.opensAt, Math.round(share * length));
          const expected = slotsOf(session, every).find((slot) => slot >= instant) ?? null;
          expect(slotAtOrAfter(session, every, instant)).toBe(expected);
        },
      ),
    );
  });
});
