// Compares the updates of recorded frames with the books that the simulator sent.
import { describe, expect, test } from 'vitest';
import { frameSegments } from '../../../../adapters/recordings/frame-segments.ts';
import type { FrameSink } from '../../../../core/ports.ts';
import { topicsFor } from '../../../../core/stream/hsm-topics.ts';
import { levelsIn } from '../../../../core/stream/level-values.ts';
import { startUpdates } from '../../../../core/stream/updates.ts';
import type { FyersSimulator } from '../../../../sandbox/fyers/server.ts';
import type { SentBook } from '../../../../sandbox/fyers/streams.ts';
import { matchLedger } from '../../../support/ledger-match.ts';
import { observe } from '../../../support/observed-stream.ts';
import { strictRecorder } from '../../../support/recorded-stream.ts';
import { makeFolderPerTest } from '../../../support/temporary-folder.ts';

const SYMBOLS = ['NSE:SBIN-EQ', 'NSE:INFY-EQ'];

const folder = makeFolderPerTest();

type Streams = FyersSimulator['streams'];
type Jump = (seconds: number, streams: Streams, sink: FrameSink | null) => void;

async function record(kind: 'tbt' | 'hsm', onJump: Jump, seconds = 90) {
  const segments = frameSegments(folder.path);
  let sink: FrameSink | null = null;
  let ledger: readonly SentBook[] = [];
  const { simulator } = await observe({
    ...{ kind, seconds },
    frames: (_date, clock) => (sink = strictRecorder(segments, clock)),
    onJump: (seconds, { streams }) => {
      ledger = streams.keepLedger();
      onJump(seconds, streams, sink);
    },
  });
  const topics = SYMBOLS.flatMap((symbol) => {
    const token = simulator.state.instrumentOf(symbol, simulator.now())?.fyToken ?? null;
    const depth = topicsFor(symbol, token)?.depth ?? null;
    return depth === null ? [] : [[depth, symbol] as const];
  });
  const updates = startUpdates(new Map(topics));
  const changes: ReturnType<typeof updates.apply>[number][] = [];
  for (const name of await segments.names()) {
    for (const stored of await segments.read(name)) changes.push(...updates.apply(stored));
  }
  const reasons = updates.gaps().map(({ reason }) => reason);
  return { ...matchLedger(ledger, changes), books: ledger.length, reasons, updates, changes };
}

describe.each(['tbt', 'hsm'] as const)('The updates of %s', (kind) => {
  test('have every book that was sent, or a gap', async () => {
    const { found, inGaps, books, reasons } = await record(kind, (seconds, streams) => {
      if (seconds === 30) streams.drop(1001);
      // One of them meets a book, and not the prices next to it.
      if (seconds >= 60 && seconds < 66) streams.faults.isCut = true;
    });
    expect(found + inGaps).toBe(books);
    expect(found).toBeGreaterThan(20);
    expect(inGaps).toBeGreaterThan(0);
    expect(new Set(reasons)).toEqual(new Set(['closed', 'unreadable']));
  });

  test('have every book in which a level has no quantity, and none that was not sent', async () => {
    const { found, unchanged, books, reasons, changes } = await record(
      kind,
      (_, { faults }) => {
        faults.hasZeroes = true;
      },
      30,
    );
    expect(found + unchanged).toBe(books);
    // The end of the day.
    expect(reasons).toEqual(['closed', 'closed']);
    const levels = changes.flatMap((change) =>
      change.kind === 'update' ? levelsIn(change.cells) : [],
    );
    const empty = levels.filter(({ quantity, price }) => quantity === 0 && price !== null);
    expect(empty.length).toBeGreaterThan(20);
    expect(new Set(empty.map(({ level }) => level))).toEqual(new Set([4]));
  });

  test('go on with whole books after frames were lost', async () => {
    const { reasons, updates } = await record(kind, (seconds, _streams, sink) => {
      if (seconds === 30) sink?.lose(1, 'withheld');
    });
    expect(reasons).toEqual(['lost', 'lost', 'closed', 'closed']);
    for (const { from, to } of updates.gaps().slice(0, 2)) {
      expect((to ?? Infinity) - from).toBeLessThan(20_000_000);
    }
  });
});
