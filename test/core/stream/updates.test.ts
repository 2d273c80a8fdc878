import { describe, expect, test } from 'vitest';
import { encodeMark, type FrameMark, type FrameRecord } from '../../../core/stream/frame-log.ts';
import { levelsIn } from '../../../core/stream/level-values.ts';
import type { LevelChange } from '../../../core/stream/tbt-frame.ts';
import { bookTopicsIn, readBooks, startUpdates } from '../../../core/stream/updates.ts';
import { instant, SECOND } from '../../../core/time.ts';
import { NO_FACTS } from '../../support/depth.ts';
import { encodeTbtMessage, levelsMessage, type SentLevels } from '../../support/tbt-message.ts';
import { bytesOf, VECTORS } from './vectors.ts';

const AT = 1_795_000_000_000;
const SBIN = 'NSE:SBIN-EQ';
const FUTURE = 'NSE:NIFTY26NOVFUT';
const DP = 'dp|nse_cm|3045';

function frame(bytes: Uint8Array, seconds: number, socket = 1): FrameRecord {
  return { kind: 'frame', socket, receivedAt: (AT + seconds * SECOND) * 1_000, bytes };
}

function mark(value: FrameMark, seconds: number, socket = 1): FrameRecord {
  return { ...frame(encodeMark(value), seconds, socket), kind: 'mark' };
}

const opened = (seconds: number) => mark({ mark: 'opened', name: 'tbt 1' }, seconds);
const began = (seconds: number) => mark({ mark: 'began' }, seconds, 0);
const closed = (seconds: number) => mark({ mark: 'closed' }, seconds);

function level(num: number | null, price: number | null, quantity = 10): LevelChange {
  return { num, price, quantity, orders: 1 };
}

function message(seconds: number, sequence: number, sent: Partial<SentLevels>): FrameRecord {
  const feedTime = 1_795_000_000 + seconds;
  const levels = levelsMessage({ symbol: SBIN, sequence, feedTime, ...sent });
  return frame(encodeTbtMessage(levels), seconds);
}

const snapshot = (seconds: number, sequence: number, symbol = SBIN) =>
  message(seconds, sequence, {
    ...{ symbol, isSnapshot: true, bids: [level(0, 80_000)], asks: [level(0, 80_005)] },
  });
const bid = (seconds: number, sequence: number, num: number | null = 0) =>
  message(seconds, sequence, { bids: [level(num, null, sequence)] });

/** `[kind, reason, levels]` of each update, and the gaps with seconds. */
function played(records: readonly FrameRecord[], topics = new Map<string, string>()) {
  const updates = startUpdates(topics);
  const all = records
    .flatMap((record) => updates.apply(record))
    .map((each) => ({ ...each, levels: each.kind === 'update' ? levelsIn(each.cells) : [] }));
  const seconds = (at: number | null) => (at === null ? null : (at / 1_000 - AT) / SECOND);
  return {
    ...{ updates, all },
    rows: all.map((each) => [each.reason, each.levels.length]),
    gaps: updates
      .gaps()
      .map(({ symbol, reason, from, to }) => [symbol, reason, seconds(from), seconds(to)]),
  };
}

