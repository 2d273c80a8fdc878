import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { unscheduledSession } from '../../../core/recording/log.ts';
import { phaseAt, withoutPhases } from '../../../core/market/phases.ts';
import {
  mayHaveUnscheduledSession,
  unscheduledCheckTimes,
  unscheduledPlan,
} from '../../../core/market/unscheduled.ts';
import { METRICS } from '../../../core/config/names.ts';
import { MINUTE, formatClock, istDate, istInstant, plus } from '../../../core/time.ts';

const SUNDAY = istDate('2026-11-29');
const at = (time: string) => istInstant(SUNDAY, time);

describe('A closed day', () => {
  test.each([
    ['a weekend', '2026-11-29', true],
    ['a holiday', '2026-11-24', true],
    ['a trading day', '2026-11-25', false],
    ['a Sunday that trades', '2026-02-01', false],
    ['a Saturday that the operator closes', '2026-11-28', false],
    ['a trading day that the operator closes', '2026-11-26', false],
  ])('mayHaveUnscheduledSession: %s (%s) is %s', (_what, date, expected) => {
    const overrides = ['2026-11-28', '2026-11-26'].map((each) => {
      return { date: istDate(each), closed: true, why: 'it is known' } as const;
    });
    expect(mayHaveUnscheduledSession(istDate(date), { overrides })).toBe(expected);
  });

  test('is checked six times, at the hours of known special sessions', () => {
    expect(unscheduledCheckTimes(SUNDAY).map((each) => formatClock(each).slice(0, 5))).toEqual([
      '09:20',
      '11:35',
      '11:50',
      '13:50',
      '18:05',
      '18:20',
    ]);
  });

  test.each([
    ['09:20', '09:21', '16:00'],
    ['11:35', '11:36', '16:00'],
    ['15:58', '15:59', '16:00'],
    ['18:20', '18:21', '19:45'],
  ])('is recorded, if it trades at %s, from %s to %s', (now, opens, closes) => {
    expect(unscheduledPlan(SUNDAY, at(now))).toMatchObject({
      name: 'surprise',
      opensAt: at(opens),
      closesAt: at(closes),
      certainty: 'provisional',
    });
  });

  test.each(['00:00', '08:59', '15:59', '16:00', '17:00', '19:44', '23:59'])(
    'is not recorded if it trades at %s, less than a minute before the end of all known hours',
    (now) => {
      expect(unscheduledPlan(SUNDAY, at(now))).toBeNull();
    },
  );

  test('has a plan of whole minutes that begins after the detection, and whose phase is UNKNOWN', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 24 * 60 * MINUTE - 1 }), (ms) => {
        const now = plus(at('00:00'), ms);
        const plan = unscheduledPlan(SUNDAY, now);
        if (plan === null) return;
        expect(plan.opensAt).toBeGreaterThan(now);
        expect(plan.opensAt - now).toBeLessThanOrEqual(MINUTE);
        expect([plan.opensAt % MINUTE, plan.closesAt % MINUTE]).toEqual([0, 0]);
        expect(phaseAt(plan, plan.opensAt)).toMatchObject({ name: 'UNKNOWN' });
        expect(phaseAt(plan, plus(plan.closesAt, -1))).toMatchObject({ name: 'UNKNOWN' });
        expect(phaseAt(plan, plan.closesAt)).toBeNull();
      }),
    );
  });

  test('is logged, if it trades, as an error with the faults metric and the calendar command', () => {
    const { level, metric, message } = unscheduledSession(SUNDAY, at('16:00'));
    expect([level, metric]).toEqual(['error', { name: METRICS.faults, value: 1 }]);
    expect(message).toContain('`./fyers calendar --help`');
  });
});

test('withoutPhases returns a special session without phases for a plan that the calendar no longer has', () => {
  const plan = { opensAt: at('09:00'), closesAt: at('16:00'), certainty: 'provisional' } as const;
  expect(
    withoutPhases({ ...plan, date: SUNDAY, session: 'regular', source: 'a log' }),
  ).toMatchObject({ name: 'special', phases: [] });
});
