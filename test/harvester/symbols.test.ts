// Resolves symbols, aliases and groups of a day with the simulator's master and prices, without them, and after a restart
// from the day's log.
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dayFolders } from '../../adapters/recordings/data-folder.ts';
import { lastPrices } from '../../adapters/fyers/market-status.ts';
import { symbolMaster } from '../../adapters/fyers/symbol-master.ts';
import type { IndexListsRead } from '../../core/config/groups.ts';
import { parseSymbol } from '../../core/config/values.ts';
import { istDate, istInstant } from '../../core/time.ts';
import { openDay } from '../../harvester/day.ts';
import {
  type Limit,
  type NameResolverOptions,
  nameResolver,
  type SymbolFacts,
} from '../../harvester/symbols.ts';
import { type FyersSimulator, startFyers } from '../../sandbox/fyers/server.ts';
import { mintToken } from '../../sandbox/fyers/tokens.ts';
import { recordDay } from '../support/recorded-day.ts';
import { shortSession } from '../support/depth.ts';
import { SIMULATED_APP } from '../support/keeper-fixture.ts';
import { must, UNGUARDED } from '../support/rest-feed.ts';
import { makeFolderPerTest } from '../support/temporary-folder.ts';
import { virtualClock } from '../support/virtual-clock.ts';

const DATE = istDate('2026-11-25');
const OPENING = istInstant(DATE, '09:00');
const HSM: Limit = { feed: 'hsm', everySeconds: 5 };
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
        authorization: `${SIMULATED_APP.id}:${mintToken('names', SIMULATED_APP, 'access_token', OPENING - 1_000)}`,
        guard: UNGUARDED,
        ...bounds,
      }),
    calendar: {},
    limit: HSM,
    ...over,
  });
  return resolve(DATE, BOUNDS);
}

function lists(members: Readonly<Record<string, readonly string[]>>) {
  const parsed = Object.entries(members).map(
    ([index, names]) => [index, names.map((name) => must(parseSymbol(name)))] as const,
  );
  const read: IndexListsRead = { lists: new Map(parsed), problem: null };
  return () => Promise.resolve(read);
}

async function logFacts(facts: readonly SymbolFacts[]): Promise<void> {
  const logs = await dayFolders(dataDir.path).open(DATE);
  await logs.record(facts.map((fact) => ({ event: 'symbol', at: OPENING, ...fact })));
  await logs.close();
}

const GONE: Partial<NameResolverOptions> = {
  master: () => Promise.reject(new Error('must not be called')),
  indexLists: () => Promise.reject(new Error('must not be called')),
  lastPrices: () => Promise.reject(new Error('must not be called')),
};

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
    await logFacts(first.facts);
    const again = await resolveNames(['ATM:NIFTY+0CE'], GONE);
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

describe('nameResolver with CHAIN:', () => {
  test('finds all calls and puts of the nearest expiry, with their facts', async () => {
    const { symbols, facts, unknown, problems } = await resolveNames(['CHAIN:NIFTY']);
    expect({ unknown, problems }).toEqual({ unknown: [], problems: [] });
    expect(symbols).toHaveLength(120);
    expect(symbols.filter((symbol) => symbol.endsWith('CE'))).toHaveLength(60);
    for (const symbol of symbols) expect(fyers.state.isListed(symbol, OPENING)).toBe(true);
    for (const fact of facts) {
      expect(fact).toMatchObject({ alias: 'CHAIN:NIFTY', members: 120, expiresOn: '2026-12-01' });
      expect(fact.fyToken).toMatch(/^1011261201\d{5,6}$/);
    }
    expect(new Set(facts.map(({ fyToken }) => fyToken)).size).toBe(120);
  });

  test('reports an underlying without options, and records the other names', async () => {
    const { symbols, unknown } = await resolveNames(['CHAIN:XYZ', 'NSE:SBIN-EQ']);
    expect(symbols).toEqual(['NSE:SBIN-EQ']);
    expect(unknown).toEqual([
      { alias: 'CHAIN:XYZ', why: expect.stringContaining('no option of XYZ') as unknown },
    ]);
  });

  test('counts a contract that is named twice once', async () => {
    const names = ['FUT:NIFTY', 'CHAIN:NIFTY'];
    const { symbols } = await resolveNames(names);
    const [, contract = ''] = symbols;
    const again = await resolveNames([contract, ...names]);
    expect(again.symbols).toHaveLength(symbols.length);
    expect(new Set(again.symbols)).toEqual(new Set(symbols));
  });
});

describe('nameResolver with INDEX:', () => {
  test('records the members of the list with their facts, each once', async () => {
    const indexLists = lists({ MINE: ['NSE:SBIN-EQ', 'NSE:M&M-EQ'] });
    const { symbols, facts } = await resolveNames(['NSE:SBIN-EQ', 'INDEX:MINE'], { indexLists });
    expect(symbols).toEqual(['NSE:SBIN-EQ', 'NSE:M&M-EQ']);
    expect(facts.map(({ alias }) => alias)).toEqual([null, 'INDEX:MINE', 'INDEX:MINE']);
    expect(facts.map(({ fyToken }) => fyToken === null)).toEqual([false, false, false]);
  });

  test('reports a member that the master does not list, and keeps it', async () => {
    const indexLists = lists({ MINE: ['NSE:SBIN-EQ', 'NSE:NOSUCH-EQ'] });
    const { symbols, problems } = await resolveNames(['INDEX:MINE'], { indexLists });
    expect(symbols).toEqual(['NSE:SBIN-EQ', 'NSE:NOSUCH-EQ']);
    expect(problems).toEqual(['the symbol master does not list NSE:NOSUCH-EQ']);
  });

  test('reports an index without a list, and looks for it again', async () => {
    const { unknown, mayImprove } = await resolveNames(['INDEX:NOPE'], { indexLists: lists({}) });
    expect(unknown).toEqual([
      { alias: 'INDEX:NOPE', why: expect.stringContaining('index-NOPE.csv') as unknown },
    ]);
    expect(mayImprove).toBe(true);
  });
});