describe('Updates of TBT', () => {
  test('begin with the whole book, and then have the levels that changed', () => {
    const { all } = played([opened(0), snapshot(1, 1), bid(2, 2)]);
    expect(all).toMatchObject([
      { kind: 'update', reason: 'first', symbol: SBIN, number: 1, sequence: 1, socket: 1 },
      { kind: 'update', reason: null, number: 2, sequence: 2, feedTime: 1_795_000_002 },
    ]);
    const [whole, change] = all.map(({ levels }) => levels);
    expect(whole).toHaveLength(100);
    expect(whole?.[0]).toEqual({ side: 'bid', level: 0, price: 800, quantity: 10, orders: 1 });
    expect(whole?.[51]).toEqual({ side: 'ask', level: 1, price: null, quantity: 0, orders: 0 });
    // The message leaves the price out.
    expect(change).toEqual([{ side: 'bid', level: 0, price: 800, quantity: 2, orders: 1 }]);
    expect(all[1]?.receivedAt).toBe((AT + 2 * SECOND) * 1_000);
  });

  test('leave out levels that a message repeats', () => {
    const { rows } = played([opened(0), snapshot(1, 1), snapshot(2, 2), bid(3, 3), bid(4, 3)]);
    expect(rows).toEqual([
      ['first', 100],
      [null, 1],
    ]);
  });

  test('have the whole book a minute after the last time', () => {
    const { rows } = played([opened(0), snapshot(1, 1), bid(60, 2), bid(61, 3), bid(62, 4)]);
    expect(rows.map(([reason]) => reason)).toEqual(['first', null, 'minute', null]);
  });

  test('stop at a skipped number, and go on with the next snapshot', () => {
    const proof = Array.from({ length: 101 }, (_, index) => bid(2, 2 + index));
    const { rows, gaps } = played([
      ...[opened(0), snapshot(1, 1), ...proof, bid(3, 105), bid(4, 106), snapshot(5, 107)],
    ]);
    expect(rows.slice(102)).toEqual([
      ['sequence-gap', 0],
      ['gap', 100],
    ]);
    expect(gaps).toEqual([[SBIN, 'sequence-gap', 2, 5]]);
  });

  test('stop at a level without a valid number', () => {
    const { gaps } = played([opened(0), snapshot(1, 1), bid(2, 2, 50), bid(3, 3)]);
    expect(gaps).toEqual([[SBIN, 'sequence-gap', 1, null]]);
  });

  test('stop while the connection is closed', () => {
    const { rows, gaps, updates } = played([
      ...[opened(0), snapshot(1, 1), closed(9), opened(12), snapshot(13, 1), bid(14, 2)],
    ]);
    expect(rows.map(([reason]) => reason)).toEqual(['first', 'closed', 'reconnect', null]);
    expect(gaps).toEqual([[SBIN, 'closed', 9, 13]]);
    expect(updates.book(SBIN)).toMatchObject({ flaw: null, bids: [{ quantity: 2 }] });
  });

  test('stop at the last record of a recorder that was killed', () => {
    const { gaps } = played([
      ...[began(0), opened(0), snapshot(1, 1), bid(4, 2), began(19), opened(20), snapshot(21, 1)],
    ]);
    expect(gaps).toEqual([[SBIN, 'stopped', 4, 21]]);
  });

  test('stop at the end of a log without the end of its connection', () => {
    const { updates } = played([began(0), opened(0), snapshot(1, 1), bid(4, 2)]);
    expect(updates.gaps()).toEqual([]);
    expect(updates.end()).toMatchObject([{ symbol: SBIN, reason: 'stopped' }]);
    expect(updates.book(SBIN)?.flaw).toBe('stopped');
  });

  test('stop for all sockets of a recorder that was killed, each until its own snapshot', () => {
    const second = (seconds: number) => mark({ mark: 'opened', name: 'tbt 2' }, seconds, 2);
    const future = (seconds: number) => ({ ...snapshot(seconds, 1, FUTURE), socket: 2 });
    const { gaps, updates } = played([
      ...[began(0), opened(0), second(0), snapshot(1, 1), future(2)],
      // Killed again before the second socket is open.
      ...[began(18), began(19), opened(20), snapshot(21, 1)],
      ...[second(25), future(26), bid(27, 2)],
    ]);
    expect(gaps).toEqual([
      [SBIN, 'stopped', 1, 21],
      [FUTURE, 'stopped', 2, 26],
    ]);
    expect(updates.book(SBIN)?.flaw).toBeNull();
  });

  test('stop at a frame that cannot be read, for the books of its socket', () => {
    const other = mark({ mark: 'opened', name: 'tbt 2' }, 0, 2);
    const future = { ...snapshot(1, 1, FUTURE), socket: 2 };
    const { gaps } = played([
      ...[opened(0), other, snapshot(1, 1), future, frame(Uint8Array.of(1, 2), 3)],
      ...[mark({ mark: 'bad-frame' }, 3), bid(4, 3)],
    ]);
    expect(gaps).toEqual([[SBIN, 'unreadable', 3, null]]);
  });

  test('stop for all books where frames are lost', () => {
    const { gaps } = played([
      ...[opened(0), snapshot(1, 1), snapshot(1, 1, FUTURE), bid(2, 2)],
      ...[mark({ mark: 'lost', frames: 3 }, 5, 0), bid(6, 3), snapshot(7, 9)],
    ]);
    expect(gaps).toEqual([
      [SBIN, 'lost', 2, 7],
      [FUTURE, 'lost', 2, null],
    ]);
  });

  test('stop where a part of the log is damaged', () => {
    const { updates } = played([opened(0), snapshot(1, 1), bid(2, 2)]);
    expect(updates.interrupt()).toMatchObject([{ kind: 'gap', reason: 'damaged', number: 3 }]);
    expect(updates.interrupt()).toEqual([]);
    expect(updates.apply(bid(9, 9))).toEqual([]);
    expect(updates.apply(snapshot(10, 10))).toMatchObject([{ reason: 'gap' }]);
  });

  test('of differences alone are a gap', () => {
    const { rows, gaps } = played([opened(0), bid(1, 1), bid(2, 2), snapshot(3, 3)]);
    expect(rows).toEqual([
      ['no-snapshot', 0],
      ['first', 100],
    ]);
    expect(gaps).toEqual([[SBIN, 'no-snapshot', 1, 3]]);
  });

  test('of the vectors have exact numbers', () => {
    const frames = VECTORS.tbt.slice(0, 8).map(({ hex }, index) => frame(bytesOf(hex), index));
    const { all, gaps } = played([opened(0), ...frames]);
    // The fifth has a level without a valid number, and the eighth is a snapshot.
    expect(gaps).toEqual([[SBIN, 'sequence-gap', 3, 7]]);
    expect(all.map(({ reason }) => reason)).toEqual([
      ...['first', null, null, null, 'sequence-gap', 'gap'],
    ]);
    expect(all[1]).toMatchObject({
      levels: [{ side: 'bid', level: 2, price: 799.85, quantity: 777, orders: 9 }],
    });
    expect(all[3]).toMatchObject({
      levels: [{ side: 'ask', level: 4, price: null, quantity: 0, orders: 0 }],
    });
  });
});

