// Tests the stream feed with the simulator, on a clock that jumps. With a fault, a row is the book of its instant, or
// the slot has a reason.
import { describe, expect, test } from 'vitest';
import type { SlotResult } from '../../../../core/ports.ts';
import { DAY, instant, parseInstant, plus, SECOND } from '../../../../core/time.ts';
import { hsmKeyOf } from '../../../../core/token/jwt.ts';
import type { FyersSimulator } from '../../../../sandbox/fyers/server.ts';
import { observe, TOKEN } from '../../../support/observed-stream.ts';

const TBT_SYMBOLS = [
  ...['NSE:HDFCBANK-EQ', 'NSE:RELIANCE-EQ', 'NSE:ADANIENT-EQ'],
  ...['NSE:INFY-EQ', 'NSE:SBIN-EQ', 'NSE:TCS-EQ'],
];

function outcomes(batches: readonly (readonly SlotResult[])[]): readonly string[] {
  return batches.map((batch) =>
    [...new Set(batch.map((taken) => (taken.kind === 'book' ? 'book' : taken.reason)))].join(' '),
  );
}

const BOOKS = Array.from({ length: 12 }, () => 'book');

describe.each(['tbt', 'hsm'] as const)('The feed %s', (kind) => {
  test('has the book that a depth call would have had at the slot', async () => {
    const { batches, simulator } = await observe({ kind });
    expect(outcomes(batches)).toEqual(BOOKS);
    for (const taken of batches.flat()) {
      const served = simulator.state.bookOf(taken.symbol, taken.slot);
      const level = (each: (typeof served.bids)[number]) => ({
        ...{ price: each.pricePaise / 100, quantity: each.quantity, orders: each.orders },
      });
      expect(taken).toMatchObject({
        ...{ sentAt: null, receivedAt: taken.slot },
        book: {
          ...{ bids: served.bids.map(level), asks: served.asks.map(level) },
          ...{ lastPrice: served.lastPaise / 100, volume: served.volume },
          ...{ totalBuyQuantity: served.totalBuyQuantity, high: served.highPaise / 100 },
          lastTradeAt: instant(served.lastTradeAt * SECOND),
        },
      });
    }
  });

  test('explains the slots of a socket that was closed, and returns', async () => {
    const { batches, notes } = await observe({
      kind,
      onJump: (seconds, { streams }) => {
        if (seconds === 12) streams.drop(1001);
      },
    });
    const seen = outcomes(batches);
    expect(seen.slice(0, 3)).toEqual(['book', 'book', 'book']);
    expect(seen.at(-1)).toBe('book');
    expect(notes.map(({ event }) => event)).toContain('socket-closed');
  });

  test('calls a half-open socket silent within fifteen seconds, and opens another', async () => {
    const { batches } = await observe({
      kind,
      seconds: 90,
      onJump: (seconds, { streams }) => {
        if (seconds === 11) streams.faults.isHalfOpen = true;
        if (seconds === 40) streams.faults.isHalfOpen = false;
      },
    });
    const seen = outcomes(batches);
    // The book of 00:10 stands until 15 s without a sign of life are over.
    expect(seen.slice(0, 6)).toEqual(['book', 'book', 'book', 'book', 'book', 'book']);
    // A TBT socket has no answer to a login, so a new one is open before it delivers.
    expect(seen[6]).toBe(kind === 'tbt' ? 'no-snapshot' : 'silent');
    expect(seen.at(-1)).toBe('book');
  });

  test('gives each slot its own book, if the consumer is late by several', async () => {
    const { batches, simulator } = await observe({
      kind,
      onBatch: async (slots, wait) => {
        if (slots === 3) await wait(13);
      },
    });
    expect(outcomes(batches)).toEqual(BOOKS);
    for (const taken of batches.flat()) {
      const { bids } = simulator.state.bookOf(taken.symbol, taken.slot);
      const first = { price: (bids[0]?.pricePaise ?? 0) / 100, quantity: bids[0]?.quantity };
      expect(taken).toMatchObject({ receivedAt: taken.slot, book: { bids: { 0: first } } });
    }
  });

  test('does not take a book for current, if a late consumer saw no sign of life', async () => {
    const { batches } = await observe({
      kind,
      onJump: (seconds, { streams }) => {
        if (seconds === 10) streams.faults.isHalfOpen = true;
      },
      onBatch: async (slots, wait) => {
        if (slots === 3) await wait(22);
      },
    });
    expect(outcomes(batches).slice(3, 7)).toEqual(['book', 'book', 'book', 'silent']);
  });

  test('has no token, then one', async () => {
    const { batches } = await observe({ kind, hasToken: (at) => at >= 20 * SECOND });
    const seen = outcomes(batches);
    expect(seen.slice(0, 4)).toEqual(['no-token', 'no-token', 'no-token', 'no-token']);
    expect(seen.at(-1)).toBe('book');
  });

  test('reports a symbol that is subscribed and silent, and opens a socket for it only once more', async () => {
    const { batches, silent, streams } = await observe({
      kind,
      seconds: 180,
      onJump: (_seconds, simulator) => void simulator.streams.faults.silent.add('NSE:SBIN-EQ'),
    });
    expect(silent).toEqual(['NSE:SBIN-EQ']);
    expect(new Set(outcomes(batches))).not.toContain('book');
    // The other symbol has its books.
    const late = batches.slice(12).flat();
    expect(new Set(late.map((each) => `${each.symbol} ${each.kind}`))).toEqual(
      new Set(['NSE:SBIN-EQ hole', 'NSE:INFY-EQ book']),
    );
    const path = kind === 'tbt' ? '/versova' : '/hsm/v1-5/prod';
    expect(streams.upgrades.filter((each) => each.path === path)).toHaveLength(2);
  });
});

