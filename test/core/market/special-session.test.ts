// Tests special sessions by para 4.2.7 of SEBI's circular of 15 October 2026, not by the shipped data: a closing
// auction of ten minutes, derivatives five minutes longer, a post-close of ten minutes that begins five minutes later.
import { describe, expect, test } from 'vitest';
import type { Override, PhaseTimes } from '../../../core/market/calendar-data.ts';
import type { Eligibility } from '../../../core/market/calendar.ts';
import { symbolPlan } from '../../../core/market/symbol-plan.ts';
import { formatClock, istDate } from '../../../core/time.ts';
import { openPlan } from './plans.ts';

const PREOPEN: readonly PhaseTimes[] = [
  { name: 'BLOCK_DEAL', from: '17:45', to: '18:00' },
  { name: 'PREOPEN_ENTRY', from: '18:00', to: '18:05' },
  { name: 'PREOPEN_LIMIT', from: '18:05', to: '18:10', randomCloseFrom: '18:08' },
  { name: 'PREOPEN_MATCH', from: '18:10', to: '18:12' },
  { name: 'BUFFER', from: '18:12', to: '18:15' },
];
const HOUR: readonly PhaseTimes[] = [{ name: 'CONTINUOUS', from: '18:15', to: '19:15' }];
const EXERCISE: readonly PhaseTimes[] = [
  { name: 'CONTINUOUS', from: '09:15', to: '10:00' },
  { name: 'TRANSITION', from: '10:00', to: '11:30' },
  { name: 'CONTINUOUS', from: '11:30', to: '12:30' },
];

function outline(date: string, phases: readonly PhaseTimes[] | null, shares: Eligibility): string {
  const override: Override = { date: istDate(date), name: 'special', ...(phases && { phases }) };
  const plan = openPlan(date, { overrides: [override], eligibility: shares });
  const clock = (at: (typeof plan)['opensAt']) => formatClock(at).slice(0, 5);
  return [
    clock(plan.opensAt),
    ...plan.phases.map(({ name, to, randomCloseFrom }) => {
      const random = randomCloseFrom === undefined ? '' : `*${clock(randomCloseFrom)}`;
      return `${name}${random} ${clock(to)}`;
    }),
  ].join(' ');
}

const BEFORE =
  '17:45 BLOCK_DEAL 18:00 PREOPEN_ENTRY 18:05 PREOPEN_LIMIT*18:08 18:10 PREOPEN_MATCH 18:12 BUFFER 18:15';
const BEFORE_FUTURES = BEFORE.replace('17:45 BLOCK_DEAL ', '');
const BEFORE_CLOSE = '09:15 CONTINUOUS 10:00 TRANSITION 11:30 CONTINUOUS 12:30';
const AUCTION =
  'CONTINUOUS 19:15 CAS_REF 19:16 CAS_ENTRY 19:21 CAS_LIMIT*19:23 19:25 CAS_MATCH 19:30 TRANSITION 19:35 POSTCLOSE 19:45';

