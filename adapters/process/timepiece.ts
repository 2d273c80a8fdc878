// Reads the machine's clocks together.
import os from 'node:os';
import type { TimeReading } from '../../core/recording/clock-faults.ts';
import { SECOND } from '../../core/time.ts';
import { systemClock } from './clock.ts';

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
