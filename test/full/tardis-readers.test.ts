// Loads an export into two programs from PyPI that read Tardis files, hftbacktest and NautilusTrader, and compares
// their books with those of our own reader from the same frames. Only the packages that the two need to load files are
// installed, at exact versions, because all of their requirements are 1.4 GB.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BookAt, readBooks } from '../../core/stream/updates.ts';
import { instant, type Instant, parseInstant } from '../../core/time.ts';
import { ensureVenv } from '../../sandbox/aws/venv.ts';
import { type Stage, stage } from '../cli/cli-harness.ts';
import {
  HSM_OPENED,
  hsmMark,
  QUOTE_TOKEN,
  quoteSnapshot,
  quoteUpdate,
} from '../support/hsm-quotes.ts';
import { recordStreamDay } from '../support/stream-day.ts';
import { walkingBooks } from '../support/walking-books.ts';

const REQUIREMENTS = [
  ...['--no-deps', '--no-compile', 'hftbacktest==2.4.4', 'nautilus_trader==1.221.0'],
  'numpy==2.2.6',
  ...['numba==0.68.1', 'llvmlite==0.50.0', 'polars==2.1.0', 'polars-runtime-32==2.1.0'],
  ...['pandas==2.3.3', 'pyarrow==26.0.1', 'msgspec==0.23.0', 'fsspec==2025.12.0', 'click==8.5.1'],
  ...['portion==2.6.3', 'sortedcontainers==2.4.0', 'python-dateutil==4.0.0', 'pytz==2026.6'],
  'tqdm==4.70.1',
];
const SBIN = 'NSE:SBIN-EQ';
const OTHER = 'NSE:NIFTY26NOVFUT';
const OPENS_AT = parseInstant('2026-11-25T09:15:00+05:30');
const FEED_DELAY_MS = 40;

/** Volume steps, between the books' messages. */
const VOLUMES = [1_000, 1_010, 1_500, 1_500, 4_000];
const QUOTES = VOLUMES.map((volume, index) => {
  const at = (OPENS_AT + 1_000 * index) * 1_000;
  const quoted = { at, rupees: 427 + index, volume };
  return index === 0 ? quoteSnapshot(quoted) : quoteUpdate(quoted);
});

/** The first book has three levels, to which hftbacktest would cut each later snapshot. */
const BOOKS = walkingBooks({
  ...{ seed: 11, symbols: [SBIN, OTHER], startsAt: OPENS_AT, messages: 4_000, firstLevels: 3 },
  ...{ reconnectsEvery: 1_000, feedTimeOf: (at) => at - FEED_DELAY_MS },
});

const RECORDS = [hsmMark(OPENS_AT * 1_000, HSM_OPENED), ...BOOKS, ...QUOTES].toSorted(
  (one, other) => one.receivedAt - other.receivedAt,
);

let cli: Stage;
let python = '';
beforeAll(async () => {
  cli = await stage();
  const dataDir = path.join(cli.folder, 'harvested_data');
  const fyTokens = { [SBIN]: QUOTE_TOKEN };
  await recordStreamDay({
    dataDir,
    feed: 'tbt',
    symbols: [SBIN, OTHER],
    records: RECORDS,
    fyTokens,
  });
  const types = 'incremental_book_L2,book_snapshot_5,book_snapshot_25,quotes,trades';
  const to = ['--to', 'tardis', '--types', types, '--for', 'nautilus'];
  const { code } = await cli.run('export', '--format', 'tardis', ...to);
  expect(code).toBe(0);
  ({ python } = await ensureVenv('tardis-readers', REQUIREMENTS));
}, 660_000);
afterAll(() => cli[Symbol.asyncDispose]());