describe('A special session from 7 December 2026', () => {
  test.each<readonly [string, readonly PhaseTimes[], Partial<Record<Eligibility, string>>]>([
    [
      '2027-10-29',
      [...PREOPEN, ...HOUR],
      {
        auction: `${BEFORE} ${AUCTION}`,
        plain: `${BEFORE} CONTINUOUS 19:15 CLOSE_CALC 19:35 POSTCLOSE 19:45`,
        derivative: `${BEFORE_FUTURES} CONTINUOUS 19:30`,
        option: '18:15 CONTINUOUS 19:30',
        expiring: `${BEFORE_FUTURES} CONTINUOUS 19:15`,
        'expiring-option': '18:15 CONTINUOUS 19:15',
      },
    ],
    [
      '2026-12-12',
      EXERCISE,
      {
        auction: `${BEFORE_CLOSE} CAS_REF 12:31 CAS_ENTRY 12:36 CAS_LIMIT*12:38 12:40 CAS_MATCH 12:45 TRANSITION 12:50 POSTCLOSE 13:00`,
        plain: `${BEFORE_CLOSE} CLOSE_CALC 12:50 POSTCLOSE 13:00`,
        option: '09:15 CONTINUOUS 10:00 TRANSITION 11:30 CONTINUOUS 12:45',
      },
    ],
  ])('has the close of the circular on %s, for each kind of symbol', (date, phases, expected) => {
    const kinds = Object.keys(expected) as Eligibility[];
    const found = kinds.map((kind) => [kind, outline(date, phases, kind)] as const);
    expect(Object.fromEntries(found)).toEqual(expected);
  });

  test.each([
    ['the first day', '2026-12-07', '19:45'],
    ['the day before', '2026-12-06', '19:15'],
  ])('has a closing auction from its first day on: %s', (_, date, ends) => {
    expect(outline(date, HOUR, 'auction').slice(-5)).toBe(ends);
  });

  test('names the circular as the source of phases that the operator left out', () => {
    const source = (phases: readonly PhaseTimes[], eligibility: Eligibility) =>
      openPlan('2027-10-29', {
        eligibility,
        overrides: [{ date: istDate('2027-10-29'), source: 'NSE/CMTR/1', phases }],
      }).source;
    expect(source(HOUR, 'auction')).toMatch(/^NSE\/CMTR\/1; the close by SEBI .* para 4\.2\.7/);
    expect(source(HOUR, 'option')).toContain('para 4.2.7');
    expect(source(HOUR, 'expiring')).toBe('NSE/CMTR/1');
    const whole = [...HOUR, { name: 'POSTCLOSE', from: '19:15', to: '19:45' } as const];
    expect(source(whole, 'auction')).toBe('NSE/CMTR/1');
  });

  test('keeps the phases that the operator wrote after trading, also for other eligibilities', () => {
    const written: readonly PhaseTimes[] = [
      ...HOUR,
      { name: 'CAS_ENTRY', from: '19:15', to: '19:25' },
      { name: 'CAS_MATCH', from: '19:25', to: '19:28' },
      { name: 'POSTCLOSE', from: '19:28', to: '19:40' },
    ];
    const of = (shares: Eligibility) => outline('2027-10-29', written, shares);
    expect(of('auction')).toBe(
      '18:15 CONTINUOUS 19:15 CAS_ENTRY 19:25 CAS_MATCH 19:28 POSTCLOSE 19:40',
    );
    expect(of('plain')).toBe('18:15 CONTINUOUS 19:15 CLOSE_CALC 19:28 POSTCLOSE 19:40');
    expect(of('option')).toBe('18:15 CONTINUOUS 19:30');
  });

  test('has the usual hours if the operator wrote none', () => {
    expect(outline('2027-02-07', null, 'auction')).toMatch(
      /^09:00 .* CAS_REF 15:31 .* POSTCLOSE 16:00$/,
    );
    expect(outline('2027-02-07', null, 'option')).toBe('09:15 CONTINUOUS 15:45');
  });

  test('has no auction if it would pass midnight, or if its only phase is UNKNOWN', () => {
    const late: readonly PhaseTimes[] = [{ name: 'CONTINUOUS', from: '06:00', to: '23:59' }];
    for (const shares of ['auction', 'plain', 'option'] as const) {
      expect(outline('2027-02-07', late, shares)).toBe('06:00 CONTINUOUS 23:59');
    }
    const unknown: readonly PhaseTimes[] = [{ name: 'UNKNOWN', from: '18:00', to: '19:00' }];
    expect(outline('2027-02-07', unknown, 'option')).toBe('18:00 UNKNOWN 19:00');
  });
});

describe('The opening of a contract', () => {
  const opens = (date: string, symbol: string, overrides: readonly Override[] = []) => {
    const plan = symbolPlan(istDate(date), symbol, null, { overrides });
    return plan === null ? null : formatClock(plan.opensAt).slice(0, 5);
  };

  test.each([
    ['2026-11-25', 'NSE:NIFTY26NOVFUT', '09:15'],
    ['2026-11-23', 'NSE:NIFTY26NOVFUT', '09:00'],
    // The last Tuesday of November 2026 is a holiday, so its contracts end on Monday.
    ['2026-11-25', 'NSE:NIFTY26DECFUT', '09:00'],
    ['2026-11-23', 'NSE:NIFTY26DECFUT', '09:15'],
    ['2026-12-29', 'NSE:SBIN26DECFUT', '09:00'],
    ['2026-12-30', 'NSE:SBIN26DECFUT', '09:15'],
    ['2026-12-30', 'NSE:SBIN27JANFUT', '09:00'],
    ['2026-12-31', 'NSE:SBIN27FEBFUT', '09:15'],
    ['2026-12-30', 'BSE:SENSEX26DECFUT', '09:00'],
    ['2026-12-07', 'NSE:NIFTY26D0824500CE', '09:15'],
    ['2026-12-07', 'NSE:NIFTY26DEC24500PE', '09:15'],
    ['2025-12-05', 'NSE:NIFTY25DECFUT', '09:15'],
    ['2025-12-08', 'NSE:NIFTY25DECFUT', '09:00'],
  ])('is on %s for %s at %s', (date, symbol, expected) => {
    expect(opens(date, symbol)).toBe(expected);
  });

  test('follows an expiry that an override of the operator moves', () => {
    const overrides = [{ date: istDate('2026-11-24') }];
    expect(opens('2026-11-24', 'NSE:NIFTY26NOVFUT', overrides)).toBe('09:00');
    expect(opens('2026-11-24', 'NSE:NIFTY26DECFUT', overrides)).toBe('09:15');
  });
});
