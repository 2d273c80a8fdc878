// The machine's clocks, read together.
import os from 'node:os';
import type { TimeReading } from '../../core/recording/clock-faults.ts';
import { SECOND } from '../../core/time.ts';
import { systemClock } from './clock.ts';

/** A reading that took longer was interrupted, and its clocks were not read at one moment. */
const TOGETHER_MS = 20;
const TRIES = 5;
const SAMPLE_MS = 250;

/**
 * Begins to watch the event loop; the watch keeps no process alive. By a timer of our own: `monitorEventLoopDelay` does not see
 * what begins in the first sample after its `reset()` (Node 24).
 */
export function systemTimepiece(): () => TimeReading {
  let [last, longestMs] = [performance.now(), 0];
  const look = (): void => {
    const now = performance.now();
    longestMs = Math.max(longestMs, now - last - SAMPLE_MS);
    last = now;
  };
  setInterval(look, SAMPLE_MS).unref();
  return () => {
    look();
    const stalledMs = longestMs;
    longestMs = 0;
    let reading = readClocks();
    for (let n = 1; n < TRIES && reading.tookMs > TOGETHER_MS; n += 1) reading = readClocks();
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
 * Of /proc/uptime; where that is hidden, as ProcSubset=pid of the unit does, of CLOCK_BOOTTIME in whole seconds (libuv,
 * `uv_uptime`).
 */
function sinceBoot(): number | null {
  try {
    return os.uptime() * SECOND;
  } catch {
    return null;
  }
}
