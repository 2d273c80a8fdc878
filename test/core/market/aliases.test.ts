import { describe, expect, test } from 'vitest';
import {
  type ContractAlias,
  parseAlias,
  resolveAlias,
  type Contract,
} from '../../../core/market/symbol-master.ts';
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

function ofContracts(text: string): ContractAlias {
  const parsed = parseAlias(text);
  if (!parsed.ok || parsed.value.kind === 'index') throw new Error(text);
  return parsed.value;
}

function resolve(text: string, spot: number | null = 1_012): string {
  const parsed = parseAlias(text);
  if (!parsed.ok) return parsed.problem;
  const found = resolveAlias(ofContracts(text), {
    contracts: [...OPTIONS, ...FUTURES],
    date: TODAY,
    spot,
  });
  return found.kind === 'contracts'
    ? found.contracts.map(({ symbol }) => symbol).join()
    : found.why;
}

describe('resolveAlias', () => {
  test.each([
    ['FUT:NIFTY', 'F2026-12-01'],
    ['FUT:NIFTY+1', 'F2026-12-29'],
    ['FUT:NIFTY+2', 'F2027-01-26'],
    ['ATM:NIFTY+0CE', '2026-12-01 1000CE'],
    ['ATM:NIFTY+2PE', '2026-12-01 1100PE'],
    ['ATM:NIFTY-2CE', '2026-12-01 900CE'],
  ])('resolves %s to %s', (alias, symbol) => {
    expect(resolve(alias)).toBe(symbol);
  });

  test('chooses the lower of two equally near strikes, and a contract on its last day', () => {
    expect(resolve('ATM:NIFTY+0PE', 1_025)).toBe('2026-12-01 1000PE');
    const last = { contracts: FUTURES, date: istDate('2026-11-24'), spot: null };
    expect(resolveAlias(ofContracts('FUT:NIFTY'), last)).toMatchObject({
      contracts: [{ symbol: 'F2026-11-24' }],
    });
  });

  test.each([
    ['FUT:BANKNIFTY', 'lists 0 future(s) of BANKNIFTY'],
    ['ATM:SBIN+0CE', 'lists no option of SBIN'],
    ['ATM:NIFTY+9CE', 'has no CE 9 strikes from 1012'],
    ['FUT:NIFTY+3', 'must be FUT:'],
    ['ATM:NIFTY', 'must be ATM:'],
    ['ATM:NIFTY+2XX', 'must be ATM:'],
    ['CHAIN:', 'must be CHAIN:'],
    ['CHAIN:NIFTY+1', 'must be CHAIN:'],
    ['CHAIN:XYZ', 'lists no option of XYZ'],
    ['INDEX:', 'must be INDEX:'],
    ['INDEX:../NIFTY', 'must be INDEX:'],
    ['NSE:SBIN-EQ', 'must begin with'],
  ])('returns the reason if %s has no contract: %s', (alias, why) => {
    expect(resolve(alias)).toContain(why);
  });

  test('needs the last price of the underlying for an option', () => {
    expect(resolve('ATM:NIFTY+0CE', null)).toContain('the last price of NIFTY is unknown');
  });

  test('resolves a chain to all strikes of the nearest expiry, by strike, the call first', () => {
    const symbols = resolve('CHAIN:NIFTY', null).split(',');
    expect(symbols).toEqual(
      ['900', '950', '1000', '1050', '1100'].flatMap((strike) =>
        ['CE', 'PE'].map((right) => `2026-12-01 ${strike}${right}`),
      ),
    );
  });

  test('rolls a chain to the next expiry on the day after the last one', () => {
    const on = (date: string, contracts: readonly Contract[]) => {
      const listed = { contracts, date: istDate(date), spot: null };
      const found = resolveAlias(ofContracts('CHAIN:NIFTY'), listed);
      return found.kind === 'contracts'
        ? found.contracts.map(({ symbol }) => symbol.slice(0, 10))
        : [];
    };
    expect(new Set(on('2026-12-01', OPTIONS))).toEqual(new Set(['2026-12-01']));
    expect(new Set(on('2026-12-02', OPTIONS))).toEqual(new Set(['2026-12-29']));
    expect(on('2026-12-02', OPTIONS.toReversed())).toEqual(on('2026-12-02', OPTIONS));
  });
});
