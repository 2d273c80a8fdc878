// Detects clock changes, suspends and stalls from two readings of the machine's clocks.
import { type Instant, SECOND } from '../time.ts';

/** Clocks read at one moment. */
export interface TimeReading {
  readonly wall: Instant;
  /** Milliseconds of a clock that cannot be set and that stops while the machine sleeps (CLOCK_MONOTONIC). */
  readonly awakeMs: number;
  /**
   * Milliseconds of a clock that continues during sleep (CLOCK_BOOTTIME), on some systems with a resolution of a second; null
   * if the system has none.
   */
  readonly sinceBootMs: number | null;
  /** The longest stall of the event loop since the last reading. */
  readonly stalledMs: number;
}

export type TimeFault =
  /** The wall clock was set, forward or back. Without a boot-time clock this may also be sleep. */
  | { readonly kind: 'clock-set'; readonly ms: number }
  | { readonly kind: 'suspended'; readonly ms: number }
  /** This process did not run for that time: it was stopped, starved, or busy. */
  | { readonly kind: 'stalled'; readonly ms: number };

/** Smaller differences come from a time daemon's corrections and from reading the clocks. */
const MIN_JUMP_MS = SECOND;
/** Maximum error between two readings of a clock with whole seconds, with some margin. */
const COARSE_ERROR_MS = 2 * SECOND;
/** Shorter stalls come from a busy machine; a slot lost to one has its own reason. */
const MIN_STALL_MS = 2 * SECOND;

export function timeFaults(before: TimeReading, now: TimeReading): readonly TimeFault[] {
  // Both clocks are precise. If they agree, the coarse one is not needed.
  const drift = now.wall - before.wall - (now.awakeMs - before.awakeMs);
  const slept = Math.abs(drift) < MIN_JUMP_MS ? 0 : sleptBetween(before, now);
  const set = Math.round(drift - slept);
  return [
    ...(Math.abs(set) >= (slept === 0 ? MIN_JUMP_MS : COARSE_ERROR_MS)
      ? [{ kind: 'clock-set', ms: set } as const]
      : []),
    ...(slept > 0 ? [{ kind: 'suspended', ms: slept } as const] : []),
    ...(now.stalledMs >= MIN_STALL_MS
      ? [{ kind: 'stalled', ms: Math.round(now.stalledMs) } as const]
      : []),
  ];
}

function sleptBetween(before: TimeReading, now: TimeReading): number {
  if (before.sinceBootMs === null || now.sinceBootMs === null) return 0;
  const slept = now.sinceBootMs - before.sinceBootMs - (now.awakeMs - before.awakeMs);
  return slept < COARSE_ERROR_MS ? 0 : Math.round(slept);
}

export function timeFaultWords({ kind, ms }: TimeFault): string {
  const seconds = `${(Math.abs(ms) / SECOND).toFixed(1)} s`;
  if (kind === 'suspended') return `The machine slept for ${seconds}`;
  if (kind === 'stalled') return `The process stood still for ${seconds}`;
  return `The clock was set ${ms < 0 ? 'back' : 'forward'} by ${seconds}`;
}
