import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeMark, type FrameMark, type FrameRecord } from '../../../core/stream/frame-log.ts';
import { type BookUpdate, type GapBegin, startUpdates } from '../../../core/stream/updates.ts';
import { bookMaker, deepLevels, type SimulatedLevel, TICK } from '../../../sandbox/fyers/book.ts';
import { tbtFrame } from '../../../sandbox/fyers/stream-frames.ts';
import type { SentBook } from '../../../sandbox/fyers/streams.ts';
import { matchLedger } from '../../support/ledger-match.ts';

const STARTS_AT = Date.parse('2026-11-25T10:00:00+05:30');
const SYMBOLS = ['NSE:SBIN-EQ', 'NSE:INFY-EQ'];
const bookOf = bookMaker('updates');

/** cut: of the next message · withheld: it is not stored, and marked · killed: no mark of the end. */
type Fault = 'none' | 'cut' | 'withheld' | 'reconnect' | 'killed' | 'damaged' | 'resubscribe';
interface Step {
  readonly ms: number;
  readonly symbol: number;
  readonly fault: Fault;
}

const step: fc.Arbitrary<Step> = fc.record({
  ms: fc.oneof(fc.integer({ min: 0, max: 2_000 }), fc.constant(61_000)),
  symbol: fc.nat(SYMBOLS.length - 1),
  fault: fc.oneof(
    { weight: 12, arbitrary: fc.constant<Fault>('none') },
    {
      weight: 1,
      arbitrary: fc.constantFrom<Fault>(
        ...(['cut', 'withheld', 'reconnect', 'killed', 'damaged', 'resubscribe'] as const),
      ),
    },
  ),
});

interface Sent {
  sequence: number;
  bids: readonly SimulatedLevel[];
  asks: readonly SimulatedLevel[];
}

function differences(before: readonly SimulatedLevel[], now: readonly SimulatedLevel[]) {
  return now.flatMap((level, num) =>
    JSON.stringify(level) === JSON.stringify(before[num]) ? [] : [{ num, level }],
  );
}

function play(steps: readonly Step[]) {
  const updates = startUpdates(new Map());
  const changes: (BookUpdate | GapBegin)[] = [];
  const ledger: SentBook[] = [];
  let sent = new Map<string, Sent>();
  let now = STARTS_AT;
  const store = (bytes: Uint8Array, kind: FrameRecord['kind'] = 'frame'): void => {
    changes.push(...updates.apply({ kind, socket: 1, receivedAt: now * 1_000, bytes }));
  };
  const mark = (value: FrameMark): void => {
    store(encodeMark(value), 'mark');
  };
  const open = (): void => {
    sent = new Map();
    mark({ mark: 'opened', name: 'tbt 1' });
  };
  open();
  for (const { ms, symbol: index, fault } of steps) {
    now += ms;
    const symbol = SYMBOLS[index] ?? '';
    if (fault === 'reconnect') mark({ mark: 'closed' });
    if (fault === 'killed') mark({ mark: 'began' });
    if (fault === 'reconnect' || fault === 'killed') open();
    if (fault === 'damaged') changes.push(...updates.interrupt());
    if (fault === 'resubscribe') sent.delete(symbol);
    const book = bookOf(symbol, now);
    const key = `${symbol} ${String(Math.floor(now / 60_000))}`;
    const [bids, asks] = [
      deepLevels(book.bids, -TICK, `${key} bids`),
      deepLevels(book.asks, TICK, `${key} asks`),
    ];
    const before = sent.get(symbol) ?? { sequence: 0, bids: [], asks: [] };
    const changed = [differences(before.bids, bids), differences(before.asks, asks)] as const;
    if (changed[0].length + changed[1].length === 0) continue;
    const sequence = before.sequence + 1;
    sent.set(symbol, { sequence, bids, asks });
    const frame = tbtFrame({
      ...{ symbol, token: 'token', sequence, at: now, totals: book },
      ...{ bids: changed[0], asks: changed[1], isSnapshot: sequence === 1 },
    });
    ledger.push({ symbol, kind: 'tbt', sequence, bids, asks });
    if (fault === 'withheld') mark({ mark: 'lost', frames: 1 });
    else store(fault === 'cut' ? frame.subarray(0, -3) : frame);
    const claimed = updates.book(symbol);
    if (claimed?.flaw !== null) continue;
    const rupees = (levels: readonly SimulatedLevel[]) =>
      levels.map(({ pricePaise, ...each }, level) => ({ level, price: pricePaise / 100, ...each }));
    expect(claimed).toMatchObject({ sequence, bids: rupees(bids), asks: rupees(asks) });
  }
  return { ledger, changes, updates };
}

test('Each book that was sent is in the updates, or in a gap', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 120 }), (steps) => {
      const { ledger, changes, updates } = play(steps);
      const { found, inGaps, unchanged } = matchLedger(ledger, changes);
      expect(found + inGaps + unchanged).toBe(ledger.length);
      if (steps.every(({ fault }) => fault === 'none')) expect(inGaps).toBe(0);
      const begun = changes.filter(({ kind }) => kind === 'gap');
      expect(updates.gaps()).toHaveLength(begun.length);
    }),
    { numRuns: 60 },
  );
});
