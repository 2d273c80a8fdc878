import { describe, expect, test } from 'vitest';
import type { FrameMark, FrameRecord } from '../../../core/stream/frame-log.ts';
import { tardisFileName, tardisTrade } from '../../../core/stream/tardis.ts';
import { quoteTopicsIn, startVolumeSteps } from '../../../core/stream/volume-steps.ts';
import { instant, istDate, istInstant, SECOND } from '../../../core/time.ts';
import { NO_FACTS } from '../../support/depth.ts';
import {
  HSM_OPENED,
  hsmMark,
  QUOTE_TOKEN,
  QUOTE_TOPIC,
  quoteSnapshot,
  quoteUpdate,
} from '../../support/hsm-quotes.ts';

const AT = 1_795_000_000_000_000;
const SBIN = 'NSE:SBIN-EQ';

const mark = (value: FrameMark, socket?: number) => hsmMark(AT, value, socket);
const snapshot = (rupees: number, volume: number, tradedAt = 0) =>
  quoteSnapshot({ at: AT, rupees, volume, tradedAt });
const update = (rupees: number, volume: number, tradedAt = 0) =>
  quoteUpdate({ at: AT + 1_000, rupees, volume, tradedAt });

function stepsOf(...records: readonly (FrameRecord | 'damaged')[]) {
  const steps = startVolumeSteps(new Map([[QUOTE_TOPIC, SBIN]]));
  return records.flatMap((record) => {
    if (record !== 'damaged') return steps.apply(record);
    steps.interrupt();
    return [];
  });
}

const quantities = (...records: readonly (FrameRecord | 'damaged')[]) =>
  stepsOf(...records).map(({ quantity }) => quantity);

