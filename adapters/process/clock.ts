import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../core/ports.ts';
import { MINUTE, SECOND, instant } from '../../core/time.ts';

/** Short enough to notice soon that the machine was suspended or its clock was set. */
const MAX_SLEEP_MS = MINUTE;
/** Below it, what a time daemon takes back on a running clock, which is waited for. */
const TAKEN_BACK_MS = SECOND;

/** This machine's clock. */
export const systemClock: Clock = {
  now: () => instant(Date.now()),
  async sleepUntil(at, signal) {
    signal.throwIfAborted();
    const left = () => at - Date.now();
    // By a clock that nobody sets: where the other one is set back, nobody wants to wait that long again.
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
