// Resolves the symbols of a day with the simulator's master and prices, and without them.
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dayFolders } from '../../adapters/recordings/data-folder.ts';
import { lastPrices } from '../../adapters/fyers/market-status.ts';
import { symbolMaster } from '../../adapters/fyers/symbol-master.ts';
import { istDate, istInstant } from '../../core/time.ts';
import { type NameResolverOptions, nameResolver } from '../../harvester/symbols.ts';
import { type FyersSimulator, startFyers } from '../../sandbox/fyers/server.ts';
import { mintToken } from '../../sandbox/fyers/tokens.ts';
import { recordDay } from '../support/recorded-day.ts';
import { shortSession } from '../support/depth.ts';
import { SIMULATED_APP } from '../support/keeper-fixture.ts';
import { UNGUARDED } from '../support/rest-feed.ts';
import { makeFolderPerTest } from '../support/temporary-folder.ts';

const DATE = istDate('2026-11-25');
const OPENING = istInstant(DATE, '09:00');
const BOUNDS = { timeoutMs: 20_000, signal: new AbortController().signal };
let fyers: FyersSimulator;
const dataDir = makeFolderPerTest();
beforeAll(async () => {
  fyers = await startFyers({
    seed: 'names',
    apps: [SIMULATED_APP],
    refresh: 'refused',
    startsAt: OPENING,
  });
  fyers.setClock(OPENING);
});
afterAll(() => fyers.close());

const authorization = () =>
  `${SIMULATED_APP.id}:${mintToken('names', SIMULATED_APP, 'access_token', OPENING - 1_000)}`;

async function resolveNames(names: readonly string[], over: Partial<NameResolverOptions> = {}) {
  const resolve = nameResolver({
    names,
    days: dayFolders(dataDir.path),
    master: symbolMaster({
      masterUrl: `${fyers.url}/sym_details`,
      folder: path.join(dataDir.path, 'symbols'),
    }),
    lastPrices: (symbols, bounds) =>
      lastPrices({
        apiUrl: fyers.url,
        symbols,
        authorization: authorization(),
        guard: UNGUARDED,
        ...bounds,
      }),
    calendar: {},
    ...over,
  });
  return resolve(DATE, BOUNDS);
}

