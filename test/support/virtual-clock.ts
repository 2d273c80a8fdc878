// Provides a virtual clock: a wait jumps to its end at once, and a callback runs after each jump.
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { TimeReading } from '../../core/clock-faults.ts';
import type { Clock } from '../../core/ports.ts';
import { type Instant, SECOND, plus } from '../../core/time.ts';
import type { FyersSimulator } from '../../sandbox/fyers/server.ts';

export interface VirtualClock extends Clock {
  /** Moves forward or back, as a machine that was suspended or set. */
  set(at: Instant): void;
  /** Once so much has been waited through, it is set by that much, in the middle of a wait. */
  setAfter(waitedMs: number, byMs: number): void;
  /** True time, which passes only in waits and cannot be set. */
  readonly waitedMs: () => number;
  /** The same as a machine's clocks show it. */
  readonly timepiece: () => TimeReading;
}

/** A machine waits that much longer for a clock that is set back (adapters/process/clock.ts). */
const TAKEN_BACK = SECOND;

export function virtualClock(
  start: Instant,
  onJump: (now: Instant) => void | Promise<void> = () => undefined,
): VirtualClock {
  let now = start;
  let waitedMs = 0;
  const settings: { readonly at: number; readonly byMs: number }[] = [];
  const pass = (ms: number): void => {
    now = plus(now, ms);
    waitedMs += ms;
  };
  return {
    now: () => now,
    set(at) {
      now = at;
    },
    setAfter(ms, byMs) {
      settings.push({ at: waitedMs + ms, byMs });
      settings.sort((a, b) => a.at - b.at);
    },
    waitedMs: () => waitedMs,
    timepiece: () => ({ wall: now, awakeMs: waitedMs, sinceBootMs: waitedMs, stalledMs: 0 }),
    async sleepUntil(at, signal) {
      signal.throwIfAborted();
      await setImmediate();
      const latest = waitedMs + (at - now) + TAKEN_BACK;
      const left = (): number => Math.min(at - now, latest - waitedMs);
      for (let [next] = settings; left() > 0; [next] = settings) {
        if (next === undefined || next.at - waitedMs > left()) pass(left());
        else {
          settings.shift();
          pass(next.at - waitedMs);
          now = plus(now, next.byMs);
        }
      }
      await onJump(now);
      signal.throwIfAborted();
    },
  };
}

/** Moves the simulator with it, and leaves real time for a connection and a lookup. */
export function simulatedClock(
  start: Instant,
  simulator: Pick<FyersSimulator, 'setClock' | 'streams'>,
): VirtualClock {
  return virtualClock(start, async (now) => {
    simulator.setClock(now);
    for (let turn = 0; turn < 3; turn += 1) {
      await setTimeout(2);
      await simulator.streams.settled();
    }
  });
}