test('The feed hsm has shares of BSE, and the indices of both exchanges, which have no book', async () => {
  const indices = ['NSE:NIFTYBANK-INDEX', 'BSE:SENSEX-INDEX'];
  const symbols = ['NSE:SBIN-EQ', 'BSE:RELIANCE-A', ...indices];
  const { batches, simulator } = await observe({ kind: 'hsm', symbols });
  expect(outcomes(batches)).toEqual(BOOKS);
  for (const taken of batches.flat()) {
    const served = simulator.state.bookOf(taken.symbol, taken.slot);
    const best = indices.includes(taken.symbol)
      ? undefined
      : (served.bids[0]?.pricePaise ?? 0) / 100;
    expect(taken).toMatchObject({ book: { lastPrice: served.lastPaise / 100 } });
    expect(taken.kind === 'book' && taken.book.bids[0]?.price).toBe(best);
  }
});

describe.each(['tbt', 'hsm'] as const)('The events of the feed %s', (kind) => {
  test('have neither the token nor the key of HSM, whatever the broker answers', async () => {
    const key = hsmKeyOf(TOKEN) ?? '';
    const { notes } = await observe({
      kind,
      seconds: 10,
      onJump: (_seconds, { streams }) => {
        streams.faults.refusal = `bad credentials ABCD1234EF-100:${TOKEN} ${key} ${'x'.repeat(5_000)}`;
      },
    });
    const refused = notes.filter(({ event }) => event === 'stream-refused');
    expect(refused.length).toBeGreaterThan(0);
    for (const { message } of notes) {
      expect(message.includes(TOKEN) || message.includes(key)).toBe(false);
      expect(message.length).toBeLessThan(300);
    }
  });
});

describe('The feed tbt', () => {
  test('uses the usual address if the broker names one that no socket can have', async () => {
    const { batches } = await observe({
      kind: 'tbt',
      onJump: (_seconds, { state }) => {
        if (!state.tbtUrl.endsWith('#x')) state.tbtUrl += '#x';
      },
    });
    expect(outcomes(batches)).toEqual(BOOKS);
  });

  test('opens a socket for each five symbols, with HSM next to them', async () => {
    const { batches, streams } = await observe({ kind: 'tbt', symbols: TBT_SYMBOLS });
    expect(outcomes(batches)).toEqual(BOOKS);
    expect(streams.upgrades.map(({ path }) => path)).toEqual([
      ...['/versova', '/versova', '/hsm/v1-5/prod'],
    ]);
  });

  test('asks for a snapshot after a frame that cannot be read', async () => {
    const { batches, notes } = await observe({
      kind: 'tbt',
      onJump: (seconds, { streams }) => {
        if (seconds === 14) streams.faults.isCut = true;
      },
    });
    // The simulator sends the cut frame when its clock is set to the slot.
    expect(outcomes(batches)).toEqual(BOOKS.with(3, 'sequence-gap'));
    expect(notes.filter(({ event }) => event === 'socket-closed')).toEqual([]);
  });

  test('waits a minute after 403, and logs that the stream refuses', async () => {
    const { batches, streams } = await observe({
      kind: 'tbt',
      seconds: 70,
      onJump: (_seconds, { state }) => void state.revoked.add(TOKEN),
    });
    expect(new Set(outcomes(batches))).toEqual(new Set(['stream-refused']));
    const ofTbt = streams.upgrades.filter(({ path }) => path === '/versova');
    expect(ofTbt.map(({ status }) => status)).toEqual([403, 403]);
  });
});

