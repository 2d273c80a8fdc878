// Checks this machine's clock against a server's `Date` header or a newly issued token.
import { FyersError } from './errors.ts';
import { DAY, HOUR, type Instant, MINUTE } from './time.ts';
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
    "Set it with `sudo timedatectl set-ntp true` (Linux) or in the system's settings; `./fyers doctor` compares it again.",
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
