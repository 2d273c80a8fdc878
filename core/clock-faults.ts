// Detects faults of this machine's clock: against a server's `Date` header or a newly issued token, and by two readings of
// its own clocks, which show a change, a suspend or a stall.
import { FyersError } from './errors.ts';
import { DAY, HOUR, type Instant, MINUTE, SECOND } from './time.ts';
import { decodeToken } from './token/jwt.ts';

/** Tolerance for two correct clocks, including the time that an answer takes. */
const CLOCK_TOLERANCE_MS = 2 * MINUTE;

export interface ClockFault {
  /** Correction for this machine's clock: positive if it is behind. */
  readonly offMs: number;
  /** True if `offMs` is only a lower bound: a token contains the time of issue, not the time of reading. */
  readonly atLeast: boolean;
  /** The source of the other time: "Fyers' answer". */
  readonly by: string;
}

/** Returns null if the two agree. @param serverTime the `Date` header of an answer received just now */
export function faultByServer(serverTime: Instant, now: Instant, by: string): ClockFault | null {
  const offMs = serverTime - now;
  return Math.abs(offMs) > CLOCK_TOLERANCE_MS ? { offMs, atLeast: false, by } : null;
}

/** A token from the future proves that the clock is behind; one from the past proves nothing. */
export function faultByToken(token: string | null, now: Instant): ClockFault | null {
  const claims = token === null ? null : decodeToken(token);
  if (claims === null) return null;
  const offMs = claims.issuedAt - now;
  if (offMs <= CLOCK_TOLERANCE_MS) return null;
  return { offMs, atLeast: true, by: 'a token that Fyers has issued' };
}

/** Returns the largest fault that {@link faultByToken} finds. */
export function faultByTokens(tokens: readonly (string | null)[], now: Instant): ClockFault | null {
  return tokens
    .map((token) => faultByToken(token, now))
    .reduce((most, fault) => ((fault?.offMs ?? 0) > (most?.offMs ?? 0) ? fault : most), null);
}

/** A full sentence: "This machine's clock is 5 h 30 min behind, by Fyers' answer." */
export function clockFaultWords({ offMs, atLeast, by }: ClockFault): string {
  const way = offMs > 0 ? 'behind' : 'ahead';
  return `This machine's clock is ${atLeast ? 'at least ' : ''}${formatDuration(Math.abs(offMs))} ${way}, by ${by}.`;
}

export const SET_CLOCK =
  "Set it with `sudo timedatectl set-ntp true` (Linux) or in the system's settings; `./fyers doctor` compares it again.";

/** @param consequence a full sentence: "Nothing was sent to Fyers." */
export function clockError(fault: ClockFault, consequence = ''): FyersError {
  return new FyersError(
    'operator.prerequisite',
    `${clockFaultWords(fault)} ${consequence}`.trim(),
    SET_CLOCK,
  );
}

function formatDuration(ms: number): string {
  const whole = Math.round(ms / MINUTE) * MINUTE;
  const parts = [
    [Math.floor(whole / DAY), 'd'],
    [Math.floor((whole % DAY) / HOUR), 'h'],
    [(whole % HOUR) / MINUTE, 'min'],
  ] as const;
  return parts
    .filter(([value]) => value > 0)
    .map(([value, unit]) => `${String(value)} ${unit}`)
    .join(' ');
}

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

type TimeFault =
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
  // The wall clock and the monotonic clock are precise. If they agree, the coarse boot-time clock is not needed.
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
  if (kind === 'stalled') return `The process did not run for ${seconds}`;
  return `The clock was set ${ms < 0 ? 'back' : 'forward'} by ${seconds}`;
}
