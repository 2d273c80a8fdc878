// The machine's clocks, read together. Linux tells in /proc/uptime how long it has been since boot, asleep or not.
import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { TimeReading } from '../../core/depth/time-faults.ts';
import { SECOND } from '../../core/time.ts';
import { systemClock } from './clock.ts';

/** A reading that took longer was interrupted, and its clocks were not read at one moment. */
const TOGETHER_MS = 20;
const TRIES = 5;
const SAMPLE_MS = 250;

/** Begins to watch the event loop; the watch keeps no process alive. */
export function systemTimepiece(): () => TimeReading {
  const delay = monitorEventLoopDelay({ resolution: SAMPLE_MS });
  delay.enable();
  return () => {
    const stalledMs = Math.max(0, delay.max / 1e6 - SAMPLE_MS);
    delay.reset();
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

function sinceBoot(): number | null {
  try {
    const seconds = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
    return Number.isFinite(seconds) ? seconds * SECOND : null;
  } catch {
    return null;
  }
}
