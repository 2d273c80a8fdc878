// Decides in which minutes the harvester's fault alarm rings.
//
// The alarm rings when a minute has a fault, and is quiet again after a minute without one; it sends a mail only as it
// changes. So the harvester measures its faults once a minute, zeros too, and this bell puts quiet minutes between two
// faults: each different fault is a mail of its own. A fault that is met again and again, such as a day that cannot be
// compacted and is tried every ten minutes, is one fault until it has stayed away for longer than that.

/** Longer than the ten minutes between two tries. */
const SAME_FAULT_BEATS = 15;
/** One more than is needed, because two beats may fall into one minute of CloudWatch's. */
const QUIET_BEATS = 2;

export interface FaultBell {
  /** @param fault names the kind and its subject, so that a repetition is recognised */
  hear(fault: string): void;
  /** Once a minute: the number of faults to measure. */
  beat(): 0 | 1;
  /** Whether faults wait for their minute. */
  isWaiting(): boolean;
}

export function faultBell(): FaultBell {
  const heard = new Map<string, number>();
  let [beats, waiting, quiet] = [0, 0, QUIET_BEATS];
  return {
    hear(fault) {
      const before = heard.get(fault);
      heard.set(fault, beats);
      if (before === undefined) waiting += 1;
    },
    beat() {
      beats += 1;
      for (const [fault, at] of heard) if (beats - at > SAME_FAULT_BEATS) heard.delete(fault);
      if (waiting === 0 || quiet < QUIET_BEATS) {
        quiet += 1;
        return 0;
      }
      waiting -= 1;
      quiet = 0;
      return 1;
    },
    isWaiting: () => waiting > 0,
  };
}
