// What a command learns of this machine's clock while it works: from the answers that it gets, and the tokens that it reads.
import {
  type ClockFault,
  SET_CLOCK,
  clockFaultWords,
  faultByServer,
  faultByToken,
} from '../core/clock-fault.ts';
import type { Clock } from '../core/ports.ts';
import { type Instant, plus } from '../core/time.ts';
import type { Io } from './io.ts';

export interface ClockCheck {
  /** For the broker's adapter: the `Date` of an answer that has just come. */
  readonly onServerTime: (serverTime: Instant) => void;
  /** A token that was read or has just been issued. */
  readonly saw: (token: string | null) => void;
  /** Null where nothing shows that the clock is wrong. A server's answer counts before a token. */
  readonly fault: () => ClockFault | null;
  /** By the clock as it would be without the fault. */
  readonly rightTime: () => Instant;
}

/** For a command that has done its work in spite of it. */
export function warnOfClock({ err }: Pick<Io, 'err'>, check: ClockCheck): void {
  const fault = check.fault();
  if (fault !== null) err(`${clockFaultWords(fault)} ${SET_CLOCK}`);
}

export function clockCheck(clock: Pick<Clock, 'now'>): ClockCheck {
  let byServer: ClockFault | null | undefined;
  let byToken: ClockFault | null = null;
  const fault = (): ClockFault | null => (byServer === undefined ? byToken : byServer);
  return {
    onServerTime(serverTime) {
      byServer = faultByServer(serverTime, clock.now(), "the time of Fyers' answer");
    },
    saw(token) {
      const found = faultByToken(token, clock.now());
      if ((found?.offMs ?? 0) > (byToken?.offMs ?? 0)) byToken = found;
    },
    fault,
    rightTime: () => plus(clock.now(), fault()?.offMs ?? 0),
  };
}
