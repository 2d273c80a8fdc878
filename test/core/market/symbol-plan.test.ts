import { describe, expect, test } from 'vitest';
import { phasesBySymbol, symbolPlan } from '../../../core/market/symbol-plan.ts';
import { type IstDate, formatClock, istDate, istInstant } from '../../../core/time.ts';

function phases(date: string, symbol: string, auction: boolean | null = null): string {
  const plan = symbolPlan(istDate(date), symbol, auction === null ? null : { auction });
  if (plan === null) return 'closed';
  const text = plan.phases.map(
    ({ name, from, to }) =>
      `${name} ${formatClock(from).slice(0, 5)}–${formatClock(to).slice(0, 5)}`,
  );
  return text.join(', ');
}

describe('The plan of a symbol', () => {
  test.each([
    ['a share that closes by auction', '2026-11-25', 'NSE:SBIN-EQ', true, 'CAS_ENTRY 15:20–15:25'],
    [
      'a share that closes by auction, in December',
      '2026-12-07',
      'NSE:SBIN-EQ',
      true,
      'CAS_ENTRY 15:31–15:36',
    ],
    ['a share without derivatives', '2026-11-25', 'NSE:TINY-EQ', false, 'CONTINUOUS 09:15–15:30'],
    ['another series', '2026-11-25', 'NSE:TINY-BE', null, 'CONTINUOUS 09:15–15:30'],
    ['a future', '2026-11-25', 'NSE:NIFTY26NOVFUT', null, 'CONTINUOUS 09:15–15:40'],
    [
      'an option in December',
      '2026-12-07',
      'NSE:NIFTY26DEC24500CE',
      null,
      'CONTINUOUS 09:15–15:45',
    ],
    [
      'an index, with the hours of its derivatives',
      '2026-07-31',
      'NSE:NIFTY50-INDEX',
      null,
      'CONTINUOUS 09:15–15:30',
    ],
  ])('is that of %s', (_what, date, symbol, auction, expected) => {
    expect(phases(date, symbol, auction)).toContain(expected);
  });

  test.each([
    ['2025-10-14', 'NSE:TATAMOTORS-EQ'],
    ['2025-12-05', 'NSE:HINDUNILVR-EQ'],
    ['2026-04-30', 'NSE:VEDL-EQ'],
  ])('begins on %s at ten for %s, and at the usual time for other shares', (date, symbol) => {
    expect(phases(date, symbol, true)).toMatch(
      /^PREOPEN_ENTRY 09:00–10:00, CONTINUOUS 10:00–15:30/,
    );
    expect(phases(date, 'NSE:SBIN-EQ', true)).toContain('CONTINUOUS 09:15–15:30');
  });

  test('is inferred if the eligibility of the symbol is unknown', () => {
    const of = (auction: boolean | null) =>
      symbolPlan(istDate('2026-11-25'), 'NSE:SBIN-EQ', auction === null ? null : { auction });
    const certainty = (auction: boolean | null, name: string) =>
      of(auction)?.phases.find((phase) => phase.name === name)?.certainty;
    expect(certainty(true, 'CAS_ENTRY')).toBe('sourced');
    // A share without derivatives has no auction.
    expect(certainty(null, 'CAS_ENTRY')).toBe('inferred');
  });

  describe('for a contract of an index', () => {
    const WEEKLY = 'NSE:NIFTY26D0824500CE';
    const [before, last] = [istDate('2026-12-07'), istDate('2026-12-08')];
    const trades = (symbol: string, date: IstDate, expiresOn?: IstDate) => {
      const plan = symbolPlan(date, symbol, { auction: null, expiresOn });
      const found = plan?.phases.findLast(({ name }) => name === 'CONTINUOUS');
      return found && [formatClock(found.to).slice(0, 5), found.certainty];
    };

    test('ends at 15:30 on its last day, and later on the day before', () => {
      expect(trades(WEEKLY, last, last)).toEqual(['15:30', 'sourced']);
      expect(trades(WEEKLY, before, last)).toEqual(['15:45', 'sourced']);
      for (const symbol of ['NSE:BANKNIFTY26DECFUT', 'NSE:FINNIFTY26DEC24500PE']) {
        expect(trades(symbol, last, last)).toEqual(['15:30', 'sourced']);
      }
    });

    test('is inferred if its last day, or the close of a last day, is unknown', () => {
      expect(trades(WEEKLY, last)).toEqual(['15:45', 'inferred']);
      const november = istDate('2026-11-25');
      expect(trades('NSE:NIFTY26N2524500CE', november, november)).toEqual(['15:40', 'inferred']);
      expect(trades('NSE:NIFTY26N2524500CE', november)).toEqual(['15:40', 'inferred']);
    });

    test('differs from a contract of a share, whose last day is like any other', () => {
      expect(trades('NSE:SBIN26DECFUT', last, last)).toEqual(['15:45', 'sourced']);
      expect(trades('NSE:SBIN26DEC800CE', last)).toEqual(['15:45', 'sourced']);
    });
  });

  test('is inferred in all phases of an index', () => {
    for (const date of ['2026-07-31', '2026-11-25', '2026-12-08']) {
      const plan = symbolPlan(istDate(date), 'NSE:NIFTY50-INDEX', null);
      expect(new Set(plan?.phases.map(({ certainty }) => certainty))).toEqual(
        new Set(['inferred']),
      );
    }
    const open = symbolPlan(istDate('2026-11-08'), 'NSE:NIFTY50-INDEX', null);
    expect(open?.certainty).toBe('provisional');
  });

  test('is null on a holiday, and on a day that the operator closes', () => {
    expect(phases('2026-11-24', 'NSE:SBIN-EQ', true)).toBe('closed');
    const own = {
      overrides: [{ date: istDate('2026-11-25'), closed: true as const, why: 'an election' }],
    };
    expect(symbolPlan(istDate('2026-11-25'), 'NSE:SBIN-EQ', { auction: true }, own)).toBeNull();
  });

  test('phasesBySymbol returns the phase by the plan of each symbol', () => {
    const phaseOf = phasesBySymbol(new Map([['NSE:TINY-EQ', { auction: false }]]));
    const at = istInstant(istDate('2026-11-25'), '15:22');
    expect(phaseOf('NSE:SBIN-EQ', at)?.name).toBe('CAS_ENTRY');
    expect(phaseOf('NSE:TINY-EQ', at)?.name).toBe('CONTINUOUS');
    expect(phaseOf('NSE:NIFTY26NOVFUT', at)?.name).toBe('CONTINUOUS');
    expect(phaseOf('NSE:SBIN-EQ', istInstant(istDate('2026-11-25'), '17:00'))).toBeNull();
  });
});
