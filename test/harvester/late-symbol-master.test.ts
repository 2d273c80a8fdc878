// Runs the harvester in a session whose symbol master is unavailable at the opening, and available later.
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dayFolders } from '../../adapters/recordings/data-folder.ts';
import { cellIndex } from '../../core/recording/columns.ts';
import { symbolsIn } from '../../core/recording/day-events.ts';
import { numberAt } from '../../core/recording/observed.ts';
import { istDate, istInstant, SECOND } from '../../core/time.ts';
import { run } from '../../harvester/main.ts';
import { type FyersSimulator, startFyers } from '../../sandbox/fyers/server.ts';
import { mintToken } from '../../sandbox/fyers/tokens.ts';
import { makeFolderPerTest } from '../support/temporary-folder.ts';
import { simulatedClock } from '../support/virtual-clock.ts';

const DATE = istDate('2026-11-25');
/** Nine minutes of the session are left: 108 slots. */
const STARTS_AT = istInstant(DATE, '15:51');
const SLOTS = 108;
const SEED = 'late master';
const APP = {
  ...{ id: 'ABCD1234EF-100', secret: 'XYZ', fyId: 'XA00001', pin: '1234' },
  redirectUri: 'https://trade.fyers.in/api-login/redirect-uri/index.html',
};

const folder = makeFolderPerTest();
let simulator: FyersSimulator;
beforeEach(async () => {
  simulator = await startFyers({
    ...{ seed: SEED, apps: [APP], refresh: 'refused', startsAt: STARTS_AT },
  });
  await writeFile(path.join(folder.path, '.env'), `FYERS_CLIENT_ID=${APP.id}\n`);
  const token = mintToken(SEED, APP, 'access_token', istInstant(DATE, '07:00'));
  await writeFile(path.join(folder.path, 'access_token.txt'), `${token}\n`);
});
afterEach(async () => {
  await simulator.close();
});

/** Serves the simulator's lists from the instant on. */
async function startMaster(from: number) {
  const asked: number[] = [];
  const server = createServer((request, response) => {
    const now = simulator.now();
    asked.push((now - STARTS_AT) / SECOND);
    if (now < from) {
      response.writeHead(503).end();
      return;
    }
    fetch(`${simulator.url}/sym_details${request.url ?? ''}`)
      .then(async (answer) => response.end(await answer.text()))
      .catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return {
    asked,
    url: `http://127.0.0.1:${String(address.port)}`,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, 'close');
    },
  };
}

async function record(feed: string, masterUrl: string) {
  const clock = simulatedClock(STARTS_AT, simulator);
  const events: string[] = [];
  const argv = ['--symbols', 'NSE:SBIN-EQ,FUT:NIFTY', '--every', '5s', '--days', '1'];
  const code = await run({
    clock,
    signal: new AbortController().signal,
    argv: [
      '--data',
      path.join(folder.path, 'data'),
      '--tokens',
      folder.path,
      '--feed',
      feed,
      ...argv,
    ],
    env: { FYERS_API_URL: simulator.url, FYERS_MASTER_URL: masterUrl },
    write: (line) => events.push((JSON.parse(line) as { event: string }).event),
  });
  const day = dayFolders(path.join(folder.path, 'data')).folder(DATE);
  return { code, events, manifest: await day.manifest(), day };
}

// The feed tbt has the socket of hsm for its prices.
test.each(['rest', 'tbt'])(
  'A harvester of feed %s finds its symbols as soon as the master answers again',
  async (feed) => {
    // The lookups are at once, and one, three and eight minutes later.
    await using master = await startMaster(STARTS_AT + 120 * SECOND);
    const { code, manifest, day } = await record(feed, master.url);
    expect(code).toBe(0);
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
    expect(new Set(master.asked.map((second) => Math.floor(second / 60)))).toEqual(
      new Set([0, 1, 3]),
    );
  },
  60_000,
);

test('A harvester asks a master that never answers a few times, and records the day', async () => {
  await using master = await startMaster(Infinity);
  const { code, manifest } = await record('rest', master.url);
  expect(code).toBe(0);
  expect(manifest).toMatchObject({ unexplained: 0 });
  expect(new Set(master.asked.map((second) => Math.floor(second / 60)))).toEqual(
    new Set([0, 1, 3, 8]),
  );
}, 60_000);