describe('the limits at the opening', () => {
  const members = (count: number) =>
    lists({ BIG: Array.from({ length: count }, (_, n) => `NSE:S${String(n)}-EQ`) });

  test('refuse a group as a whole that does not fit, with the arithmetic', async () => {
    const names = ['INDEX:BIG', 'CHAIN:NIFTY', 'NSE:SBIN-EQ'];
    const { symbols, unknown } = await resolveNames(names, { indexLists: members(2_400) });
    expect(symbols).toHaveLength(2_401);
    expect(unknown).toEqual([
      { alias: 'CHAIN:NIFTY', why: expect.stringContaining('2521 × 2 = 5042 topics') as unknown },
    ]);
  });
});

describe('after a restart in the session', () => {
  test('a group is the same set of contracts, without a lookup', async () => {
    const names = ['NSE:SBIN-EQ', 'CHAIN:NIFTY', 'INDEX:MINE', 'FUT:NIFTY'];
    const indexLists = lists({ MINE: ['NSE:SBIN-EQ', 'NSE:M&M-EQ'] });
    const first = await resolveNames(names, { indexLists });
    expect(first.symbols).toHaveLength(123);
    await logFacts(first.facts);
    const again = await resolveNames(names, GONE);
    expect(again).toMatchObject({ symbols: first.symbols, unknown: [], problems: [] });
    expect(again.facts).toEqual(first.facts);
  });

  test('a group keeps its members if the list has changed', async () => {
    const indexLists = lists({ MINE: ['NSE:SBIN-EQ', 'NSE:NOSUCH-EQ'] });
    const first = await resolveNames(['INDEX:MINE'], { indexLists });
    await logFacts(first.facts);
    const changed = { indexLists: lists({ MINE: ['NSE:M&M-EQ'] }) };
    // A member without a token is looked up again.
    const again = await resolveNames(['INDEX:MINE'], changed);
    expect(again.symbols).toEqual(['NSE:SBIN-EQ', 'NSE:NOSUCH-EQ']);
    expect(again.facts).toEqual(first.facts);
  });

  test('a group keeps its place if a list that is written later does not fit', async () => {
    const first = await resolveNames(['CHAIN:NIFTY']);
    await logFacts(first.facts);
    const late = Array.from({ length: 2_400 }, (_, index) => `NSE:S${String(index)}-EQ`);
    const indexLists = lists({ LATE: late });
    const again = await resolveNames(['INDEX:LATE', 'CHAIN:NIFTY'], { indexLists });
    expect(again.symbols).toEqual(first.symbols);
    expect(again.unknown).toMatchObject([{ alias: 'INDEX:LATE' }]);
  });

  test('a group whose log was cut short is looked up again, whole', async () => {
    const first = await resolveNames(['CHAIN:NIFTY']);
    await logFacts(first.facts.slice(0, 30));
    const again = await resolveNames(['CHAIN:NIFTY']);
    expect(again.symbols).toEqual(first.symbols);
    expect((await resolveNames(['CHAIN:NIFTY'], GONE)).symbols).toEqual([]);
    await logFacts(first.facts.slice(30));
    expect((await resolveNames(['CHAIN:NIFTY'], GONE)).symbols).toEqual(first.symbols);
  });

  test('a changed group of the same day replaces the earlier one', async () => {
    const first = await resolveNames(['CHAIN:NIFTY']);
    const [gone1, ...rest] = first.facts;
    await logFacts([...(gone1 === undefined ? [] : [gone1])]);
    await logFacts(rest.map((fact) => ({ ...fact, members: 119 })));
    const again = await resolveNames(['CHAIN:NIFTY'], GONE);
    expect(again.symbols).toEqual(rest.map(({ symbol }) => symbol));
  });

  test('a group that is found again with another size is written whole', async () => {
    const { facts } = await resolveNames(['CHAIN:NIFTY']);
    await logFacts(facts.slice(0, 30));
    const session = shortSession(OPENING);
    const day = await openDay(
      {
        ...{ clock: virtualClock(OPENING), events: { log: () => undefined }, feed: 'hsm' },
        days: dayFolders(dataDir.path),
        sampling: { symbols: facts.map(({ symbol }) => symbol), everySeconds: 5 },
      },
      session,
    );
    const smaller = facts.slice(0, -1).map((fact) => ({ ...fact, members: 119 }));
    await day.identify(smaller);
    await day.close();
    const again = await resolveNames(['CHAIN:NIFTY'], GONE);
    expect(again.symbols).toEqual(smaller.map(({ symbol }) => symbol));
  });
});
