// Provides a clock that jumps: waiting takes no time, and each jump is sent to the simulator before work continues.
import { plus, type Instant } from '../../core/time.ts';
import type { Clock } from '../../core/ports.ts';

export function virtualClock(start: Instant, onJump: (to: Instant) => Promise<void>): Clock {
  let now = start;
  return {
    now: () => now,
    sleepUntil: async (at, signal) => {
      signal.throwIfAborted();
      if (at <= now) return;
      now = plus(at, 0);
      await onJump(now);
    },
  };
}