describe('Updates of HSM', () => {
  const login = { acknowledgeEvery: 2, liteCounts: { dp: null, sf: 1, if: 1 } };
  const records = [
    mark({ mark: 'opened', name: 'hsm', login }, 0, 0),
    ...VECTORS.hsm.slice(5, 8).map(({ hex }, index) => frame(bytesOf(hex), 1 + index, 0)),
  ];
  const topics = new Map([[DP, SBIN]]);

  test('have five levels, no sequence and no time of the feed', () => {
    const { all } = played(records, topics);
    expect(all).toMatchObject([
      { reason: 'first', sequence: null, feedTime: null, socket: 0 },
      { reason: null, levels: [{ side: 'bid', level: 1, price: 799.9, quantity: 555 }] },
      { reason: null, levels: [{ side: 'bid', level: 0, price: 800.05, quantity: 0 }] },
    ]);
    expect(all[0]?.levels).toHaveLength(10);
  });

  test('are of the symbols that the day has', () => {
    expect(played(records).all).toEqual([]);
    const named = { symbol: SBIN, ...NO_FACTS, fyToken: '10100000003045' };
    expect(bookTopicsIn([{ event: 'symbol', at: instant(AT), ...named }])).toEqual(topics);
  });

  test('have the levels of the feed with which a day goes on', () => {
    const bestOf = (sent: readonly FrameRecord[]) => {
      const book = played(sent, topics).updates.book(SBIN);
      return [book?.bids, book?.asks].map((side) => [side?.length, side?.[0]?.price]);
    };
    const ofTbt = [opened(0), snapshot(1, 1)];
    expect(bestOf([...ofTbt, began(2), ...records])).toEqual([
      [5, 800.05],
      [5, 800.05],
    ]);
    expect(bestOf([...records, began(5), ...ofTbt])).toEqual([
      [1, 800],
      [1, 800.05],
    ]);
  });

  test('stop where frames are lost, until the topic is named again', () => {
    const snapshotAgain = frame(bytesOf(VECTORS.hsm[5]?.hex ?? ''), 12, 0);
    const { gaps, rows } = played(
      [...records, mark({ mark: 'lost', frames: 1 }, 9, 0), records[2], snapshotAgain].flatMap(
        (each) => each ?? [],
      ),
      topics,
    );
    expect(gaps).toEqual([[SBIN, 'lost', 3, 12]]);
    expect(rows.slice(3)).toEqual([
      ['lost', 0],
      ['gap', 10],
    ]);
  });
});

test('A reader gets the book of an instant, and whether it is sound', () => {
  const records = [opened(0), snapshot(1, 1), bid(2, 2), closed(5), opened(8), snapshot(9, 1)];
  const reader = readBooks(records, new Map());
  const at = (seconds: number) => reader.bookAt(SBIN, instant(AT + seconds * SECOND));
  expect(at(0)).toBeNull();
  expect(at(1)).toMatchObject({ sequence: 1, flaw: null, bids: [{ level: 0, quantity: 10 }] });
  expect(at(5)).toMatchObject({
    ...{ sequence: 2, flaw: null, receivedAt: (AT + 2 * SECOND) * 1_000 },
    bids: [{ level: 0, price: 800, quantity: 2, orders: 1 }],
    asks: [{ level: 0, price: 800.05, quantity: 10, orders: 1 }],
  });
  expect(at(6)).toMatchObject({ flaw: 'closed', bids: [{ quantity: 2 }] });
  expect(at(9)).toMatchObject({ flaw: null, bids: [{ quantity: 10 }] });
});
