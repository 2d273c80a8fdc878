// Tests symbols whose trading day is shorter than the grid: recording, compaction and `check`.
import { describe, expect, test } from 'vitest';
import { dayFolders } from '../../adapters/recordings/data-folder.ts';
import type { SymbolEvent } from '../../core/recording/day-events.ts';
import { istDate } from '../../core/time.ts';
import { compactDay } from '../../harvester/compact.ts';
import { sessionsOn } from '../../harvester/calendar.ts';
import { NO_FACTS } from '../support/depth.ts';
import { moving, recordDay } from '../support/recorded-day.ts';
import { openStagePerTest } from './cli-harness.ts';

const FUTURE = 'NSE:NIFTY26DECFUT';
const INDEX = 'NSE:NIFTY50-INDEX';
const OPTION = 'NSE:NIFTY26D0824500CE';
const EXPIRIES: Readonly<Record<string, string>> = {
  [FUTURE]: '2026-12-29',
  [OPTION]: '2026-12-08',
};

/** An index is computed: it has no orders and no price limits. */
const WITHOUT_BOOK = {
  bids: [],
  asks: [],
  totalBuyQuantity: 0,
  totalSellQuantity: 0,
  volume: 0,
  lowerCircuit: null,
  upperCircuit: null,
};

const cli = openStagePerTest();

/** Records a row for every minute from 09:00 to 16:00. */
async function recordMinutes(text: string, symbols: readonly string[]) {
  const date = istDate(text);
  const { session } = sessionsOn(date, {});
  if (session === null) throw new RangeError(`${date} is closed`);
  const { folder } = await recordDay({
    dataDir: cli.dataDir,
    session,
    symbols,
    everySeconds: 60,
    state: 'ended',
    book: (symbol, index, slot) => ({
      ...moving(index),
      lastTradeAt: slot,
      ...(symbol === INDEX ? { ...WITHOUT_BOOK, lastPrice: 2_450 + index / 100 } : {}),
    }),
  });
  const logs = await dayFolders(cli.dataDir).open(date);
  const factOf = (symbol: string): SymbolEvent => ({
    ...{ event: 'symbol', at: session.opensAt, symbol, ...NO_FACTS },
    ...{ fyToken: '101126120800001', tick: 0.05 },
    ...(symbol in EXPIRIES ? { expiresOn: istDate(EXPIRIES[symbol] ?? '') } : {}),
  });
  await logs.record(symbols.map(factOf));
  await logs.close();
  return { date, folder };
}

/** Compacts the day and expects `check` to report the same quality and to exit with `code`. */
async function expectQuality(
  { date, folder }: Awaited<ReturnType<typeof recordMinutes>>,
  code: 0 | 4,
) {
  const { quality } = await compactDay({ folder, date, shard: 0, ...sessionsOn(date, {}) });
  const checked = await cli.run('check', date, '--json');
  expect(JSON.parse(checked.out)).toMatchObject({ quality, faults: [], good: code === 0 });
  expect(checked.code).toBe(code);
  return quality;
}

describe('A day of derivatives', () => {
  test.each([
    // The future closes at 15:40 on the first date, and at 15:45 on the second.
    ['2026-11-25', 20],
    ['2026-12-08', 15],
  ])('is good, and the minutes after the close are marked: %s', async (date, minutes) => {
    const quality = await expectQuality(await recordMinutes(date, [FUTURE, INDEX]), 0);
    expect(quality).toMatchObject({
      red: false,
      symbols: [FUTURE, INDEX].map((symbol) => ({
        symbol,
        rows: 420,
        marks: { 'outside-session': minutes },
        red: [],
      })),
    });
  });

  test('marks more rows of an index option on its expiry day: it closes earlier and has no pre-open', async () => {
    const { symbols } = await expectQuality(await recordMinutes('2026-12-08', [OPTION, FUTURE]), 0);
    const after = symbols.map(({ marks }) => marks['outside-session']);
    // The option trades from 09:15 to 15:30; the future of the month closes at 15:45.
    expect(after).toEqual([15 + 30, 15]);
  });

  test('is red if calendar.json lists the date as closed', async () => {
    const { date } = await recordMinutes('2026-11-25', [FUTURE]);
    cli.write('calendar.json', JSON.stringify([{ date, closed: true, why: 'an election' }]));
    const { out, code } = await cli.run('check', date);
    expect(out).toContain('outside-session 420');
    expect(out).toContain(`Check these symbols before you use them: ${FUTURE} (outside-session).`);
    expect(code).toBe(4);
  });
});
