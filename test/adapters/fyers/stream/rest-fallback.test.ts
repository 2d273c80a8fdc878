// Tests the fallback with a scripted stream and the real REST feed, on a clock that jumps.
import { describe, expect, test } from 'vitest';
import { restDepth } from '../../../../adapters/fyers/depth-feed.ts';
import { withRestFallback } from '../../../../adapters/fyers/stream/rest-fallback.ts';
import type { SamplingPlan } from '../../../../core/config/values.ts';
import type { DepthFeed, SlotResult } from '../../../../core/ports.ts';
import { MINUTE, plus, SECOND } from '../../../../core/time.ts';
import { OPENS_AT, shortSession } from '../../../support/depth.ts';
import { depthOf, refusal, type Script, startDepthServer } from '../../../support/depth-server.ts';
import { APP, memoryStrikes, SYMBOLS, TOKEN } from '../../../support/rest-feed.ts';
import { virtualClock } from '../../../support/virtual-clock.ts';

const EVERY = 5 * SECOND;

interface Setup {
  /** By slot and symbol; null: the stream has a book. */
  readonly hole: (slot: number, symbol: string) => 'socket-closed' | 'no-token' | null;
  readonly script?: Script;
  readonly mostAtOnce?: number;
  readonly slots?: number;
  /** The consumer begins this late with each slot. */
  readonly lateMs?: number;
}

async function observe({ hole, script, mostAtOnce = 2, slots = 6, lateMs = 0 }: Setup) {
  await using server = await startDepthServer(script ?? (({ symbol }) => depthOf(symbol)));
  const clock = virtualClock(OPENS_AT);
  const plan: SamplingPlan = { symbols: SYMBOLS.slice(0, mostAtOnce), everySeconds: 5 };
  const rest = restDepth({
    ...{ apiUrl: server.url, appId: () => APP, sampling: plan, clock },
    strikes: memoryStrikes(),
  });
  const book = await firstBook(rest);
  const before = server.calls.length;
  const stream: DepthFeed = {
    name: 'tbt',
    async *observe() {
      for (let n = 0; n < slots; n += 1) {
        const slot = plus(OPENS_AT, n * EVERY);
        clock.set(plus(slot, lateMs));
        yield await Promise.resolve(
          SYMBOLS.map((symbol): SlotResult => {
            const taken = { symbol, slot, sentAt: null, receivedAt: slot };
            const reason = hole(n, symbol);
            return reason === null
              ? { ...taken, kind: 'book', book: { ...book, symbol } }
              : { ...taken, kind: 'hole', reason };
          }),
        );
      }
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const feed = withRestFallback({ stream, rest, plan });
  const session = { ...shortSession(), closesAt: plus(OPENS_AT, MINUTE) };
  const batches: (readonly SlotResult[])[] = [];
  for await (const batch of feed.observe(session, () => TOKEN, new AbortController().signal)) {
    batches.push(batch);
  }
  const asked = server.calls.slice(before).map(({ symbol }) => symbol);
  return { batches, asked, calls: server.calls.length - before };
}

/** A book as the stream's rows have one. */
async function firstBook(rest: DepthFeed) {
  const session = { ...shortSession(), closesAt: plus(OPENS_AT, EVERY) };
  for await (const batch of rest.observe(session, () => TOKEN, new AbortController().signal)) {
    const [result] = batch;
    if (result?.kind === 'book') return result.book;
  }
  throw new Error('no book');
}

const outcomeOf = (result: SlotResult): string =>
  result.kind === 'hole' ? result.reason : (result.feed ?? 'stream');

describe('withRestFallback', () => {
  const [first, second] = SYMBOLS;

  test('makes no call while the stream has books', async () => {
    const { batches, calls } = await observe({ hole: () => null });
    expect(batches.flat().map(outcomeOf)).toEqual(Array.from({ length: 12 }, () => 'stream'));
    expect(calls).toBe(0);
  });

  test('asks for a symbol from its third hole in a row until its stream is back', async () => {
    const { batches, asked } = await observe({
      hole: (slot, symbol) => (symbol === first && slot < 5 ? 'socket-closed' : null),
    });
    expect(batches.map(([result]) => result && outcomeOf(result))).toEqual([
      ...['socket-closed', 'socket-closed', 'rest', 'rest', 'rest', 'stream'],
    ]);
    expect(batches.map(([, result]) => result && outcomeOf(result))).not.toContain('rest');
    expect(asked).toEqual([first, first, first]);
  });

  test('asks for no symbol that had a book in between', async () => {
    const { calls } = await observe({ hole: (slot) => (slot % 3 === 2 ? null : 'socket-closed') });
    expect(calls).toBe(0);
  });

  test('asks for as many symbols at a slot as the plan has, in turns', async () => {
    const { batches, asked } = await observe({ hole: () => 'socket-closed', mostAtOnce: 1 });
    expect(asked).toEqual([first, second, first, second]);
    expect(batches.slice(2).map((batch) => batch.map(outcomeOf))).toEqual([
      ['rest', 'socket-closed'],
      ['socket-closed', 'rest'],
      ['rest', 'socket-closed'],
      ['socket-closed', 'rest'],
    ]);
  });

  test('keeps the reason of the stream if REST has no book', async () => {
    const { batches, calls } = await observe({
      hole: () => 'socket-closed',
      script: ({ symbol, nth }) => (nth < 2 ? depthOf(symbol) : refusal(500, -1)),
    });
    expect(calls).toBeGreaterThan(0);
    expect(new Set(batches.flat().map(outcomeOf))).toEqual(new Set(['socket-closed']));
  });

  test('makes no call without a token, or for a slot that is over', async () => {
    expect((await observe({ hole: () => 'no-token' })).calls).toBe(0);
    const late = await observe({ hole: () => 'socket-closed', lateMs: 2 * EVERY });
    expect(late.calls).toBe(0);
    expect(new Set(late.batches.flat().map(outcomeOf))).toEqual(new Set(['socket-closed']));
  });

  test('gives a row the times of its call', async () => {
    const { batches } = await observe({ hole: () => 'socket-closed' });
    const [row] = batches[2] ?? [];
    expect(row).toMatchObject({ kind: 'book', feed: 'rest', sentAt: plus(OPENS_AT, 2 * EVERY) });
  });
});
