// Resolves groups of symbols with the simulator's master, and after a restart from the day's log.
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { symbolMaster } from '../../adapters/fyers/symbol-master.ts';
import { dayFolders } from '../../adapters/recordings/data-folder.ts';
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
import { shortSession } from '../support/depth.ts';
import { SIMULATED_APP } from '../support/keeper-fixture.ts';
import { must } from '../support/rest-feed.ts';
import { makeFolderPerTest } from '../support/temporary-folder.ts';
import { virtualClock } from '../support/virtual-clock.ts';

const DATE = istDate('2026-11-25');
const OPENING = istInstant(DATE, '09:00');
const BOUNDS = { timeoutMs: 20_000, signal: new AbortController().signal };
const HSM: Limit = { feed: 'hsm', everySeconds: 5 };
let fyers: FyersSimulator;
const dataDir = makeFolderPerTest();
beforeAll(async () => {
  const apps = [SIMULATED_APP];
  fyers = await startFyers({ seed: 'groups', apps, refresh: 'refused', startsAt: OPENING });
  fyers.setClock(OPENING);
});
afterAll(() => fyers.close());

function lists(members: Readonly<Record<string, readonly string[]>>) {
  const parsed = Object.entries(members).map(
    ([index, names]) => [index, names.map((name) => must(parseSymbol(name)))] as const,
  );
  const read: IndexListsRead = { lists: new Map(parsed), problem: null };
  return () => Promise.resolve(read);
}

function resolveNames(names: readonly string[], over: Partial<NameResolverOptions> = {}) {
  const master = symbolMaster({
    masterUrl: `${fyers.url}/sym_details`,
    folder: path.join(dataDir.path, 'symbols'),
  });
  return nameResolver({
    ...{ names, master, calendar: {}, days: dayFolders(dataDir.path), limit: HSM },
    lastPrices: () => Promise.resolve(new Map()),
    ...over,
  })(DATE, BOUNDS);
}

async function logFacts(facts: readonly SymbolFacts[]): Promise<void> {
  const logs = await dayFolders(dataDir.path).open(DATE);
  await logs.record(facts.map((fact) => ({ event: 'symbol', at: OPENING, ...fact })));
  await logs.close();
}

const gone: Partial<NameResolverOptions> = {
  master: () => Promise.reject(new Error('must not be called')),
  indexLists: () => Promise.reject(new Error('must not be called')),
};

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

  test('allow 2,500 symbols of hsm', async () => {
    const { symbols, unknown } = await resolveNames(['INDEX:BIG'], { indexLists: members(2_500) });
    expect(unknown).toEqual([]);
    expect(symbols).toHaveLength(2_500);
  });

  test('refuse a group as a whole that does not fit, with the arithmetic', async () => {
    const names = ['INDEX:BIG', 'CHAIN:NIFTY', 'NSE:SBIN-EQ'];
    const { symbols, unknown } = await resolveNames(names, { indexLists: members(2_400) });
    expect(symbols).toHaveLength(2_401);
    expect(unknown).toEqual([
      { alias: 'CHAIN:NIFTY', why: expect.stringContaining('2521 × 2 = 5042 topics') as unknown },
    ]);
  });

  test.each([
    ['tbt', 15, 16, '16 / 5 = 4 = 4 sockets'],
    ['rest', 12, 13, '13 symbols every 5 s are 156 calls'],
  ] as const)('of %s allow a list of %d, and refuse one of %d', async (feed, fits, more, words) => {
    const limit: Limit = { feed, everySeconds: 5 };
    const found = (count: number) =>
      resolveNames(['INDEX:BIG'], { indexLists: members(count), limit });
    expect((await found(fits)).symbols).toHaveLength(fits);
    const refused = await found(more);
    expect(refused.symbols).toEqual([]);
    expect(refused.unknown[0]?.why).toContain(words);
  });
});

describe('after a restart in the session', () => {
  test('a group is the same set of contracts, without a lookup', async () => {
    const names = ['NSE:SBIN-EQ', 'CHAIN:NIFTY', 'INDEX:MINE', 'FUT:NIFTY'];
    const indexLists = lists({ MINE: ['NSE:SBIN-EQ', 'NSE:M&M-EQ'] });
    const first = await resolveNames(names, { indexLists });
    expect(first.symbols).toHaveLength(123);
    await logFacts(first.facts);
    const again = await resolveNames(names, gone);
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
    expect((await resolveNames(['CHAIN:NIFTY'], gone)).symbols).toEqual([]);
    await logFacts(first.facts.slice(30));
    expect((await resolveNames(['CHAIN:NIFTY'], gone)).symbols).toEqual(first.symbols);
  });

  test('a changed group of the same day replaces the earlier one', async () => {
    const first = await resolveNames(['CHAIN:NIFTY']);
    const [gone1, ...rest] = first.facts;
    await logFacts([...(gone1 === undefined ? [] : [gone1])]);
    await logFacts(rest.map((fact) => ({ ...fact, members: 119 })));
    const again = await resolveNames(['CHAIN:NIFTY'], gone);
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
    const again = await resolveNames(['CHAIN:NIFTY'], gone);
    expect(again.symbols).toEqual(smaller.map(({ symbol }) => symbol));
  });
});