describe('The feed hsm', () => {
  test('counts the frames of each name, or of many names only their sum and the silent ones', async () => {
    const few = await observe({ kind: 'hsm', seconds: 320 });
    const many = Array.from({ length: 16 }, (_, n) => `NSE:STOCK${String(n)}-EQ`);
    const lines = await observe({
      kind: 'hsm',
      symbols: many,
      seconds: 320,
      onJump: (seconds, { streams }) => {
        if (seconds === -14) streams.faults.silent.add('NSE:STOCK3-EQ');
      },
    });
    const [ofFew = '', ofMany = ''] = [few, lines].map(
      ({ notes }) => notes.find(({ event }) => event === 'delivery')?.message,
    );
    expect(ofFew.split(', ')).toHaveLength(4);
    expect(ofFew).toMatch(/^dp\|nse_cm\|\d+ \d+, /);
    expect(ofMany).toMatch(
      /^[\d,]+ frames of 32 topics, none of 2: dp\|nse_cm\|\d+, sf\|nse_cm\|\d+$/,
    );
  });

  test('connects again after a frame that cannot be read, because any topic may have been in it', async () => {
    const { batches, notes } = await observe({
      kind: 'hsm',
      onJump: (seconds, { streams }) => {
        if (seconds === 14) streams.faults.isCut = true;
      },
    });
    const seen = outcomes(batches);
    expect(seen.slice(0, 4)).toEqual(['book', 'book', 'book', 'sequence-gap']);
    expect(seen.at(-1)).toBe('book');
    expect(notes.filter(({ event }) => event === 'socket-closed')).toHaveLength(1);
  });

  test.each(['isRefused', 'planLimit'] as const)('is refused: %s', async (fault) => {
    const { batches, notes } = await observe({
      kind: 'hsm',
      seconds: 40,
      onJump: (_seconds, { streams: { faults } }) => {
        if (fault === 'isRefused') faults.isRefused = true;
        else faults.planLimit = 1;
      },
    });
    expect(new Set(outcomes(batches))).toEqual(new Set(['stream-refused']));
    expect(notes.map(({ event }) => event)).toContain('stream-refused');
  });
});

type Faults = FyersSimulator['streams']['faults'];
/** Of the two minutes of a fault. */
const SLOTS = 24;

/** Runs the feed for two minutes, and compares its rows with the simulator's market. */
async function record(
  kind: 'tbt' | 'hsm',
  change: (faults: Faults, seconds: number, simulator: FyersSimulator) => void,
  setup: Pick<Parameters<typeof observe>[0], 'opensAt' | 'mintedAt'> = {},
) {
  const { batches, simulator, notes } = await observe({
    ...{ ...setup, kind },
    seconds: 120,
    onJump: (seconds, fyers) => {
      change(fyers.streams.faults, seconds, fyers);
    },
  });
  expect(batches).toHaveLength(SLOTS);
  for (const taken of batches.flat()) if (taken.kind === 'book') expectTrue(taken, simulator);
  return { seen: outcomes(batches), notes };
}

function expectTrue(taken: SlotResult & { kind: 'book' }, { state }: FyersSimulator): void {
  const { bids, asks } = state.bookOf(taken.symbol, taken.slot);
  const [bid, ask] = [bids[0]?.pricePaise ?? 0, asks[0]?.pricePaise ?? 0];
  expect(taken.book.bids[0]?.price).toBe(bid / 100);
  expect(taken.book.asks[0]?.price).toBe(ask / 100);
}

const ALL_BOOKS = Array.from({ length: SLOTS }, () => 'book');

describe.each(['tbt', 'hsm'] as const)('The feed %s with a fault', (kind) => {
  test('has a true row or a reason, if a frame is sent twice', async () => {
    const { seen } = await record(kind, (faults, seconds) => {
      if (seconds === 11) faults.isDoubled = true;
    });
    // A number that does not grow is a gap, which the next snapshot ends.
    expect(seen.filter((each) => each !== 'book' && each !== 'sequence-gap book')).toEqual([]);
    expect(seen.slice(-20)).toEqual(ALL_BOOKS.slice(-20));
  });

  test('has its rows again after the broker closed all sockets, as at the end of a token', async () => {
    const { seen } = await record(kind, (_faults, seconds, { streams }) => {
      if (seconds === 11) streams.drop(1000);
    });
    expect(seen.filter((each) => each === 'book').length).toBeGreaterThan(SLOTS - 4);
    expect(seen.at(-1)).toBe('book');
  });

  test('has a reason for each slot without a row, if all sockets end with the token', async () => {
    const sixOclock = parseInstant('2026-11-25T06:00:00+05:30');
    const upgrades = { before: 0, after: 0 };
    const { seen } = await record(
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
    expect(seen.slice(0, 6)).toEqual(ALL_BOOKS.slice(0, 6));
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

describe('The feed tbt with a fault', () => {
  test('asks for a new snapshot after a number that goes back', async () => {
    const { seen, notes } = await record('tbt', (faults, seconds) => {
      if (seconds === 11) faults.skips = -3;
    });
    expect(seen.slice(0, 3)).toEqual(ALL_BOOKS.slice(0, 3));
    expect(seen.slice(-20)).toEqual(ALL_BOOKS.slice(-20));
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

describe('The feed hsm with a fault', () => {
  test('skips an item of a topic without a snapshot, and reads the rest of the frame', async () => {
    const { seen } = await record('hsm', (faults) => {
      faults.hasForeignTopic = true;
    });
    expect(seen).toEqual(ALL_BOOKS);
  });

  test('does not read a book whose fields have another order', async () => {
    const { seen } = await record('hsm', (faults) => {
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
