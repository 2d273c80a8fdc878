// Provides a virtual clock for concurrent runs. It jumps only if every run waits, and then to the earliest wake-up
// time.
import type { Clock } from '../../core/ports.ts';
import { type Instant, instant, plus } from '../../core/time.ts';

export interface EventClock extends Clock {
  /** Moves the clock forward, never back. */
  advanceTo(at: Instant): void;
  /** Every wait on this clock must happen inside of `during`. */
  during<T>(work: () => Promise<T>): Promise<T>;
  /** Waits like an operation that takes `ms`. */
  pass(ms: number): Promise<void>;
}

interface Waiting {
  readonly at: Instant;
  readonly wake: () => void;
}

/** @param onJump sets other clocks to the same time */
export function eventClock(start: Instant, onJump: (now: Instant) => void): EventClock {
  let now = start;
  let atWork = 0;
  const waiting: Waiting[] = [];
  const jump = (at: Instant): void => {
    if (at <= now) return;
    now = at;
    onJump(now);
  };
  const settle = (): void => {
    if (atWork > 0 || waiting.length === 0) return;
    const next = waiting.reduce((at, other) => Math.min(at, other.at), Infinity);
    const due = waiting.filter(({ at }) => at === next);
    for (const one of due) waiting.splice(waiting.indexOf(one), 1);
    jump(instant(next));
    atWork += due.length;
    for (const { wake } of due) wake();
  };
  const rest = (at: Instant): Promise<void> =>
    new Promise((wake) => {
      waiting.push({ at, wake });
      atWork -= 1;
      settle();
    });
  return {
    now: () => now,
    advanceTo: jump,
    async during(work) {
      atWork += 1;
      try {
        return await work();
      } finally {
        atWork -= 1;
        settle();
      }
    },
    async sleepUntil(at, signal) {
      signal.throwIfAborted();
      if (at > now) await rest(at);
    },
    pass: (ms) => rest(plus(now, ms)),
  };
}
