// Records the last minutes of a session with the simulator: groups of symbols in two processes, and a symbol master that
// is unavailable at the opening.
import { createServer } from 'node:http';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dayFolders } from '../../adapters/recordings/data-folder.ts';
import { cellIndex } from '../../core/recording/columns.ts';
import { plansIn, symbolsIn } from '../../core/recording/day-events.ts';
import { numberAt } from '../../core/recording/observed.ts';
import { formatIso, istDate, istInstant, MINUTE, plus, SECOND } from '../../core/time.ts';
import { run } from '../../harvester/main.ts';
import { type FyersSimulator, startFyers } from '../../sandbox/fyers/server.ts';
import { mintToken } from '../../sandbox/fyers/tokens.ts';
import { SIMULATED_APP } from '../support/keeper-fixture.ts';
import { listenOnLoopback } from '../support/loopback.ts';
import { makeFolderPerTest } from '../support/temporary-folder.ts';
import { simulatedClock } from '../support/virtual-clock.ts';

const DATE = istDate('2026-11-25');
/** Six minutes of the session are left: 72 slots. */
const STARTS_AT = istInstant(DATE, '15:54');
const SLOTS = 72;
const RESTARTS_AT = istInstant(DATE, '15:57');
const SEED = 'groups';
const GROUPS = 'INDEX:MINE,CHAIN:NIFTY,CHAIN:HDFCBANK,CHAIN:XYZ';

const folder = makeFolderPerTest();
let simulator: FyersSimulator;
beforeEach(async () => {
  simulator = await startFyers({
    ...{ seed: SEED, apps: [SIMULATED_APP], refresh: 'refused', startsAt: STARTS_AT },
  });
  const token = mintToken(SEED, SIMULATED_APP, 'access_token', istInstant(DATE, '07:00'));
  await writeFile(path.join(folder.path, '.env'), `FYERS_CLIENT_ID=${SIMULATED_APP.id}\n`);
  await writeFile(path.join(folder.path, 'access_token.txt'), `${token}\n`);
  await writeFile(path.join(folder.path, 'index-MINE.csv'), 'Symbol,Series\nSBIN,EQ\nM&M,EQ\n');
});
afterEach(() => simulator.close());

async function record(flags: readonly string[], from = STARTS_AT, masterUrl?: string) {
  const dataDir = path.join(folder.path, 'data');
  const log: { readonly event: string; readonly message: string }[] = [];
  simulator.setClock(from);
  const code = await run({
    clock: simulatedClock(from, simulator),
    signal: new AbortController().signal,
    argv: ['--data', dataDir, '--tokens', folder.path, ...flags],
    env: { FYERS_API_URL: simulator.url, FYERS_MASTER_URL: masterUrl },
    write: (line) => log.push(JSON.parse(line) as (typeof log)[number]),
  });
  return { code, log, day: dayFolders(dataDir).folder(DATE) };
}

test('A harvester of feed hsm records a chain and an index, the same contracts after a restart', async () => {
  const flags = ['--feed', 'hsm', '--symbols', GROUPS];
  const first = await record([...flags, '--until', formatIso(RESTARTS_AT)]);
  expect(first.code).toBe(0);
  const messageOf = (event: string) => first.log.find((line) => line.event === event)?.message;
  expect(messageOf('symbols-named')).toContain('CHAIN:NIFTY is 120 symbols, NSE:NIFTY26D0150CE to');
  expect(messageOf('alias-unknown')).toContain('CHAIN:XYZ is not recorded today');
  // In the meantime the operator has changed the list, and the broker's list of the day is gone.
  await writeFile(path.join(folder.path, 'index-MINE.csv'), 'INFY\n');
  await rm(path.join(folder.path, 'data', 'symbols'), { recursive: true });
  const { code, day } = await record([...flags, '--days', '1'], RESTARTS_AT);
  expect(code).toBe(0);
  const events = await day.events();
  const [before, after] = plansIn(events).map(({ symbols }) => symbols);
  expect(before).toHaveLength(2 + 120 + 10 + 1);
  expect(after).toEqual(before);
  const facts = [...symbolsIn(events).values()];
  expect(facts.filter(({ alias }) => alias === 'CHAIN:NIFTY')).toHaveLength(120);
  expect(new Set(facts.map(({ expiresOn }) => expiresOn))).toEqual(
    new Set([undefined, '2026-12-01', '2026-12-29']),
  );
  const manifest = await day.manifest();
  expect(manifest).toMatchObject({ unexplained: 0 });
  const recorded = new Map(manifest?.symbols.map((each) => [each.symbol, each.received]));
  for (const symbol of before ?? []) {
    if (symbol === 'CHAIN:XYZ') expect(recorded.get(symbol)).toBe(0);
    // All slots but those of the restart.
    else expect(recorded.get(symbol), symbol).toBeGreaterThan(SLOTS - 16);
  }
}, 120_000);

