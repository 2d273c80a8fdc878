// Whether this machine's clock is right, by what others date: a server's answer, or a token that has just been issued.
import { FyersError } from './errors.ts';
import { DAY, HOUR, type Instant, MINUTE } from './time.ts';
import { decodeToken } from './token/jwt.ts';

/** Between two clocks that are both right, and the time that an answer takes. */
const CLOCKS_DIFFER_MS = 2 * MINUTE;

export interface ClockFault {
  /** To be added to this machine's clock: positive where it is behind. */
  readonly offMs: number;
  /** The clock is behind by at least that: a token says when it was issued, not when it was read. */
  readonly atLeast: boolean;
  /** Whose time shows it: "Fyers' answer". */
  readonly by: string;
}

/** Null where the two agree. @param serverTime the `Date` header of an answer that has just come */
export function faultByServer(serverTime: Instant, now: Instant, by: string): ClockFault | null {
  const offMs = serverTime - now;
  return Math.abs(offMs) > CLOCKS_DIFFER_MS ? { offMs, atLeast: false, by } : null;
}

/** A token of the future shows a clock that is behind; one of the past shows nothing. */
export function faultByToken(token: string | null, now: Instant): ClockFault | null {
  const claims = token === null ? null : decodeToken(token);
  if (claims === null) return null;
  const offMs = claims.issuedAt - now;
  if (offMs <= CLOCKS_DIFFER_MS) return null;
  return { offMs, atLeast: true, by: 'a token that Fyers has issued' };
}

/** As {@link faultByToken} of several: the one that shows the most. */
export function faultByTokens(tokens: readonly (string | null)[], now: Instant): ClockFault | null {
  return tokens
    .map((token) => faultByToken(token, now))
    .reduce((most, fault) => ((fault?.offMs ?? 0) > (most?.offMs ?? 0) ? fault : most), null);
}

/** A full sentence: "This machine's clock is 5 h 30 min behind, by Fyers' answer." */
export function clockFaultWords({ offMs, atLeast, by }: ClockFault): string {
  const way = offMs > 0 ? 'behind' : 'ahead';
  return `This machine's clock is ${atLeast ? 'at least ' : ''}${duration(Math.abs(offMs))} ${way}, by ${by}.`;
}

export const SET_CLOCK =
  "Set it with `sudo timedatectl set-ntp true` (Linux) or in the system's settings; `npx --no-install fyers doctor` compares it again.";

/** @param consequence a full sentence: "Nothing was sent to Fyers." */
export function clockError(fault: ClockFault, consequence = ''): FyersError {
  return new FyersError(
    'operator.prerequisite',
    `${clockFaultWords(fault)} ${consequence}`.trim(),
    "Set it with `sudo timedatectl set-ntp true` (Linux) or in the system's settings; `npx --no-install fyers doctor` compares it again.",
  );
}

function duration(ms: number): string {
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
