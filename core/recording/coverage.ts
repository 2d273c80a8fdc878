// Counts expected, received and explained slots. Each planned slot of each symbol starts as unexplained; a row marks it as
// received, and a hole gives it one of the reasons in `HOLE_REASONS`. The list is closed: an unexplained slot makes the
// day red.
import type { Phase, SessionPlan } from '../market/phases.ts';
import { type Instant, SECOND, plus } from '../time.ts';

export const HOLE_REASONS = [
  'no-token',
  'token-refused',
  'unknown-symbol',
  'rate-limited',
  'blocked-for-the-day',
  'timeout',
  'unreachable',
  'broker-error',
  'malformed-answer',
  'late',
  'not-running',
  'stopped',
  'clock-jump',
  'disk',
  'socket-closed',
  'no-snapshot',
  'sequence-gap',
  'silent',
  'stream-refused',
] as const;

export type HoleReason = (typeof HOLE_REASONS)[number];

/**
 * The plan of one process: `symbols` in every slot from `from` until the close, or until the start of a later plan.
 */
export interface DayPlan {
  readonly symbols: readonly string[];
  readonly everySeconds: number;
  readonly opensAt: Instant;
  readonly closesAt: Instant;
  /** The first slot of this plan: the opening for a day's first plan. */
  readonly from: Instant;
}

/** Slots from `from` (inclusive) to `to` (exclusive) without a row of `symbols`. */
export interface Hole {
  readonly reason: HoleReason;
  readonly symbols: readonly string[];
  readonly from: Instant;
  readonly to: Instant;
}

/** Slots: `expected = received + explained + unexplained`. The day is red if unexplained is above zero. */
interface Counts {
  readonly expected: number;
  readonly received: number;
  readonly explained: number;
  readonly unexplained: number;
}

export interface CoverageSummary extends Counts {
  readonly holes: Readonly<Partial<Record<HoleReason, number>>>;
  readonly symbols: readonly (Counts & { readonly symbol: string })[];
  readonly phases: readonly (Counts & { readonly phase: Phase })[];
}

/** True for a day without data, even if every slot has a reason. */
export function isWithoutRows({
  expected,
  received,
}: Pick<Counts, 'expected' | 'received'>): boolean {
  return expected > 0 && received === 0;
}

/** Mutable state of a day's slots, without clock or files. */
export interface Coverage {
  /** duplicate: the slot already has its row · unplanned: not in any plan. */
  row(symbol: string, slot: Instant): 'new' | 'duplicate' | 'unplanned';
  /** A row wins over a hole in any order. */
  hole(hole: Hole): void;
  /** Returns the slots before `until` with neither row nor hole as holes with `reason`. */
  missing(until: Instant, reason: HoleReason): readonly Hole[];
  summary(session: SessionPlan): CoverageSummary;
  /** Every planned slot of every symbol: symbol by symbol, in the order of time within each plan. */
  each(): Iterable<PlannedSlot>;
}

export interface PlannedSlot {
  readonly symbol: string;
  readonly slot: Instant;
  readonly state: 'received' | HoleReason | 'unexplained';
}

const EMPTY = 0;
const RECEIVED = 255;

interface Stretch {
  readonly plan: DayPlan;
  readonly slots: readonly Instant[];
  readonly marks: ReadonlyMap<string, Uint8Array>;
}

/**
 * @param plans of one day, oldest first. Each ends at the earliest start of all later plans. That is not always the next
 *   plan, because the clock may have been set back between two starts
 */
