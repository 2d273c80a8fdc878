import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../core/ports.ts';
import { MINUTE, instant } from '../../core/time.ts';

/** Short enough to notice soon that the machine was suspended or its clock was set. */
const LONGEST_NAP_MS = MINUTE;

/** This machine's clock. */
export const systemClock: Clock = {
  now: () => instant(Date.now()),
  async sleepUntil(at, signal) {
    signal.throwIfAborted();
    for (let left = at - Date.now(); left > 0; left = at - Date.now()) {
      await sleep(Math.min(left, LONGEST_NAP_MS), undefined, { signal }).catch(
        (caught: unknown) => {
          signal.throwIfAborted();
          throw caught;
        },
      );
    }
  },
};
