// Reads this machine's clocks, and waits by them.
import os from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../core/ports.ts';
import type { TimeReading } from '../../core/clock-faults.ts';
import { instant, MINUTE, SECOND } from '../../core/time.ts';

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

/** A longer reading was interrupted, so its clocks were not read at one moment. */
const MAX_READING_MS = 20;
const MAX_READINGS = 5;
const SAMPLE_MS = 250;

/**
 * Starts to watch the event loop, without keeping the process alive. It uses its own timer:
 * `monitorEventLoopDelay` misses a stall that begins in the first sample after its `reset()` (Node
 * 24).
 */
export function systemTimepiece(): () => TimeReading {
  let [last, longestMs] = [performance.now(), 0];
  const sampleEventLoop = (): void => {
    const now = performance.now();
    longestMs = Math.max(longestMs, now - last - SAMPLE_MS);
    last = now;
  };
  setInterval(sampleEventLoop, SAMPLE_MS).unref();
  return () => {
    sampleEventLoop();
    const stalledMs = longestMs;
    longestMs = 0;
    let reading = readClocks();
    for (let n = 1; n < MAX_READINGS && reading.tookMs > MAX_READING_MS; n += 1)
      reading = readClocks();
    const { wall, awakeMs, sinceBootMs } = reading;
    return { wall, awakeMs, sinceBootMs, stalledMs };
  };
}

function readClocks() {
  const awakeMs = performance.now();
  const sinceBootMs = sinceBoot();
  const wall = systemClock.now();
  return { awakeMs, sinceBootMs, wall, tookMs: performance.now() - awakeMs };
}

/**
 * From /proc/uptime. If that is hidden, as ProcSubset=pid of the unit does, from CLOCK_BOOTTIME in
 * whole seconds (libuv, `uv_uptime`).
 */
function sinceBoot(): number | null {
  try {
    return os.uptime() * SECOND;
  } catch {
    return null;
  }
}
