// Counts frames that were made with protobufjs and by the simulator's encoder.
import { describe, expect, test } from 'vitest';
import { encodeMark, type FrameMark, type FrameRecord } from '../../core/stream/frame-log.ts';
import type { LevelChange, TbtFeed, TbtMessage } from '../../core/stream/tbt-frame.ts';
import { answersFrom } from '../../tools/stream-answers.ts';
import vectors from '../fixtures/stream-vectors.json' with { type: 'json' };
import { encodeTbtMessage } from '../support/tbt-message.ts';

const AT = Date.parse('2026-11-25T04:00:00Z') * 1_000;
const LEVEL: LevelChange = { num: 0, price: 50_000, quantity: 10, orders: 1 };

function feedOf(symbol: string, sequence: number, bids: readonly LevelChange[]): TbtFeed {
  return {
    ...{ symbol, sequence, feedTime: 1_764_043_200, sendTime: null, isSnapshot: false },
    depth: { totalBuyQuantity: null, totalSellQuantity: null, asks: [], bids },
  };
}

function frameOf(feeds: readonly TbtFeed[], isSnapshot = false, at = 0): FrameRecord {
  const message: TbtMessage = { type: 6, isSnapshot, isError: false, text: '', feeds };
  return { kind: 'frame', receivedAt: AT + at, socket: 1, bytes: encodeTbtMessage(message) };
}

function markOf(socket: number, mark: FrameMark): FrameRecord {
  return { kind: 'mark', receivedAt: AT, socket, bytes: encodeMark(mark) };
}

async function answersByQuestion(records: readonly FrameRecord[]) {
  const answers = await answersFrom(records);
  return (start: string) => answers.find(({ question }) => question.startsWith(start))?.answer;
}

describe('answersFrom', () => {
  test('returns nothing if there is no frame', async () => {
    expect(await answersFrom([])).toEqual([]);
    expect(await answersFrom([markOf(1, { mark: 'opened', name: 'tbt 1' })])).toEqual([]);
  });

  test('counts sequence steps by symbol and by socket', async () => {
    const [a, b] = ['NSE:A-EQ', 'NSE:B-EQ'];
    const answer = await answersByQuestion([
      markOf(1, { mark: 'opened', name: 'tbt 1' }),
      frameOf([feedOf(a, 1, [LEVEL])], true),
      frameOf([feedOf(b, 2, [LEVEL])], true),
      frameOf([feedOf(a, 3, [LEVEL])]),
      frameOf([feedOf(b, 4, [LEVEL])]),
      frameOf([feedOf(b, 3, [LEVEL])]),
    ]);
    expect(answer('Steps of sequence_no from message to message of a symbol')).toBe(
      'of 2 and more: 2 · back: 1',
    );
    expect(answer('Steps of sequence_no from message to message of a socket')).toBe(
      'of 1: 3 · back: 1',
    );
  });

  test('counts what the first message of each connection is', async () => {
    const opened = markOf(1, { mark: 'opened', name: 'tbt 1' });
    const answer = await answersByQuestion([
      opened,
      frameOf([feedOf('NSE:A-EQ', 1, [LEVEL])], true),
      frameOf([feedOf('NSE:A-EQ', 2, [LEVEL])]),
      opened,
      frameOf([feedOf('NSE:A-EQ', 3, [LEVEL])]),
    ]);
    expect(answer('First message')).toBe('a snapshot: 1 · a difference: 1');
    expect(answer('Flags of a snapshot')).toBe('of the message only: 1');
    expect(answer('Connections')).toBe('tbt 1: 2');
  });

  test('counts partial lists, zero quantities and absent values', async () => {
    const answer = await answersByQuestion([
      frameOf([
        feedOf('NSE:A-EQ', 1, [
          { ...LEVEL, num: 3, quantity: 0 },
          { num: null, price: null, quantity: null, orders: null },
        ]),
      ]),
    ]);
    expect(answer('Lists of levels')).toBe('partial or in another order: 1');
    expect(answer('Levels')?.split(' · ').sort()).toEqual([
      'all: 2',
      'no orders: 1',
      'no price: 1',
      'no quantity: 1',
      'quantity 0: 1',
      'without a number: 1',
    ]);
    expect(answer('Digits of feed_time')).toBe('10 digits: 1');
  });

  test('gives the mean and the largest second of each kind of symbol', async () => {
    const answer = await answersByQuestion([
      frameOf([feedOf('NSE:A-EQ', 1, [LEVEL])]),
      frameOf([feedOf('NSE:A-EQ', 2, [LEVEL])]),
      frameOf([feedOf('NSE:A-EQ', 3, [LEVEL])], false, 1_000_000),
      frameOf([feedOf('NSE:NIFTY26DECFUT', 1, [LEVEL])]),
    ]);
    expect(answer('Messages a second')).toBe(
      'shares: 1.5 on average, 2 at most · futures: 1.0 on average, 1 at most',
    );
  });

  test('counts HSM items, and the divisor of their snapshots', async () => {
    const login = { acknowledgeEvery: 1, liteCounts: { sf: 1, dp: null, if: 1 } };
    const frames = vectors.hsm
      .filter(({ name }) => /^(?:snapshot|update) dp/.test(name))
      .map(({ hex }): FrameRecord => ({
        ...{ kind: 'frame', receivedAt: AT, socket: 0 },
        bytes: Buffer.from(hex, 'hex'),
      }));
    expect(frames.length).toBeGreaterThan(1);
    const answer = await answersByQuestion([
      markOf(0, { mark: 'opened', name: 'hsm', login }),
      ...frames,
    ]);
    expect(answer('Answer to the HSM login')).toContain('acknowledge every 1');
    expect(answer('Divisor of prices')).toContain('dp|nse_cm 100');
    expect(answer('HSM items')).toMatch(/snapshot: \d/);
  });

  test('names no symbol and no price', async () => {
    const answers = await answersFrom([frameOf([feedOf('NSE:SECRET-EQ', 1, [LEVEL])], true)]);
    expect(JSON.stringify(answers)).not.toMatch(/SECRET|50000|500\.00/);
  });
});
