// What went wrong with time between two readings of the machine's clocks.
import { type Instant, SECOND } from '../time.ts';

/** Clocks read at one moment. */
export interface TimeReading {
  readonly wall: Instant;
  /** Milliseconds of a clock that nobody sets and that stands still while the machine sleeps (CLOCK_MONOTONIC). */
  readonly awakeMs: number;
  /**
   * Milliseconds of one that goes on while it sleeps (CLOCK_BOOTTIME), in some places by the second; null where the system
   * has none to read.
   */
  readonly sinceBootMs: number | null;
  /** The longest for which the event loop stood still since the last reading. */
  readonly stalledMs: number;
}

export type TimeFault =
  /** The wall clock was set, forward or back; without a clock that goes on in sleep, it may be sleep as well. */
  | { readonly kind: 'clock-set'; readonly ms: number }
  | { readonly kind: 'suspended'; readonly ms: number }
  /** Nothing ran in this process for so long: it was stopped, starved, or busy. */
  | { readonly kind: 'stalled'; readonly ms: number };

/** Below it, what a time daemon corrects on a running clock, and what reading the clocks takes. */
const JUMP = SECOND;
/** What a clock that shows whole seconds can be wrong by between two readings, and a little more. */
const COARSE = 2 * SECOND;
/** Below it, a busy machine; a slot that it costs has its own reason. */
const STALL = 2 * SECOND;

export function timeFaults(before: TimeReading, now: TimeReading): readonly TimeFault[] {
  // Neither of these two is coarse: what they agree on needs no third one.
  const drift = now.wall - before.wall - (now.awakeMs - before.awakeMs);
  const slept = Math.abs(drift) < JUMP ? 0 : sleptBetween(before, now);
  const set = Math.round(drift - slept);
  return [
    ...(Math.abs(set) >= (slept === 0 ? JUMP : COARSE)
      ? [{ kind: 'clock-set', ms: set } as const]
      : []),
    ...(slept > 0 ? [{ kind: 'suspended', ms: slept } as const] : []),
    ...(now.stalledMs >= STALL
      ? [{ kind: 'stalled', ms: Math.round(now.stalledMs) } as const]
      : []),
  ];
}

function sleptBetween(before: TimeReading, now: TimeReading): number {
  if (before.sinceBootMs === null || now.sinceBootMs === null) return 0;
  const slept = now.sinceBootMs - before.sinceBootMs - (now.awakeMs - before.awakeMs);
  return slept < COARSE ? 0 : Math.round(slept);
}

export function timeFaultWords({ kind, ms }: TimeFault): string {
  const seconds = `${(Math.abs(ms) / SECOND).toFixed(1)} s`;
  if (kind === 'suspended') return `The machine slept for ${seconds}`;
  if (kind === 'stalled') return `The process stood still for ${seconds}`;
  return `The clock was set ${ms < 0 ? 'back' : 'forward'} by ${seconds}`;
}
