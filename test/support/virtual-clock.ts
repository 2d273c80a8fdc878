// A clock that jumps: waiting costs no time, and what stands in for the world can be told each jump.
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../core/ports.ts';
import type { Instant } from '../../core/time.ts';

export interface VirtualClock extends Clock {
  /** Moves forward or back, as a machine that was suspended or set. */
  set(at: Instant): void;
}

export function virtualClock(
  start: Instant,
  onJump: (now: Instant) => void | Promise<void> = () => undefined,
): VirtualClock {
  let now = start;
  return {
    now: () => now,
    set(at) {
      now = at;
    },
    async sleepUntil(at, signal) {
      signal.throwIfAborted();
      await setImmediate();
      if (at > now) now = at;
      await onJump(now);
      signal.throwIfAborted();
    },
  };
}
