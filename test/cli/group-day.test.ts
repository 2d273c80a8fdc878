// Tests the commands with a day whose symbols are the members of `INDEX:MINE` and of `CHAIN:NIFTY`, recorded by
// polling: each names the members, not the group, and counts them.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { dayFolders } from '../../adapters/recordings/data-folder.ts';
import { compactDay } from '../../harvester/compact.ts';
import { NO_FACTS, OPENS_AT, shortSession } from '../support/depth.ts';
import { recordDay } from '../support/recorded-day.ts';
import { openStagePerTest } from './cli-harness.ts';

const GROUPS = {
  'INDEX:MINE': ['NSE:SBIN-EQ', 'NSE:INFY-EQ'],
  'CHAIN:NIFTY': ['NSE:NIFTY26D0824500CE', 'NSE:NIFTY26D0824500PE', 'NSE:NIFTY26D0824600CE'],
};
const MEMBERS = Object.values(GROUPS).flat();
const DATE = '2026-11-25';
/** One minute with a slot every 5 seconds. */
const SLOTS = 12;

const cli = openStagePerTest();
beforeEach(async () => {
  const { dataDir } = cli;
  const { date, folder } = await recordDay({ dataDir, symbols: MEMBERS, state: 'ended' });
  const logs = await dayFolders(dataDir).open(date);
  await logs.record(
    Object.entries(GROUPS).flatMap(([alias, symbols]) =>
      symbols.map((symbol) => ({
        ...{ event: 'symbol' as const, at: OPENS_AT, symbol, ...NO_FACTS },
        ...{ alias, members: symbols.length },
      })),
    ),
  );
  await logs.close();
  await compactDay({ folder, date, shard: 0, session: shortSession() });
});

async function run(...args: readonly string[]) {
  const { code, out, err } = await cli.run(...args);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return out;
}

/** Counts the rows of each member. */
function countIn(symbols: readonly string[]) {
  const counts: Record<string, number> = {};
  for (const symbol of symbols) counts[symbol] = (counts[symbol] ?? 0) + 1;
  return counts;
}

const ALL = Object.fromEntries(MEMBERS.map((symbol) => [symbol, SLOTS]));

test('fyers check has a line for each member, and adds up', async () => {
  const out = await run('check', DATE);
  for (const symbol of MEMBERS)
    expect(out).toMatch(new RegExp(`^${symbol} +${String(SLOTS)} +${String(SLOTS)} `, 'm'));
  expect(out).not.toMatch(/INDEX:|CHAIN:/);
  const { coverage } = JSON.parse(await run('check', DATE, '--json')) as {
    readonly coverage: { readonly expected: number };
  };
  expect(coverage.expected).toBe(MEMBERS.length * SLOTS);
});

test('fyers export has every row of each member, and selects one by its name', async () => {
  await run('export', DATE, '--to', 'all.csv');
  const [header = '', ...lines] = (await readFile(path.join(cli.folder, 'all.csv'), 'utf8'))
    .trimEnd()
    .split('\n');
  const place = header.split(',').indexOf('symbol');
  expect(countIn(lines.map((line) => line.split(',')[place] ?? ''))).toEqual(ALL);
  const [, chained = ''] = GROUPS['CHAIN:NIFTY'];
  expect(await run('export', DATE, '--symbols', chained, '--to', 'one.csv')).toContain(
    `${String(SLOTS)} rows`,
  );
});

test('fyers export names the members if it is asked for a group', async () => {
  const { code, err } = await cli.run('export', DATE, '--symbols', 'INDEX:MINE', '--to', 'x.csv');
  expect(code).toBe(2);
  for (const symbol of MEMBERS) expect(err).toContain(symbol);
});

test('fyers report has each member in its page and its figures', async () => {
  const { coverage } = JSON.parse(await run('report', DATE, '--json')) as {
    readonly coverage: {
      readonly symbols: readonly { readonly symbol: string; readonly received: number }[];
    };
  };
  const received = coverage.symbols.map((each) => [each.symbol, each.received] as const);
  expect(Object.fromEntries(received)).toEqual(ALL);
  const total = String(MEMBERS.length * SLOTS);
  expect(await run('report', DATE, '--to', 'page.html')).toContain(
    `${total} of ${total} slots recorded`,
  );
  const page = await readFile(path.join(cli.folder, 'page.html'), 'utf8');
  const short = MEMBERS.map((symbol) => symbol.replace(/^NSE:|-EQ$/g, ''));
  expect(short.filter((name) => !page.includes(`<h3>${name}</h3>`))).toEqual([]);
});
