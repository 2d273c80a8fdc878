// Runs the bundled harvester in real time, on a clock that begins at a given instant, and answers each
// message of its parent with what it has used: `recorder-child.ts FILE START ARG…`.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { Clock } from '../core/ports.ts';
import { instant, parseInstant } from '../core/time.ts';
import type { RunOptions } from '../harvester/main.ts';

const [file = '', start = '', ...argv] = process.argv.slice(2);
const begun = performance.now();
const startsAt = parseInstant(start);
const clock: Clock = {
  now: () => instant(Math.floor(startsAt + performance.now() - begun)),
  async sleepUntil(at, signal) {
    signal.throwIfAborted();
    await sleep(Math.max(0, at - clock.now()), undefined, { signal });
  },
};
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  // Not `maxRSS`, which begins with the memory of the parent.
  const [, peak] = /VmHWM:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  process.send?.({ micros: user + system, peakKiB: Number(peak) });
});
const harvester = (await import(pathToFileURL(file).href)) as {
  readonly run: (options: RunOptions) => Promise<number>;
};
await harvester.run({ clock, signal: new AbortController().signal, argv, env: process.env });
