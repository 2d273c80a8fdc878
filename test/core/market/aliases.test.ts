import { describe, expect, test } from 'vitest';
import { parseAlias, resolveAlias } from '../../../core/market/aliases.ts';
import type { Contract } from '../../../core/market/symbol-master.ts';
import { type IstDate, istDate } from '../../../core/time.ts';

const TODAY = istDate('2026-11-25');
const EXPIRIES = ['2026-11-24', '2026-12-01', '2026-12-29', '2027-01-26'].map(istDate);

function contract(
  over: Partial<Contract> & { readonly symbol: string; readonly expiresOn: IstDate },
): Contract {
  return {
    kind: 'future',
    fyToken: '101126112900001',
    isin: null,
    tick: 0.05,
    lot: 75,
    underlying: 'NIFTY',
    underlyingFyToken: '101000000026000',
    strike: null,
    right: null,
    ...over,
  };
}

const FUTURES = EXPIRIES.map((expiresOn) => contract({ symbol: `F${expiresOn}`, expiresOn }));
/** Two expiries; strikes from 900 to 1100. */
const OPTIONS = EXPIRIES.slice(1, 3).flatMap((expiresOn) =>
  [900, 950, 1000, 1050, 1100].flatMap((strike) =>
    (['CE', 'PE'] as const).map((right) =>
      contract({
        kind: 'option',
        symbol: `${expiresOn} ${String(strike)}${right}`,
        expiresOn,
        strike,
        right,
      }),
    ),
  ),
);

function resolved(text: string, spot: number | null = 1_012): string {
  const parsed = parseAlias(text);
  if (!parsed.ok) return parsed.problem;
  const found = resolveAlias(parsed.value, {
    contracts: [...OPTIONS, ...FUTURES],
    date: TODAY,
    spot,
  });
  return found.kind === 'contract' ? found.contract.symbol : found.why;
}

describe('An alias', () => {
  test.each([
    ['FUT:NIFTY', 'F2026-12-01'],
    ['FUT:NIFTY+1', 'F2026-12-29'],
    ['FUT:NIFTY+2', 'F2027-01-26'],
    ['ATM:NIFTY+0CE', '2026-12-01 1000CE'],
    ['ATM:NIFTY+2PE', '2026-12-01 1100PE'],
    ['ATM:NIFTY-2CE', '2026-12-01 900CE'],
  ])('%s stands for %s', (alias, symbol) => {
    expect(resolved(alias)).toBe(symbol);
  });

  test('takes the lower one of two strikes that are as near, and a contract on its last day', () => {
    expect(resolved('ATM:NIFTY+0PE', 1_025)).toBe('2026-12-01 1000PE');
    const parsed = parseAlias('FUT:NIFTY');
    if (!parsed.ok) throw new Error(parsed.problem);
    const last = { contracts: FUTURES, date: istDate('2026-11-24'), spot: null };
    expect(resolveAlias(parsed.value, last)).toMatchObject({ contract: { symbol: 'F2026-11-24' } });
  });

  test.each([
    ['FUT:BANKNIFTY', 'lists 0 future(s) of BANKNIFTY'],
    ['ATM:SBIN+0CE', 'lists no option of SBIN'],
    ['ATM:NIFTY+9CE', 'has no CE 9 strikes from 1012'],
    ['FUT:NIFTY+3', 'must be FUT:'],
    ['ATM:NIFTY', 'must be FUT:'],
    ['ATM:NIFTY+2XX', 'must be FUT:'],
  ])('%s says why it stands for nothing', (alias, why) => {
    expect(resolved(alias)).toContain(why);
  });

  test('of an option needs a price', () => {
    expect(resolved('ATM:NIFTY+0CE', null)).toContain('the last price of NIFTY is unknown');
  });
});