test('A harvester of feed rest records every slot of each member of an index', async () => {
  const members = ['SBIN', 'INFY', 'HDFCBANK', 'RELIANCE', 'ADANIENT', 'M&M'];
  await writeFile(path.join(folder.path, 'index-MINE.csv'), members.join('\n'));
  const { code, day } = await record(['--symbols', 'INDEX:MINE', '--feed', 'rest', '--days', '1']);
  expect(code).toBe(0);
  const manifest = await day.manifest();
  expect(manifest?.symbols.map(({ symbol }) => symbol)).toEqual(
    expect.arrayContaining(members.map((name) => `NSE:${name}-EQ`)),
  );
  for (const { received } of manifest?.symbols ?? []) expect(received).toBe(SLOTS);
}, 60_000);

test.each([
  ['an index without a list', 'INDEX:NOPE', 'index-NOPE.csv'],
  ['too many symbols', 'INDEX:BIG,CHAIN:NIFTY', '2600 × 2 = 5200 topics'],
])('A harvester on a laptop refuses %s before it waits', async (_what, symbols, words) => {
  const names = Array.from({ length: 2_100 }, (_, n) => `S${String(n)}\n`);
  await writeFile(path.join(folder.path, 'index-BIG.csv'), names.join(''));
  const { code, log } = await record(['--feed', 'hsm', '--symbols', symbols]);
  expect(code).toBe(2);
  expect(log.at(-1)).toMatchObject({ event: 'operator.config' });
  expect(log.at(-1)?.message).toContain(words);
});

/** Serves the simulator's lists from the instant on. */
async function startMaster(from: number, begins = STARTS_AT) {
  const asked: number[] = [];
  const server = createServer((request, response) => {
    const now = simulator.now();
    asked.push((now - begins) / SECOND);
    if (now < from) {
      response.writeHead(503).end();
      return;
    }
    fetch(`${simulator.url}/sym_details${request.url ?? ''}`)
      .then(async (answer) => response.end(await answer.text()))
      .catch(() => response.destroy());
  });
  const minutes = () => new Set(asked.map((second) => Math.floor(second / 60)));
  return { ...(await listenOnLoopback(server)), minutes };
}

const WITH_FUTURE = ['--symbols', 'NSE:SBIN-EQ,FUT:NIFTY', '--every', '5s', '--days', '1'];

// The feed tbt has the socket of hsm for its prices.
test.each(['rest', 'tbt'])(
  'A harvester of feed %s finds its symbols as soon as the master answers again',
  async (feed) => {
    // The lookups are at once, and one, three and eight minutes later.
    await using master = await startMaster(STARTS_AT + 120 * SECOND);
    const { code, day } = await record(['--feed', feed, ...WITH_FUTURE], STARTS_AT, master.url);
    expect(code).toBe(0);
    const manifest = await day.manifest();
    expect(manifest).toMatchObject({ unexplained: 0 });
    const [share, future] = [...symbolsIn(await day.events()).values()];
    expect(share).toMatchObject({ symbol: 'NSE:SBIN-EQ', fyToken: '10100000001005' });
    expect(future).toMatchObject({ alias: 'FUT:NIFTY', symbol: 'NSE:NIFTY26DECFUT' });
    const received = new Map(manifest?.symbols.map((each) => [each.symbol, each.received]));
    // From three minutes on; a lookup takes real time, in which the clock of this test jumps.
    expect(received.get('NSE:NIFTY26DECFUT')).toBeGreaterThan(SLOTS / 3);
    expect(received.get('NSE:SBIN-EQ')).toBeGreaterThan(SLOTS / 3);
    let priced = 0;
    for await (const block of day.rows()) {
      for (const row of block) if (row !== null && numberAt(row, cellIndex('ltp')) > 0) priced += 1;
    }
    // Prices of a stream need the token of the symbol.
    expect(priced).toBeGreaterThan(2 * (SLOTS / 3));
    expect(master.minutes()).toEqual(new Set([0, 1, 3]));
  },
  60_000,
);

test('A harvester asks a master that never answers a few times, and records the day', async () => {
  // The last lookup is after eight minutes.
  const begins = plus(STARTS_AT, -3 * MINUTE);
  await using master = await startMaster(Infinity, begins);
  const { code, day } = await record(['--feed', 'rest', ...WITH_FUTURE], begins, master.url);
  expect(code).toBe(0);
  expect(await day.manifest()).toMatchObject({ unexplained: 0 });
  expect(master.minutes()).toEqual(new Set([0, 1, 3, 8]));
}, 60_000);