describe('nameResolver', () => {
  test('returns identity, tick, lot and whether a share closes by auction', async () => {
    const { symbols, facts, unknown, problems } = await resolveNames(['NSE:SBIN-EQ', 'NSE:M&M-EQ']);
    expect(symbols).toEqual(['NSE:SBIN-EQ', 'NSE:M&M-EQ']);
    expect({ unknown, problems }).toEqual({ unknown: [], problems: [] });
    expect(facts).toEqual([
      expect.objectContaining({
        symbol: 'NSE:SBIN-EQ',
        alias: null,
        tick: 0.05,
        lot: 1,
        auction: true,
      }),
      // The simulator's last share has no derivatives.
      expect.objectContaining({ symbol: 'NSE:M&M-EQ', auction: false }),
    ]);
    for (const { isin, fyToken } of facts) {
      expect(isin).toMatch(/^INE\d{3}A01018$/);
      expect(fyToken).toMatch(/^\d{11,}$/);
    }
  });

  test('resolves aliases to contracts that the broker lists', async () => {
    const names = ['FUT:NIFTY', 'FUT:NIFTY+1', 'ATM:NIFTY+0CE', 'ATM:NIFTY-1PE'];
    const { symbols, facts, unknown } = await resolveNames(names);
    expect(unknown).toEqual([]);
    expect(facts.map(({ alias }) => alias)).toEqual(names);
    expect(symbols[0]).toMatch(/^NSE:NIFTY26[A-Z]{3}FUT$/);
    expect(symbols[2]).toMatch(/^NSE:NIFTY\d{2}.+CE$/);
    for (const symbol of symbols) expect(fyers.state.isListed(symbol, OPENING)).toBe(true);
    // The last Tuesdays of two months, and the next Tuesday.
    expect(facts.map(({ expiresOn }) => expiresOn)).toEqual([
      '2026-12-29',
      '2027-01-26',
      '2026-12-01',
      '2026-12-01',
    ]);
  });

  test('returns no expiry for a share', async () => {
    const { facts } = await resolveNames(['NSE:SBIN-EQ']);
    expect(facts[0]).not.toHaveProperty('expiresOn');
  });

  test('returns the recorded symbols after a restart, without a lookup', async () => {
    const first = await resolveNames(['ATM:NIFTY+0CE']);
    const { folder } = await recordDay({
      dataDir: dataDir.path,
      session: shortSession(OPENING),
      state: 'running',
    });
    expect(folder).toBeDefined();
    const days = dayFolders(dataDir.path);
    const logs = await days.open(DATE);
    await logs.record(first.facts.map((fact) => ({ event: 'symbol', at: OPENING, ...fact })));
    await logs.close();
    const again = await resolveNames(['ATM:NIFTY+0CE'], {
      master: () => Promise.reject(new Error('must not be called')),
      lastPrices: () => Promise.reject(new Error('must not be called')),
    });
    expect(again.facts).toEqual(first.facts);
  });

  test('returns symbols without facts, and an alias as unknown, if there is no master', async () => {
    const { symbols, unknown, facts, problems } = await resolveNames(['NSE:SBIN-EQ', 'FUT:NIFTY'], {
      master: () => Promise.resolve({ file: null, problem: 'NSE_CM.csv: answered HTTP 503' }),
    });
    expect(symbols).toEqual(['NSE:SBIN-EQ']);
    expect(unknown).toEqual([
      { alias: 'FUT:NIFTY', why: expect.stringContaining('0 future(s)') as unknown },
    ]);
    expect(facts).toEqual([
      expect.objectContaining({ symbol: 'NSE:SBIN-EQ', isin: null, auction: null }),
    ]);
    expect(problems.join()).toContain('answered HTTP 503; there is no earlier one');
  });

  test('returns the last price of the previous recorded day', async () => {
    const session = {
      ...shortSession(istInstant(istDate('2026-11-23'), '15:59')),
      date: istDate('2026-11-23'),
    };
    await recordDay({
      dataDir: dataDir.path,
      session,
      symbols: ['NSE:SBIN-EQ'],
      book: () => ({ lastPrice: 431.7 }),
    });
    const { facts } = await resolveNames(['NSE:SBIN-EQ']);
    expect(facts[0]?.lastClose).toBe(431.7);
  });

  test('reports a symbol that the master does not list, and keeps it', async () => {
    const { symbols, problems } = await resolveNames(['NSE:NOSUCH-EQ']);
    expect(symbols).toEqual(['NSE:NOSUCH-EQ']);
    expect(problems).toEqual(['the symbol master does not list NSE:NOSUCH-EQ']);
  });

  test('reads the lists of BSE for its symbols, and does not know their closing auction', async () => {
    const contract = 'BSE:SENSEX26NOVFUT';
    const names = ['BSE:SENSEX-INDEX', 'NSE:SBIN-EQ', contract, 'BSE:NOSUCH-A'];
    const { symbols, facts, problems } = await resolveNames(names);
    expect(symbols).toEqual(names);
    expect(facts.map(({ fyToken }) => fyToken?.slice(0, 4))).toEqual([
      ...['1210', '1010', '1211', undefined],
    ]);
    expect(facts[2]).toMatchObject({ auction: null, expiresOn: '2026-11-26' });
    expect(problems).toEqual(['the symbol master does not list BSE:NOSUCH-A']);
  });

  test('reports an error of the disk as a problem', async () => {
    const { symbols, problems } = await resolveNames(['NSE:SBIN-EQ'], {
      days: {
        dates: () => Promise.reject(new Error('the disk is gone')),
        folder: dayFolders(dataDir.path).folder,
      },
    });
    expect(symbols).toEqual(['NSE:SBIN-EQ']);
    expect(problems.join()).toContain('the disk is gone');
  });
});
