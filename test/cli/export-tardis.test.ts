import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { dayFolders } from '../../adapters/recordings/data-folder.ts';
import { encodeMark } from '../../core/stream/frame-log.ts';
import { compactDay } from '../../harvester/compact.ts';
import { hsmData, hsmSnapshot } from '../../sandbox/fyers/stream-frames.ts';
import { bytesOf, VECTORS } from '../core/stream/vectors.ts';
import { IN_BUCKET, startBucket } from '../support/day-in-bucket.ts';
import { OPENS_AT, shortSession } from '../support/depth.ts';
import {
  HSM_OPENED,
  hsmMark,
  QUOTE_TOKEN,
  quoteSnapshot,
  quoteUpdate,
} from '../support/hsm-quotes.ts';
import { recordDay } from '../support/recorded-day.ts';
import { ROOT } from '../support/source-tree.ts';
import { recordStreamDay } from '../support/stream-day.ts';
import { walkingBooks } from '../support/walking-books.ts';
import { stage, openStagePerTest } from './cli-harness.ts';

const SBIN = 'NSE:SBIN-EQ';
const FUTURE = 'NSE:NIFTY26NOVFUT';
const DATE = '2026-11-25';
const BOOK = `nse_incremental_book_L2_${DATE}_SBIN-EQ.csv.gz`;

const cli = openStagePerTest();

const record = (messages = 2_000) =>
  recordStreamDay({
    ...{ dataDir: cli.dataDir, feed: 'tbt', symbols: [SBIN, FUTURE] },
    records: walkingBooks({
      ...{ seed: 7, symbols: [SBIN, FUTURE], startsAt: OPENS_AT, messages },
      reconnectsEvery: 900,
    }),
  });

const exported = (...args: readonly string[]) =>
  cli.run('export', '--format', 'tardis', '--to', 'out', ...args);
const names = () => readdirSync(path.join(cli.folder, 'out')).sort();
const linesOf = (name: string) =>
  gunzipSync(readFileSync(path.join(cli.folder, 'out', name)))
    .toString()
    .split('\n');

