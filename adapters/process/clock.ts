import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../core/ports.ts';
import { MINUTE, SECOND, instant } from '../../core/time.ts';

/** Short enough to detect soon that the machine was suspended or its clock was set. */
const MAX_SLEEP_MS = MINUTE;
/** If the clock is set back by less, as a time daemon does, sleeps wait for it. */
const TAKEN_BACK_MS = SECOND;

/** This machine's clock. */
export const systemClock: Clock = {
  now: () => instant(Date.now()),
  async sleepUntil(at, signal) {
    signal.throwIfAborted();
    const left = () => at - Date.now();
    // Limit the sleep with the monotonic clock, so that it does not repeat a long wait if the wall
    // clock is set back.
    const latest = performance.now() + left() + TAKEN_BACK_MS;
    const nap = () => Math.min(left(), latest - performance.now(), MAX_SLEEP_MS);
    for (let ms = nap(); ms > 0; ms = nap()) {
      await sleep(ms, undefined, { signal }).catch((caught: unknown) => {
        signal.throwIfAborted();
        throw caught;
      });
    }
  },
};