export function startCoverage(plans: readonly DayPlan[]): Coverage {
  const stretches = plans.map((plan, index) =>
    stretchOf(plan, Math.min(plan.closesAt, ...plans.slice(index + 1).map(({ from }) => from))),
  );
  const find = (symbol: string, slot: Instant): { marks: Uint8Array; index: number } | null => {
    for (const { plan, slots, marks } of stretches) {
      const index = (slot - (slots[0] ?? 0)) / (plan.everySeconds * SECOND);
      const ofSymbol = marks.get(symbol);
      if (ofSymbol !== undefined && slots[index] === slot) return { marks: ofSymbol, index };
    }
    return null;
  };
  return {
    row(symbol, slot) {
      const found = find(symbol, slot);
      if (found === null) return 'unplanned';
      const before = found.marks[found.index];
      found.marks[found.index] = RECEIVED;
      return before === RECEIVED ? 'duplicate' : 'new';
    },
    hole(hole) {
      const mark = HOLE_REASONS.indexOf(hole.reason) + 1;
      for (const { plan, slots, marks } of stretches) {
        const index = (at: Instant): number =>
          Math.max(0, Math.ceil((at - (slots[0] ?? at)) / (plan.everySeconds * SECOND)));
        for (const symbol of hole.symbols) {
          const ofSymbol = marks.get(symbol)?.subarray(index(hole.from), index(hole.to));
          ofSymbol?.forEach((before, at) => {
            if (before === EMPTY) ofSymbol[at] = mark;
          });
        }
      }
    },
    missing: (until, reason) => stretches.flatMap((stretch) => missingIn(stretch, until, reason)),
    summary: (session) => summaryOf(stretches, session),
    each: () => slotsOf(stretches),
  };
}

/** @param end epoch milliseconds; if it is before the plan's start, the stretch has no slots */
function stretchOf(plan: DayPlan, end: number): Stretch {
  const every = plan.everySeconds * SECOND;
  const count = Math.max(0, Math.ceil((end - plan.from) / every));
  const slots = Array.from({ length: count }, (_, index) => plus(plan.from, index * every));
  return {
    plan,
    slots,
    marks: new Map(plan.symbols.map((symbol) => [symbol, new Uint8Array(count)])),
  };
}

function* slotsOf(stretches: readonly Stretch[]): Iterable<PlannedSlot> {
  for (const { slots, marks } of stretches) {
    for (const [symbol, ofSymbol] of marks) {
      for (const [index, slot] of slots.entries()) {
        const mark = ofSymbol[index] ?? EMPTY;
        const reason = HOLE_REASONS[mark - 1] ?? 'unexplained';
        yield { symbol, slot, state: mark === RECEIVED ? 'received' : reason };
      }
    }
  }
}

function missingIn(stretch: Stretch, until: Instant, reason: HoleReason): readonly Hole[] {
  const holes: Hole[] = [];
  for (const [index, slot] of stretch.slots.entries()) {
    if (slot >= until) break;
    const symbols = stretch.plan.symbols.filter(
      (symbol) => stretch.marks.get(symbol)?.[index] === EMPTY,
    );
    if (symbols.length === 0) continue;
    const to = plus(slot, stretch.plan.everySeconds * SECOND);
    const last = holes.at(-1);
    if (last?.to === slot && last.symbols.join() === symbols.join()) {
      holes[holes.length - 1] = { ...last, to };
    } else {
      holes.push({ reason, symbols, from: slot, to });
    }
  }
  return holes;
}

function summaryOf(stretches: readonly Stretch[], session: SessionPlan): CoverageSummary {
  const all = tally();
  const bySymbol = new Map<string, Tally>();
  const byPhase = session.phases.map((phase) => ({ phase, tally: tally() }));
  const holes: Partial<Record<HoleReason, number>> = {};
  for (const { slots, marks } of stretches) {
    for (const [symbol, ofSymbol] of marks) {
      const ofThis = bySymbol.get(symbol) ?? tally();
      bySymbol.set(symbol, ofThis);
      for (const [index, slot] of slots.entries()) {
        const mark = ofSymbol[index] ?? EMPTY;
        const phase = byPhase.find(({ phase: { from, to } }) => from <= slot && slot < to);
        for (const each of [all, ofThis, phase?.tally]) each?.add(mark);
        const reason = HOLE_REASONS[mark - 1];
        if (reason !== undefined) holes[reason] = (holes[reason] ?? 0) + 1;
      }
    }
  }
  return {
    ...all.counts(),
    holes,
    symbols: [...bySymbol].map(([symbol, each]) => ({ symbol, ...each.counts() })),
    phases: byPhase.map(({ phase, tally: each }) => ({ phase, ...each.counts() })),
  };
}

type Tally = ReturnType<typeof tally>;

function tally() {
  let [expected, received, explained] = [0, 0, 0];
  return {
    add(mark: number): void {
      expected += 1;
      if (mark === RECEIVED) received += 1;
      else if (mark !== EMPTY) explained += 1;
    },
    counts: (): Counts => ({
      expected,
      received,
      explained,
      unexplained: expected - received - explained,
    }),
  };
}