describe('fyers export --format tardis', () => {
  test('writes the same files for a day in the bucket, one segment at a time', async () => {
    const { date, segments } = await record(920);
    const folder = dayFolders(cli.dataDir).folder(date);
    await compactDay({ folder, date, shard: 0, session: shortSession() });
    await exported('--data', 'harvested_data');
    const local = names().map((name) => [name, linesOf(name)] as const);
    await using bucket = await startBucket();
    await bucket.ship(cli.dataDir, date);
    const stored = await segments.names();
    await using away = await stage({ aws: bucket.aws, watched: true });
    const args = ['export', DATE, '--format', 'tardis', ...IN_BUCKET];
    const { code, err, screen } = await away.run(...args, '--to', path.join(cli.folder, 'out'));
    expect(code).toBe(2);
    expect(err).toContain('--force');
    expect(screen).toContain(`[Writing: segment 1 of ${String(stored.length)}, 0 rows]`);
    rmSync(path.join(cli.folder, 'out'), { recursive: true });
    const again = await away.run(...args, '--to', path.join(cli.folder, 'out'));
    expect(again.code).toBe(0);
    expect(again.err).toContain('2 gaps');
    expect(names().map((name) => [name, linesOf(name)])).toEqual(local);
    const last = `[Writing: segment ${String(stored.length)} of ${String(stored.length)},`;
    expect(again.screen.some((line) => line.startsWith(last))).toBe(true);
  });

  test('writes a file for each symbol and type, in one pass, and reports gaps', async () => {
    await record();
    const { code, out, err } = await exported(DATE);
    expect({ code, names: names() }).toEqual({
      code: 0,
      names: ['incremental_book_L2', 'quotes'].flatMap((type) =>
        ['NIFTY26NOVFUT', 'SBIN-EQ'].map((name) => `nse_${type}_${DATE}_${name}.csv.gz`),
      ),
    });
    const lines = linesOf(BOOK);
    expect(lines[0]).toMatch(/^exchange,symbol,timestamp,/);
    expect(lines.at(-1)).toBe('');
    expect(lines.filter((line) => line.includes(',true,bid,'))).toHaveLength(3 * 50);
    const rows = names().reduce((sum, name) => sum + linesOf(name).length - 2, 0);
    expect(out).toContain(`${rows.toLocaleString('en-US')} rows are in 4 files in out/`);
    // Two reconnections of two symbols; the end of the day is not a gap.
    expect(err).toContain('4 gaps');
  });

  test('writes the types, symbols and times that are asked for', async () => {
    await record();
    const types = 'quotes, book_snapshot_25,book_snapshot_5';
    const { code } = await exported('--symbols', 'sbin', '--types', types, '--until', '09:00:10');
    expect({ code, names: names() }).toEqual({
      code: 0,
      names: [
        ...[
          `nse_book_snapshot_25_${DATE}_SBIN-EQ.csv.gz`,
          `nse_book_snapshot_5_${DATE}_SBIN-EQ.csv.gz`,
        ],
        `nse_quotes_${DATE}_SBIN-EQ.csv.gz`,
      ],
    });
    const last = linesOf(`nse_quotes_${DATE}_SBIN-EQ.csv.gz`).at(-2)?.split(',')[3];
    expect(Number(last) / 1_000 - OPENS_AT).toBeGreaterThan(9_000);
    expect(Number(last) / 1_000 - OPENS_AT).toBeLessThan(10_000);
    const named = await exported('--symbols', 'sbin,SBI', '--force');
    expect(named.code).toBe(0);
    expect(named.err).toContain('SBI');
  });

  test('names an exchange that NautilusTrader accepts', async () => {
    await record();
    await exported('--for', 'nautilus');
    expect(linesOf(BOOK)[1]).toMatch(/^binance,SBIN-EQ,/);
  });

  test('replaces files only with --force, and leaves no part of a file', async () => {
    await record();
    await exported();
    const before = readFileSync(path.join(cli.folder, 'out', BOOK));
    writeFileSync(path.join(cli.folder, 'out', BOOK), 'mine');
    const { code, err } = await exported();
    expect({ code, names: names().length }).toEqual({ code: 2, names: 4 });
    expect(err).toContain('already exists');
    expect(readFileSync(path.join(cli.folder, 'out', BOOK), 'utf8')).toBe('mine');
    expect((await exported('--force')).code).toBe(0);
    expect(readFileSync(path.join(cli.folder, 'out', BOOK))).toEqual(before);
  });

  test('writes more files than may be open at once', async () => {
    const symbols = Array.from({ length: 150 }, (_, index) => `NSE:S${String(index)}-EQ`);
    const head = { socket: 0, receivedAt: OPENS_AT * 1_000 };
    const values = Array.from({ length: 30 }, (_, place) => 100 * (place + 1));
    await recordStreamDay({
      ...{ dataDir: cli.dataDir, feed: 'hsm', symbols },
      fyTokens: Object.fromEntries(
        symbols.map((symbol, at) => [symbol, `1010000000${String(3_000 + at)}`]),
      ),
      records: [
        hsmMark(head.receivedAt, HSM_OPENED),
        ...symbols.map((symbol, at) => {
          const item = hsmSnapshot(at, { name: `dp|nse_cm|${String(3_000 + at)}`, symbol }, values);
          return { ...head, kind: 'frame' as const, bytes: hsmData(1, [item]) };
        }),
      ],
    });
    const args = ['export', '--format', 'tardis', '--data', 'harvested_data', '--to', 'out'];
    const main = path.join(ROOT, 'cli/main.js');
    const limited = ['-c', 'ulimit -n 128; exec "$0" "$@"', process.execPath, main, ...args];
    await promisify(execFile)('sh', limited, { cwd: cli.folder });
    expect(names()).toHaveLength(2 * symbols.length);
    for (const name of names()) expect(linesOf(name).length).toBeGreaterThan(2);
  });

  test('has five levels of HSM, and refuses twenty-five', async () => {
    const login = { acknowledgeEvery: 2, liteCounts: { dp: null, sf: 1, if: 1 } };
    const head = { socket: 0, receivedAt: OPENS_AT * 1_000 };
    await recordStreamDay({
      ...{
        dataDir: cli.dataDir,
        feed: 'hsm',
        symbols: [SBIN],
        fyTokens: { [SBIN]: '10100000003045' },
      },
      records: [
        { ...head, kind: 'mark', bytes: encodeMark({ mark: 'opened', name: 'hsm', login }) },
        ...VECTORS.hsm.slice(5, 8).map(({ hex }) => ({
          ...{ ...head, kind: 'frame' as const, bytes: bytesOf(hex) },
        })),
      ],
    });
    expect((await exported('--types', 'book_snapshot_25')).code).toBe(2);
    const types = 'book_snapshot_5,incremental_book_L2';
    expect((await exported('--types', types)).code).toBe(0);
    expect(linesOf(BOOK).filter((line) => line.includes(',true,'))).toHaveLength(10);
    expect(linesOf(`nse_book_snapshot_5_${DATE}_SBIN-EQ.csv.gz`)[1]).not.toContain(',,');
  });

  test('writes steps of the traded volume as trades of unknown side, and names them', async () => {
    const books = walkingBooks({
      ...{ seed: 7, symbols: [SBIN], startsAt: OPENS_AT, messages: 100 },
    });
    const at = OPENS_AT * 1_000;
    await recordStreamDay({
      ...{ dataDir: cli.dataDir, feed: 'tbt', symbols: [SBIN], fyTokens: { [SBIN]: QUOTE_TOKEN } },
      records: [
        hsmMark(at, HSM_OPENED),
        quoteSnapshot({ at, rupees: 427, volume: 1_000 }),
        quoteUpdate({ at, rupees: 427.05, volume: 1_010 }),
        ...books,
        quoteUpdate({ at: at + 9_000_000, rupees: 428, volume: 1_500 }),
      ],
    });
    const trades = `nse_trades_from_volume_steps_${DATE}_SBIN-EQ.csv.gz`;
    const { code, err } = await exported('--types', 'trades,quotes', '--for', 'nautilus');
    expect(code).toBe(0);
    expect(err).toContain('may be several trades');
    expect(linesOf(trades)).toEqual([
      'exchange,symbol,timestamp,local_timestamp,id,side,price,amount',
      `binance,SBIN-EQ,${String(at)},${String(at)},volume-step-1,unknown,427.05,10`,
      `binance,SBIN-EQ,${String(at + 9e6)},${String(at + 9e6)},volume-step-2,unknown,428,490`,
      '',
    ]);
    const late = ['--types', 'trades', '--from', '09:00:05', '--force'] as const;
    expect((await exported(...late)).code).toBe(0);
    expect(linesOf(trades)).toHaveLength(3);
    const without = await exported('--types', 'trades,quotes', '--until', '09:00:00', '--force');
    expect(without.code).toBe(2);
  });

  test('warns if there is no step of the volume', async () => {
    await record(20);
    const { code, err } = await exported('--types', 'trades,quotes');
    expect(code).toBe(0);
    expect(err).toContain('no rows of trades');
    expect(names().filter((name) => name.includes('trades'))).toEqual([]);
    const alone = await exported('--types', 'trades');
    expect(alone.code).toBe(2);
    expect(alone.err).toContain('has no step of the traded volume');
  });

  test.each([
    ['an unknown type', ['--types', 'trade'], '"trade"'],
    ['another format', ['--compat'], '--compat'],
    ['a symbol that the day does not have', ['--symbols', 'INFY'], 'INFY'],
    ['an empty time', ['--from', '10:00'], 'Nothing was written'],
  ])('refuses %s', async (_, args, named) => {
    await record();
    const { code, err } = await exported(...args);
    expect(code).toBe(2);
    expect(err).toContain(named);
  });

  test('refuses a day without frames', async () => {
    await recordDay({ dataDir: cli.dataDir });
    const { code, err } = await exported();
    expect(code).toBe(2);
    expect(err).toContain('no frames');
    const options = await cli.run('export', '--to', 'x.csv', '--types', 'quotes');
    expect(options.code).toBe(2);
  });
});
