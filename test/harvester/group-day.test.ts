// Records a simulated session of the stream `hsm` with a chain and an index, in two processes.
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dayFolders } from '../../adapters/recordings/data-folder.ts';
import { plansIn, symbolsIn } from '../../core/recording/day-events.ts';
import { type Instant, formatIso, istDate, istInstant } from '../../core/time.ts';
import { run } from '../../harvester/main.ts';
import { type FyersSimulator, startFyers } from '../../sandbox/fyers/server.ts';
import { mintToken } from '../../sandbox/fyers/tokens.ts';
import { makeFolderPerTest } from '../support/temporary-folder.ts';
import { simulatedClock } from '../support/virtual-clock.ts';

const DATE = istDate('2026-11-25');
const STARTS_AT = istInstant(DATE, '15:52');
const RESTARTS_AT = istInstant(DATE, '15:56');
const SEED = 'groups';
const APP = {
  ...{ id: 'ABCD1234EF-100', secret: 'XYZ', fyId: 'XA00001', pin: '1234' },
  redirectUri: 'https://trade.fyers.in/api-login/redirect-uri/index.html',
};
const SYMBOLS = 'INDEX:MINE,CHAIN:NIFTY,CHAIN:HDFCBANK,CHAIN:XYZ';

const folder = makeFolderPerTest();
let simulator: FyersSimulator;
beforeEach(async () => {
  simulator = await startFyers({
    ...{ seed: SEED, apps: [APP], refresh: 'refused', startsAt: STARTS_AT },
  });
  await writeFile(path.join(folder.path, '.env'), `FYERS_CLIENT_ID=${APP.id}\n`);
  const token = mintToken(SEED, APP, 'access_token', istInstant(DATE, '07:00'));
  await writeFile(path.join(folder.path, 'access_token.txt'), `${token}\n`);
  await writeFile(path.join(folder.path, 'index-MINE.csv'), 'Symbol,Series\nSBIN,EQ\nM&M,EQ\n');
});
afterEach(async () => {
  await simulator.close();
});

async function record(from: Instant, ...flags: readonly string[]) {
  const clock = simulatedClock(from, simulator);
  const log: { readonly event: string; readonly message: string }[] = [];
  const argv = ['--data', path.join(folder.path, 'data'), '--tokens', folder.path, '--feed', 'hsm'];
  const code = await run({
    clock,
    signal: new AbortController().signal,
    argv: [...argv, '--symbols', SYMBOLS, ...flags],
    env: { FYERS_API_URL: simulator.url },
    write: (line) => log.push(JSON.parse(line) as (typeof log)[number]),
  });
  const day = dayFolders(path.join(folder.path, 'data')).folder(DATE);
  return { code, log, day };
}

test('A harvester of feed hsm records a chain and an index, the same contracts after a restart', async () => {
  const first = await record(STARTS_AT, '--until', formatIso(RESTARTS_AT));
  expect(first.code).toBe(0);
  const messageOf = (event: string) => first.log.find((line) => line.event === event)?.message;
  expect(messageOf('symbols-named')).toContain('CHAIN:NIFTY is 120 symbols, NSE:NIFTY26D0150CE to');
  expect(messageOf('alias-unknown')).toContain('CHAIN:XYZ is not recorded today');
  // In the meantime the operator has changed the list, and the broker's list of the day is gone.
  await writeFile(path.join(folder.path, 'index-MINE.csv'), 'INFY\n');
  await rm(path.join(folder.path, 'data', 'symbols'), { recursive: true });
  const { code, day } = await record(RESTARTS_AT, '--days', '1');
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
    // Eight minutes of 5-second slots, without the restart.
    if (symbol === 'CHAIN:XYZ') expect(recorded.get(symbol)).toBe(0);
    else expect(recorded.get(symbol), symbol).toBeGreaterThan(80);
  }
}, 120_000);

test('A harvester of feed rest records every slot of each member of an index', async () => {
  const members = ['SBIN', 'INFY', 'HDFCBANK', 'RELIANCE', 'ADANIENT', 'M&M'];
  await writeFile(path.join(folder.path, 'index-MINE.csv'), members.join('\n'));
  const flags = ['--symbols', 'INDEX:MINE', '--feed', 'rest', '--days', '1'];
  const { code, day } = await record(STARTS_AT, ...flags);
  expect(code).toBe(0);
  const manifest = await day.manifest();
  expect(manifest?.symbols.map(({ symbol }) => symbol)).toEqual(
    expect.arrayContaining(members.map((name) => `NSE:${name}-EQ`)),
  );
  // Eight minutes of 5-second slots.
  for (const { received } of manifest?.symbols ?? []) expect(received).toBe(96);
}, 60_000);

test.each([
  ['an index without a list', 'INDEX:NOPE', 'index-NOPE.csv'],
  ['too many symbols', 'INDEX:BIG,CHAIN:NIFTY', '2600 × 2 = 5200 topics'],
])('A harvester on a laptop refuses %s before it waits', async (_what, symbols, words) => {
  const names = Array.from({ length: 2_100 }, (_, n) => `S${String(n)}\n`);
  await writeFile(path.join(folder.path, 'index-BIG.csv'), names.join(''));
  const { code, log } = await record(STARTS_AT, '--symbols', symbols);
  expect(code).toBe(2);
  expect(log.at(-1)).toMatchObject({ event: 'operator.config' });
  expect(log.at(-1)?.message).toContain(words);
});
