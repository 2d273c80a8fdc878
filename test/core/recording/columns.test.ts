import { describe, expect, test } from 'vitest';
import {
  COLUMNS,
  CSV_HEADER,
  csvLine,
  parseCsvLine,
  rowsOf,
} from '../../../core/recording/columns.ts';
import { formatIso, plus } from '../../../core/time.ts';
import { OPENS_AT, sampleRow } from '../../support/depth.ts';

/** The columns of `smart_harvester.py`, in its order. */
const REFERENCE =
  'timestamp,symbol,ltp,total_buy_qty,total_sell_qty,' +
  'bid_px_1,bid_qty_1,bid_px_2,bid_qty_2,bid_px_3,bid_qty_3,bid_px_4,bid_qty_4,bid_px_5,bid_qty_5,' +
  'ask_px_1,ask_qty_1,ask_px_2,ask_qty_2,ask_px_3,ask_qty_3,ask_px_4,ask_qty_4,ask_px_5,ask_qty_5';

/** Without the columns that a later release adds at the end; contract.json lists all. */
const OURS =
  ',slot,requested_at,received_at,feed,sequence,' +
  'bid_orders_1,bid_orders_2,bid_orders_3,bid_orders_4,bid_orders_5,' +
  'ask_orders_1,ask_orders_2,ask_orders_3,ask_orders_4,ask_orders_5,' +
  'last_trade_at,last_trade_qty,volume,average_price,open,high,low,previous_close,' +
  'open_interest,lower_circuit,upper_circuit';

const cell = (line: string, name: string): string | undefined =>
  line.split(',')[COLUMNS.findIndex((column) => column.name === name)];

describe('COLUMNS', () => {
  test("begins with the reference's 25 columns and keeps the order of the others", () => {
    const names = `${REFERENCE}${OURS}`.split(',');
    expect(CSV_HEADER.split(',').slice(0, names.length)).toEqual(names);
  });

  test('has the slot as the timestamp of a streamed row, and the receipt as that of a polled row', () => {
    const row = { ...sampleRow('NSE:SBIN-EQ', OPENS_AT), receivedAt: plus(OPENS_AT, -700) };
    const dates = (feed: 'rest' | 'tbt') =>
      ['timestamp', 'received_at'].map((name) => cell(csvLine({ ...row, feed }), name));
    const [received, slot] = [formatIso(row.receivedAt), formatIso(OPENS_AT)];
    expect(dates('tbt')).toEqual([slot, received]);
    expect(dates('rest')).toEqual([received, received]);
  });

  test('names the feed of each row, also if a stream falls back on REST', () => {
    const { symbol, slot, receivedAt, book } = sampleRow('NSE:SBIN-EQ', OPENS_AT);
    const taken = { kind: 'book', symbol, slot, sentAt: slot, receivedAt, book } as const;
    const rows = rowsOf('tbt', [taken, { ...taken, feed: 'rest' }]);
    expect(rows.map(({ feed }) => feed)).toEqual(['tbt', 'rest']);
    expect(rows.map((row) => cell(csvLine(row), 'timestamp'))).toEqual(
      [slot, receivedAt].map(formatIso),
    );
  });

  test('has no name twice', () => {
    expect(new Set(COLUMNS.map(({ name }) => name)).size).toBe(COLUMNS.length);
  });

  test('formats a row like the reference: time of receipt in India, rupees, shares', () => {
    const line =
      '2026-11-25T09:00:00.048+05:30,NSE:SBIN-EQ,427.3,2396063,4990001,' +
      '427.25,4738,427.2,10,,,,,,,427.4,2193,,,,,,,,,' +
      '2026-11-25T09:00:00.000+05:30,2026-11-25T09:00:00.003+05:30,2026-11-25T09:00:00.048+05:30,rest,,' +
      '2,2,,,,2,,,,,2026-11-25T09:00:01.000+05:30,20,0,428.07,430.5,433.65,423.6,425.2,,382.7,467.7';
    const cells = csvLine(sampleRow('NSE:SBIN-EQ', OPENS_AT)).split(',');
    expect(cells.slice(0, line.split(',').length)).toEqual(line.split(','));
  });

  test('writes an empty cell for a missing value, and 0 for an observed zero', () => {
    const line = csvLine(
      sampleRow('NSE:SBIN-EQ', OPENS_AT, { bids: [], lastPrice: null, lastTradeAt: null }),
    );
    expect(
      ['ltp', 'bid_px_1', 'bid_qty_1', 'bid_orders_1', 'last_trade_at'].map((name) =>
        cell(line, name),
      ),
    ).toEqual(['', '', '', '', '']);
    expect(cell(line, 'volume')).toBe('0');
  });

  test('parseCsvLine returns the cells that csvLine wrote', () => {
    const row = sampleRow('NSE:M&M-EQ', OPENS_AT);
    for (const each of [row, { ...row, requestedAt: null }]) {
      expect(parseCsvLine(csvLine(each))).toEqual(COLUMNS.map((column) => column.of(each)));
    }
  });

  test('parseCsvLine returns null if a cell is missing, required and empty, or not a number', () => {
    const line = csvLine(sampleRow('NSE:SBIN-EQ', OPENS_AT));
    expect(parseCsvLine(line.slice(0, line.lastIndexOf(',')))).toBeNull();
    expect(parseCsvLine(line.replace('NSE:SBIN-EQ', ''))).toBeNull();
    expect(parseCsvLine(line.replace(',4738,', ',47.5,'))).toBeNull();
    expect(parseCsvLine(line.replace('427.3,', 'x,'))).toBeNull();
    expect(parseCsvLine(CSV_HEADER)).toBeNull();
  });
});
