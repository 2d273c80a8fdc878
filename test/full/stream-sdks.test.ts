// Runs both official SDKs of the broker as clients of the simulator's streams, and compares the decoded values with
// those that the simulator sent. If an SDK has a known fault, the test asserts that fault, so that it fails with a
// version that fixes it.
import { beforeAll, describe, expect, test } from 'vitest';
import type { SimulatedLevel } from '../../sandbox/fyers/book.ts';
import type { SentBook } from '../../sandbox/fyers/streams.ts';
import { SECOND } from '../../sandbox/fyers/time.ts';
import { NOON } from '../sandbox/fyers/simulator.ts';
import { listenWith, type Run, SDK_CLIENTS, type Step } from '../support/stream-sdks.ts';

const SYMBOLS = ['NSE:SBIN-EQ', 'NSE:INFY-EQ'];
const INDEX = 'NSE:NIFTY50-INDEX';
/** The levels below the fifth change at noon. */
const STARTS_AT = NOON - 3 * SECOND;

/** A book lasts a quarter of a second, so at the fifth step only the quantities of two levels become zero. */
const STEPS: readonly Step[] = [
  { at: STARTS_AT },
  ...[-2, -1, 0, 1].map((second) => ({ at: NOON + second * SECOND })),
  { at: NOON + 1_100, faults: { hasZeroes: true } },
  { at: NOON + 2_000, faults: { hasZeroes: true } },
  { at: NOON + 3_000, faults: { hasZeroes: true } },
  { at: NOON + 4_000, faults: { extraVolume: 2 ** 31 } },
  { at: NOON + 5_000, faults: { hasForeignTopic: true } },
];

const sentOf = ({ sent }: Run, kind: string, symbol: string) =>
  sent.filter((each) => each.kind === kind && each.symbol === symbol);
const deepOf = ({ heard }: Run, symbol: string) =>
  heard.filter((each) => each.symbol === symbol).map(({ message }) => message);
const hsmOf = ({ heard }: Run, type: string, symbol: string) =>
  heard
    .filter(({ from }) => from === 'hsm')
    .map(({ message }) => message as Readonly<Record<string, unknown>>)
    .filter((message) => message['type'] === type && message['symbol'] === symbol);
const errorsOf = ({ heard }: Run) => heard.filter(({ from }) => from === 'error');

type Sides = Pick<SentBook, 'bids' | 'asks'>;
type Side = readonly SimulatedLevel[];

/** A book of fifty levels in the form that both SDKs share. */
function deepColumns({ bids, asks }: Sides) {
  const prices = (side: Side) => side.map(({ pricePaise }) => pricePaise / 100);
  const quantities = (side: Side) => side.map(({ quantity }) => quantity);
  const orders = (side: Side) => side.map(({ orders: count }) => count);
  return {
    ...{ bidprice: prices(bids), bidqty: quantities(bids), bidordn: orders(bids) },
    ...{ askprice: prices(asks), askqty: quantities(asks), askordn: orders(asks) },
  };
}

function deepHead({ fyers }: Run, { symbol, sequence }: SentBook, step: number) {
  const at = STEPS[step]?.at ?? 0;
  const { totalBuyQuantity: tbq, totalSellQuantity: tsq } = fyers.state.bookOf(symbol, at);
  const time = Math.floor(at / SECOND);
  const about = { snapshot: step === 0, seqNo: sequence, timestamp: time, sendtime: time };
  return { tbq, tsq, ...about };
}

/** Computes the sides for a reader that takes the nth level of each list for level n, and ignores its `num`. */
function byListIndex(sides: readonly Side[]): readonly Side[] {
  let book: Side = sides[0] ?? [];
  return sides.map((side, step) => {
    const before = sides[step - 1] ?? side;
    const isPartial = STEPS[step]?.faults?.hasZeroes === true;
    const listed = side
      .map((level, num) => ({ level, old: before[num] ?? level }))
      .filter(({ level, old }) => JSON.stringify(level) !== JSON.stringify(old));
    book = book.map((kept, place) => {
      const { level, old } = listed[place] ?? { level: kept, old: kept };
      if (!isPartial) return level;
      const changed = Object.entries(level).filter(
        ([name, value]) => value !== old[name as keyof SimulatedLevel],
      );
      return { ...kept, ...Object.fromEntries(changed) };
    });
    return book;
  });
}

function hsmBook({ symbol, bids, asks }: SentBook) {
  const levels = (name: string, side: Side) =>
    side.flatMap(({ pricePaise, quantity, orders }, place): [string, number][] => [
      [`${name}_price${String(place + 1)}`, pricePaise / 100],
      [`${name}_size${String(place + 1)}`, quantity],
      [`${name}_order${String(place + 1)}`, orders],
    ]);
  return {
    type: 'dp',
    symbol,
    ...Object.fromEntries([...levels('bid', bids), ...levels('ask', asks)]),
  };
}

