// Tests faults of the streams: a row is the book of its instant, or the slot has a reason.
import { describe, expect, test } from 'vitest';
import type { SlotResult } from '../../../../core/ports.ts';
import { DAY, parseInstant, plus, SECOND } from '../../../../core/time.ts';
import type { FyersSimulator } from '../../../../sandbox/fyers/server.ts';
import { observe } from '../../../support/observed-stream.ts';

type Faults = FyersSimulator['streams']['faults'];
const SLOTS = 24;

/** Runs the feed for two minutes, and compares its rows with the simulator's market. */
async function record(
  kind: 'tbt' | 'hsm',
  change: (faults: Faults, seconds: number, simulator: FyersSimulator) => void,
  setup: Pick<Parameters<typeof observe>[0], 'opensAt' | 'mintedAt'> = {},
) {
  const { batches, simulator } = await observe({
    ...{ ...setup, kind },
    seconds: 120,
    onJump: (seconds, fyers) => {
      change(fyers.streams.faults, seconds, fyers);
    },
  });
  expect(batches).toHaveLength(SLOTS);
  for (const taken of batches.flat()) if (taken.kind === 'book') expectTrue(taken, simulator);
  return batches.map((batch) =>
    [...new Set(batch.map((taken) => (taken.kind === 'book' ? 'book' : taken.reason)))].join(' '),
  );
}

function expectTrue(taken: SlotResult & { kind: 'book' }, { state }: FyersSimulator): void {
  const { bids, asks } = state.bookOf(taken.symbol, taken.slot);
  const [bid, ask] = [bids[0]?.pricePaise ?? 0, asks[0]?.pricePaise ?? 0];
  expect(taken.book.bids[0]?.price).toBe(bid / 100);
  expect(taken.book.asks[0]?.price).toBe(ask / 100);
}

const BOOKS = Array.from({ length: SLOTS }, () => 'book');

describe.each(['tbt', 'hsm'] as const)('The feed %s', (kind) => {
  test('has a true row or a reason, if a frame is sent twice', async () => {
    const seen = await record(kind, (faults, seconds) => {
      if (seconds === 11) faults.isDoubled = true;
    });
    // A number that does not grow is a gap, which the next snapshot ends.
    expect(seen.filter((each) => each !== 'book' && each !== 'sequence-gap book')).toEqual([]);
    expect(seen.slice(-20)).toEqual(BOOKS.slice(-20));
  });

  test('has its rows again after the broker closed all sockets, as at the end of a token', async () => {
    const seen = await record(kind, (_faults, seconds, { streams }) => {
      if (seconds === 11) streams.drop(1000);
    });
    expect(seen.filter((each) => each === 'book').length).toBeGreaterThan(SLOTS - 4);
    expect(seen.at(-1)).toBe('book');
  });
});

describe.each(['tbt', 'hsm'] as const)('The feed %s', (kind) => {
  test('has a reason for each slot without a row, if all sockets end with the token', async () => {
    const sixOclock = parseInstant('2026-11-25T06:00:00+05:30');
    const upgrades = { before: 0, after: 0 };
    const seen = await record(
      kind,
      (_faults, seconds, { streams }) => {
        upgrades[seconds < 30 ? 'before' : 'after'] = streams.upgrades.length;
      },
      {
        opensAt: plus(sixOclock, -30 * SECOND),
        // The login of the new day comes half a minute after the end of the old token.
        mintedAt: (now) =>
          now < plus(sixOclock, 30 * SECOND) ? plus(sixOclock, -DAY) : plus(sixOclock, SECOND),
      },
    );
    expect(upgrades.before).toBe(kind === 'tbt' ? 2 : 1);
    expect(upgrades.after).toBeGreaterThan(upgrades.before);
    const reasons = new Set(seen.filter((each) => each !== 'book'));
    expect(reasons.size).toBeGreaterThan(0);
    const known = ['socket-closed', 'no-snapshot', 'stream-refused', 'no-token', 'token-refused'];
    expect(known).toEqual(expect.arrayContaining([...reasons]));
    expect(seen.slice(0, 6)).toEqual(BOOKS.slice(0, 6));
    expect(seen.at(-1)).toBe('book');
  });

  test('has rows in which a level lost its quantity, and no other book', async () => {
    const { batches, simulator } = await observe({
      ...{ kind, seconds: 30 },
      onJump: (_seconds, { streams }) => {
        streams.faults.hasZeroes = true;
      },
    });
    const fifth = batches.flat().map((taken) => {
      if (taken.kind !== 'book') throw new Error(`a hole: ${taken.reason}`);
      expectTrue(taken, simulator);
      return taken.book.bids[4];
    });
    const empty = fifth.filter((level) => level?.quantity === 0 && level.price !== null);
    expect(empty.length).toBeGreaterThan(0);
    expect(empty.length).toBeLessThan(fifth.length);
  });
});

describe('The feed tbt', () => {
  test('asks for a new snapshot after a number that goes back', async () => {
    const seen = await record('tbt', (faults, seconds) => {
      if (seconds === 11) faults.skips = -3;
    });
    expect(seen.slice(0, 3)).toEqual(BOOKS.slice(0, 3));
    expect(seen.slice(-20)).toEqual(BOOKS.slice(-20));
    const { notes } = await observe({
      kind: 'tbt',
      seconds: 20,
      onJump: (seconds, { streams }) => {
        if (seconds === 11) streams.faults.skips = -3;
      },
    });
    const resyncs = notes.filter(({ event }) => event === 'resync');
    expect(resyncs.map(({ symbols }) => symbols)).toEqual([['NSE:SBIN-EQ'], ['NSE:INFY-EQ']]);
  });
});

test('Frames of TBT that cannot be read are noted only if a book was sound before', async () => {
  const { notes } = await observe({
    kind: 'tbt',
    seconds: 20,
    onJump: (seconds, { streams }) => {
      if (seconds >= 5) streams.faults.isCut = true;
    },
  });
  const resyncs = notes.filter(({ event }) => event === 'resync');
  // Fifteen seconds of such frames; a symbol that had a whole book in between is noted again.
  expect(resyncs.length).toBeGreaterThanOrEqual(2);
  expect(resyncs.length).toBeLessThan(8);
});

describe('The feed hsm', () => {
  test('skips an item of a topic without a snapshot, and reads the rest of the frame', async () => {
    const seen = await record('hsm', (faults) => {
      faults.hasForeignTopic = true;
    });
    expect(seen).toEqual(BOOKS);
  });

  test('does not read a book whose fields have another order', async () => {
    const seen = await record('hsm', (faults) => {
      faults.hasOtherFields = true;
    });
    expect(new Set(seen)).toEqual(new Set(['stream-refused']));
  });

  test('reads a volume above 2^31', async () => {
    const extra = 2 ** 31;
    const { batches, simulator } = await observe({
      kind: 'hsm',
      onJump: (_seconds, { streams }) => {
        streams.faults.extraVolume = extra;
      },
    });
    for (const taken of batches.flat()) {
      const { volume } = simulator.state.bookOf(taken.symbol, taken.slot);
      expect(taken).toMatchObject({ kind: 'book', book: { volume: volume + extra } });
    }
  });
});
