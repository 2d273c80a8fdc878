import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../core/ports.ts';
import { MINUTE, SECOND, instant } from '../../core/time.ts';

/** Short enough to detect soon that the machine was suspended or its clock was set. */
const MAX_SLEEP_MS = MINUTE;
/** If the clock is set back by less, as a time daemon does, sleeps wait for it. */
const MAX_STEP_BACK_MS = SECOND;

/** This machine's clock. */
export const systemClock: Clock = {
  now: () => instant(Date.now()),
  async sleepUntil(at, signal) {
    signal.throwIfAborted();
    const leftMs = () => at - Date.now();
    // Limit the sleep with the monotonic clock, so that it does not repeat a long wait if the wall
    // clock is set back.
    const latest = performance.now() + leftMs() + MAX_STEP_BACK_MS;
    const nextSleepMs = () => Math.min(leftMs(), latest - performance.now(), MAX_SLEEP_MS);
    for (let ms = nextSleepMs(); ms > 0; ms = nextSleepMs()) {
      await sleep(ms, undefined, { signal }).catch((caught: unknown) => {
        signal.throwIfAborted();
        throw caught;
      });
    }
  },
};
