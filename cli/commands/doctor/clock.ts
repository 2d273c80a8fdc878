// Compares this machine's clock with the `Date` headers of Fyers and AWS that the other checks received.
import { systemClock } from '../../../adapters/process/clock.ts';
import {
  type ClockFault,
  SET_CLOCK,
  clockFaultWords,
  faultByServer,
} from '../../../core/clock-faults.ts';
import type { Clock } from '../../../core/ports.ts';
import type { Instant } from '../../../core/time.ts';
import { type ClockCheck, clockCheck } from '../../shared/settings.ts';
import { type Finding, type CheckContext, ok, problem, skipped } from './finding.ts';

export interface Clocks extends ClockCheck {
  readonly onAwsTime: (serverTime: Instant) => void;
  /** Server times received so far; null if no server answered. */
  readonly seen: () => Seen | null;
}

interface Seen {
  readonly fault: ClockFault | null;
  readonly by: string;
}

/** @param clock the clock that judges tokens; AWS is compared with the machine's own clock */
export function clocksOf(clock: Pick<Clock, 'now'>): Clocks {
  const check = clockCheck(clock);
  let byFyers = false;
  let byAws: ClockFault | null | undefined;
  return {
    ...check,
    onServerTime(serverTime) {
      byFyers = true;
      check.onServerTime(serverTime);
    },
    onAwsTime(serverTime) {
      byAws = faultByServer(serverTime, systemClock.now(), "the time of AWS's answer");
    },
    seen() {
      if (byFyers) return { fault: check.fault(), by: 'Fyers' };
      if (byAws !== undefined) return { fault: byAws, by: 'AWS' };
      const fault = check.fault();
      return fault === null ? null : { fault, by: fault.by };
    },
  };
}

/** Runs after the other checks, because it uses their answers. */
export function clockFinding({ clock }: Pick<CheckContext, 'clock'>): Finding {
  const seen = clock.seen();
  if (seen === null) return skipped('neither AWS nor Fyers has answered with its time');
  return seen.fault === null
    ? ok(`within two minutes of that of ${seen.by}`)
    : problem(clockFaultWords(seen.fault), SET_CLOCK);
}