describe('Volume steps', () => {
  test('have the growth of the volume, at the last price', () => {
    const records = [
      mark(HSM_OPENED),
      snapshot(427, 1_000),
      update(427.5, 1_250),
      update(428, 1_300),
    ];
    expect(stepsOf(...records)).toEqual([
      { symbol: SBIN, number: 1, receivedAt: AT + 1_000, price: 427.5, quantity: 250 },
      { symbol: SBIN, number: 2, receivedAt: AT + 1_000, price: 428, quantity: 50 },
    ]);
  });

  test('are not made of a price or another value alone, and not of a volume that shrinks', () => {
    const records = [mark(HSM_OPENED), snapshot(427, 1_000), update(428, 1_000), update(428, 900)];
    expect(stepsOf(...records)).toEqual([]);
    expect(quantities(...records, update(428, 950))).toEqual([]);
    // A volume without a price waits for the price.
    const priceless = [mark(HSM_OPENED), snapshot(427, 1_000), update(0, 1_100)];
    expect(stepsOf(...priceless)).toEqual([]);
    expect(quantities(...priceless, update(428, 1_100))).toEqual([100]);
  });

  test('go on where the volume passes 2^31 and 2^32', () => {
    const sums = [2 ** 31 + 100, 2 ** 32 - 10, 2 ** 32 + 10];
    const first = snapshot(427, 2 ** 31 - 100);
    const updates = sums.map((sum) => update(427, sum));
    expect(quantities(mark(HSM_OPENED), first, ...updates)).toEqual([...[200, 2 ** 31 - 110, 20]]);
  });

  test.each([
    ['by a little', 990],
    ['by most of it', 10],
    ['to zero', 0],
  ])('count volume once if it falls %s and rises again', (_how, fallen) => {
    const traded = istInstant(istDate('2026-11-25'), '10:00') / SECOND;
    const before = [mark(HSM_OPENED), snapshot(427, 1_000, traded), update(427, 1_010, traded)];
    const back = [fallen, 1_005, 1_010, fallen, 1_030].map((sum) => update(427, sum, traded + 60));
    expect(quantities(...before, ...back)).toEqual([10, 20]);
  });

  test('count the wrapped volume once too', () => {
    const sums = [2 ** 32 + 10, 2 ** 32 - 10, 2 ** 32 + 10, 2 ** 32 + 15];
    const updates = sums.map((sum) => update(427, sum));
    expect(quantities(mark(HSM_OPENED), snapshot(427, 2 ** 32 - 10), ...updates)).toEqual([20, 5]);
  });

  test.each([1_000, 2 ** 31 + 100_000_000])(
    'start again with a new day, after a volume of %d on the day before',
    (sum) => {
      const [before, today] = ['2026-11-24', '2026-11-25'].map(
        (date) => istInstant(istDate(date), '09:07') / SECOND,
      ) as [number, number];
      const earlier = [mark(HSM_OPENED), snapshot(14, sum, before)];
      const opening = [update(14, 500, today), update(14, 700, today), update(14, 600, today)];
      // No message between the two days has a volume of 0.
      expect(quantities(...earlier, ...opening, update(14, 710, today))).toEqual([200, 10]);
      const zero = update(14, 0, before);
      expect(quantities(...earlier, zero, ...opening, zero)).toEqual([500, 200]);
      // The new date arrives before the new volume.
      expect(quantities(...earlier, update(14, sum, today), zero, ...opening)).toEqual([500, 200]);
    },
  );

  test('are whole if the first trade of the day is no smaller than the day before', () => {
    const [before, today] = ['2026-11-24', '2026-11-25'].map(
      (date) => istInstant(istDate(date), '09:07') / SECOND,
    ) as [number, number];
    const earlier = [mark(HSM_OPENED), snapshot(14, 50, before), update(14, 0, before)];
    expect(quantities(...earlier, update(14, 75, today))).toEqual([75]);
    expect(quantities(...earlier, update(14, 50, today))).toEqual([50]);
  });

  test.each([
    ['a new connection', mark(HSM_OPENED)],
    ['the end of the connection', mark({ mark: 'closed' })],
    ['another recorder', mark({ mark: 'began' })],
    ['lost frames', mark({ mark: 'lost', frames: 1 })],
    ['a damaged segment', 'damaged' as const],
  ])('have nothing of the time before %s', (_, gap) => {
    const again = [mark(HSM_OPENED), snapshot(430, 5_000), update(430, 5_030)];
    const before = [mark(HSM_OPENED), snapshot(427, 1_000), update(427, 1_010)];
    expect(quantities(...before, gap, ...again)).toEqual([10, 30]);
    // Without a snapshot the topic is not known.
    expect(quantities(...before, gap, update(427, 2_000))).toEqual([10]);
  });

  test('do not depend on other sockets', () => {
    const records = [mark(HSM_OPENED), snapshot(427, 1_000), mark({ mark: 'closed' }, 1)];
    const opened = mark({ mark: 'opened', name: 'tbt 2' }, 2);
    expect(quantities(...records, opened, update(427, 1_004))).toEqual([4]);
    const other = { ...update(427, 1_009), socket: 1 };
    expect(quantities(...records, other)).toEqual([]);
  });

  test('are of the symbols of a day that have a volume', () => {
    const symbol = (name: string, fyToken: string | null) =>
      ({ event: 'symbol', at: instant(0), symbol: name, ...NO_FACTS, fyToken }) as const;
    const index = symbol('NSE:NIFTY50-INDEX', '101000000026000');
    const topics = quoteTopicsIn([symbol(SBIN, QUOTE_TOKEN), index, symbol('X:Y', null)]);
    expect([...topics]).toEqual([[QUOTE_TOPIC, SBIN]]);
  });

  test('are rows of a Tardis file that name what they are', () => {
    const step = { symbol: SBIN, number: 2, receivedAt: AT, price: 427.5, quantity: 250 };
    const at = `${String(AT)},${String(AT)}`;
    expect(tardisTrade(step, null).text).toBe(`nse,SBIN-EQ,${at},volume-step-2,unknown,427.5,250`);
    expect(tardisTrade(step, 'binance').text).toMatch(/^binance,SBIN-EQ,/);
    const name = tardisFileName('trades', '2026-11-25', SBIN);
    expect(name).toBe('nse_trades_from_volume_steps_2026-11-25_SBIN-EQ.csv.gz');
  });
});