async function asked(script: string, ...args: readonly string[]): Promise<unknown> {
  const { stdout } = await promisify(execFile)(python, ['-c', script, ...args], {
    timeout: 500_000,
  });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

const fileOf = (type: string) => {
  const label = type === 'trades' ? 'trades_from_volume_steps' : type;
  return path.join(cli.folder, 'tardis', `nse_${label}_2026-11-25_SBIN-EQ.csv.gz`);
};

/** Ten instants: between the records, and at the last one. */
const INSTANTS: readonly Instant[] = Array.from({ length: 10 }, (_, index) => {
  const at =
    (RECORDS[Math.floor(((index + 1) / 10) * (RECORDS.length - 1))]?.receivedAt ?? 0) / 1e3;
  return instant(Math.floor(at));
});

interface Sides {
  readonly bids: readonly (readonly [number, number])[];
  readonly asks: readonly (readonly [number, number])[];
}

function ourBooks(): readonly Sides[] {
  const reader = readBooks(RECORDS, new Map());
  const pairs = (levels: BookAt['bids']) =>
    levels.map(({ price, quantity }) => [price ?? 0, quantity ?? 0] as const);
  return INSTANTS.map((at) => {
    const book = reader.bookAt(SBIN, at);
    return { bids: pairs(book?.bids ?? []), asks: pairs(book?.asks ?? []) };
  });
}

const HFTBACKTEST = `
import json, sys
from hftbacktest import BacktestAsset, HashMapMarketDepthBacktest
from hftbacktest.data.utils import tardis
file, trades, instants = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
data = tardis.convert([trades, file], buffer_size=2_000_000)
of_trades = data[data['ev'] & 0xff == 2]
asset = (BacktestAsset().data(data).linear_asset(1.0).constant_order_latency(0, 0)
    .risk_adverse_queue_model().no_partial_fill_exchange().trading_value_fee_model(0, 0)
    .tick_size(0.05).lot_size(1.0))
test = HashMapMarketDepthBacktest([asset])
depth = test.depth(0)
def side(levels):
    return [[round(tick * 0.05, 2), quantity] for tick, quantity in levels if quantity > 0]
def book():
    bids, asks = [], []
    for tick in range(depth.best_bid_tick, depth.best_bid_tick - 4000, -1):
        bids.append((tick, depth.bid_qty_at_tick(tick)))
    for tick in range(depth.best_ask_tick, depth.best_ask_tick + 4000):
        asks.append((tick, depth.ask_qty_at_tick(tick)))
    return {'bids': side(bids), 'asks': side(asks)}
books, crossed, steps = [], 0, 0
test.wait_next_feed(False, 10**15)
for at in instants:
    while test.current_timestamp < at * 1_000_000:
        ended = test.elapse(min(20_000_000, at * 1_000_000 - test.current_timestamp))
        steps += 1
        if ended != 0:
            break
        crossed += depth.best_bid_tick >= depth.best_ask_tick
    books.append(book())
print(json.dumps({'events': len(data), 'books': books, 'crossed': int(crossed), 'steps': steps,
  'trades': [[int(row['exch_ts']), row['px'], row['qty'], int(row['ev']) >> 28 & 3] for row in of_trades]}))
`;

const NAUTILUS = `
import json, sys
from nautilus_trader.adapters.tardis.loaders import TardisCSVDataLoader
from nautilus_trader.model.book import OrderBook
from nautilus_trader.model.enums import BookType
from nautilus_trader.model.identifiers import InstrumentId
files, instants = json.loads(sys.argv[1]), json.loads(sys.argv[2])
name = InstrumentId.from_str('SBIN-EQ.NSE')
loader = TardisCSVDataLoader(instrument_id=name)
deltas = loader.load_deltas(files['incremental_book_L2'])
book = OrderBook(name, BookType.L2_MBP)
def side(levels):
    return [[float(level.price), level.size()] for level in levels]
books, crossed, rest = [], 0, iter(deltas)
delta = next(rest, None)
for at in instants:
    while delta is not None and delta.ts_init <= at * 1_000_000:
        book.apply_delta(delta)
        bid, ask = book.best_bid_price(), book.best_ask_price()
        crossed += bid is not None and ask is not None and bid >= ask
        delta = next(rest, None)
    books.append({'bids': side(book.bids()), 'asks': side(book.asks())})
tops = {levels: loader.load_depth10(files[f'book_snapshot_{levels}'], levels=levels)[-1] for levels in (5, 25)}
quote = loader.load_quotes(files['quotes'])[-1]
trades = loader.load_trades(files['trades'])
print(json.dumps({
  'name': str(deltas[0].instrument_id), 'rows': len(deltas), 'books': books, 'crossed': crossed,
  'delays': sorted({delta.ts_init - delta.ts_event for delta in deltas}),
  'tops': {n: [[float(o.price), float(o.size)] for o in top.bids if float(o.size) > 0] for n, top in tops.items()},
  'trades': [[t.ts_event, float(t.price), float(t.size), t.aggressor_side.name, str(t.trade_id)] for t in trades],
  'quote': [float(quote.bid_price), float(quote.ask_price)],
}))
`;

async function documented(program: string): Promise<readonly string[]> {
  const text = await readFile(
    path.join(import.meta.dirname, '..', '..', 'docs', 'data.md'),
    'utf8',
  );
  const code = text.split('```python\n').find((block) => block.includes(`from ${program}`)) ?? '';
  const [script = ''] = code.split('```');
  const options = { cwd: cli.folder, timeout: 500_000 };
  const { stdout } = await promisify(execFile)(python, ['-c', script], options);
  return stdout.trim().split('\n');
}

test('The programs of docs/data.md run, and end with our last prices', async () => {
  const last = ourBooks().at(-1);
  const [bid, ask] = [last?.bids[0]?.[0] ?? 0, last?.asks[0]?.[0] ?? 0];
  const nautilus = (await documented('nautilus_trader')).at(-1)?.split(' ').map(Number);
  expect(nautilus?.slice(2)).toEqual([bid, ask]);
  const hftbacktest = (await documented('hftbacktest')).at(-1)?.split(' ').map(Number);
  expect(hftbacktest).toHaveLength(3);
  const [, bestBid = NaN, bestAsk = NaN] = hftbacktest ?? [];
  expect(bestBid).toBeLessThan(bestAsk);
}, 600_000);

test('hftbacktest has our book at ten instants, and never one that is crossed', async () => {
  const files = [fileOf('incremental_book_L2'), fileOf('trades')];
  const found = await asked(HFTBACKTEST, ...files, JSON.stringify(INSTANTS));
  const { books, crossed, steps, trades } = found as Read;
  expect(books).toEqual(ourBooks());
  expect(steps).toBeGreaterThan(500);
  expect(crossed).toBe(0);
  // Neither a buyer nor a seller.
  expect(trades).toEqual(STEPS.map(({ at, price, quantity }) => [at, price, quantity, 0]));
}, 600_000);

/** `at` in nanoseconds. */
const STEPS = [
  { after: 1, price: 428, quantity: 10 },
  { after: 2, price: 429, quantity: 490 },
  { after: 4, price: 431, quantity: 2_500 },
].map(({ after, ...step }) => ({ ...step, at: (OPENS_AT + 1_000 * after) * 1_000_000 }));

interface Read {
  readonly trades: readonly (readonly number[])[];
  readonly books: readonly Sides[];
  readonly crossed: number;
  readonly steps: number;
}

test('NautilusTrader has our book at ten instants, and never one that is crossed', async () => {
  const types = ['incremental_book_L2', 'book_snapshot_5', 'book_snapshot_25', 'quotes', 'trades'];
  const files = Object.fromEntries(types.map((type) => [type, fileOf(type)]));
  const found = await asked(NAUTILUS, JSON.stringify(files), JSON.stringify(INSTANTS));
  const ours = ourBooks();
  const last = ours.at(-1);
  expect(found).toMatchObject({
    ...{ name: 'SBIN-EQ.NSE', books: ours, crossed: 0, delays: [FEED_DELAY_MS * 1_000_000] },
    tops: { 5: last?.bids.slice(0, 5), 25: last?.bids.slice(0, 10) },
    quote: [last?.bids[0]?.[0], last?.asks[0]?.[0]],
    trades: STEPS.map(({ at, price, quantity }, index) => [
      ...[at, price, quantity, 'NO_AGGRESSOR', `volume-step-${String(index + 1)}`],
    ]),
  });
}, 300_000);