function hsmPrices({ fyers }: Run, symbol: string, { at, faults }: Step) {
  const book = fyers.state.bookOf(symbol, at);
  const day = {
    ...{ ltp: book.lastPaise / 100, exch_feed_time: at / SECOND },
    ...{ open_price: book.openPaise / 100, prev_close_price: book.previousClosePaise / 100 },
    ...{ low_price: book.lowPaise / 100, high_price: book.highPaise / 100 },
  };
  if (symbol === INDEX) return { type: 'if', symbol, ...day };
  const [bid, ask] = [book.bids[0], book.asks[0]];
  return {
    ...{ type: 'sf', symbol, ...day, last_traded_time: book.lastTradeAt },
    // Both SDKs read it as a signed number of 32 bits.
    vol_traded_today: (book.volume + (faults?.extraVolume ?? 0)) | 0,
    ...{ bid_price: (bid?.pricePaise ?? 0) / 100, ask_price: (ask?.pricePaise ?? 0) / 100 },
    ...{ bid_size: bid?.quantity, ask_size: ask?.quantity, last_traded_qty: book.lastQuantity },
    ...{ tot_buy_qty: book.totalBuyQuantity, tot_sell_qty: book.totalSellQuantity },
    avg_trade_price: Math.round(book.turnoverPaise / book.volume) / 100,
    // Both SDKs put zeroes in place of the circuit limits.
    ...{ lower_ckt: 0, upper_ckt: 0 },
  };
}

describe.each(['node', 'python'] as const)('The official SDK for %s', (name) => {
  let run: Run;
  let refused: Run;
  beforeAll(async () => {
    const client = await SDK_CLIENTS[name]();
    const market = { startsAt: STARTS_AT, symbols: SYMBOLS, index: INDEX };
    run = await listenWith(client, market, STEPS.slice(1));
    refused = await listenWith(client, market, 'refused');
  });
  const isNode = name === 'node';
  /** A topic without a snapshot ends the process of the Node SDK. */
  const steps = isNode ? STEPS.slice(0, -1) : STEPS;

  test('opens both sockets, and logs no errors but its known ones', () => {
    const opened = run.fyers.streams.upgrades.map(
      ({ path, status }) => `${path} ${String(status)}`,
    );
    expect(opened.toSorted()).toEqual(['/hsm/v1-5/prod 101', '/versova 101']);
    expect(errorsOf(run)).toEqual([]);
    const complaints = run.complaints.match(/^.*\b\w+Error: .*$/gm) ?? [];
    expect(complaints).toEqual(
      isNode
        ? [
            'Error fetching URL: ReferenceError: https is not defined',
            "TypeError: Cannot read properties of undefined (reading 'prepareData')",
          ]
        : [],
    );
    // The simulator does not have the list of indices, of which the Python SDK has a copy.
    const noList = expect.stringMatching(/^Failed to load index_hsm_mapping .* 404 /) as unknown;
    expect(run.logged).toEqual(isNode ? [] : [noList, noList]);
  });

  test('reads the count of messages to acknowledge (the one for python with two bytes too many)', () => {
    const end = run.heard.find(({ from }) => from === 'end')?.message as { count: number } | null;
    expect((end?.count ?? 0) >> 16).toBe(isNode ? 0 : 2);
  });

  test.each(SYMBOLS)('reads the snapshot of the fifty levels of %s', (symbol) => {
    const [sent] = sentOf(run, 'tbt', symbol);
    const [heard] = deepOf(run, symbol);
    expect(sent?.bids).toHaveLength(50);
    expect(heard).toEqual(sent && { ...deepHead(run, sent, 0), ...deepColumns(sent) });
  });

  test.each(SYMBOLS)('reads all updates of the fifty levels of %s', (symbol) => {
    const sent = sentOf(run, 'tbt', symbol).slice(0, steps.length);
    expect(sent).toHaveLength(steps.length);
    const heard = deepOf(run, symbol).slice(0, steps.length);
    const right = sent.map((each, step) => ({
      ...deepHead(run, each, step),
      ...deepColumns(each),
    }));
    if (!isNode) {
      expect(heard).toEqual(right);
      return;
    }
    const [bids, asks] = [
      byListIndex(sent.map((each) => each.bids)),
      byListIndex(sent.map((each) => each.asks)),
    ];
    const wrong = right.map((each, step) => ({
      ...each,
      ...deepColumns({ bids: bids[step] ?? [], asks: asks[step] ?? [] }),
    }));
    expect(heard).toEqual(wrong);
    expect(wrong).not.toEqual(right);
  });

  test.each(SYMBOLS)('reads five levels of %s', (symbol) => {
    const sent = sentOf(run, 'hsm', symbol).slice(0, steps.length);
    expect(sent).toHaveLength(steps.length);
    expect(hsmOf(run, 'dp', symbol)).toEqual(sent.map(hsmBook));
  });

  test.each([...SYMBOLS, INDEX])('reads the prices of %s', (symbol) => {
    const expected = steps
      .filter(({ at }) => at % SECOND === 0)
      .map((step) => hsmPrices(run, symbol, step));
    const heard = hsmOf(run, symbol === INDEX ? 'if' : 'sf', symbol);
    // The Node SDK sets the time zone of its process only after it has read the first time, which is that of the index.
    const early = isNode && symbol === INDEX ? 5.5 * 3_600 : 0;
    const [first, ...rest] = expected;
    const time = STARTS_AT / SECOND - early;
    expect(heard).toMatchObject([{ ...first, exch_feed_time: time }, ...rest]);
  });

  test('reports a refused login to HSM (the one for node only logs it)', () => {
    const failed = { type: 'cn', code: 11_001, message: 'Authentication failed', s: 'error' };
    expect(errorsOf(refused)).toEqual(isNode ? [] : [{ from: 'error', message: failed }]);
    expect(refused.logged[0]).toEqual(isNode ? 'error converting message' : failed);
    expect(refused.heard.filter(({ from }) => from === 'hsm')).toEqual([]);
  });
});
