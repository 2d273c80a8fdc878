// Harvests on a virtual clock in a process of its own, and prints each jump before it continues: `node … START ARG…`.
// If it prints "at <ms>" for a slot's instant, every earlier slot that this process took is on disk.
import { run } from '../../harvester/main.ts';
import { parseInstant } from '../../core/time.ts';
import { virtualClock } from './virtual-clock.ts';

const [start = '', ...argv] = process.argv.slice(2);
const clock = virtualClock(parseInstant(start), (now) => {
  // Synchronous on a pipe: the reader gets it even if this process is killed (Node, "A note on process I/O").
  process.stdout.write(`at ${String(now)}\n`);
});
const stop = new AbortController();
process.once('SIGTERM', () => {
  stop.abort();
});
process.exitCode = await run({
  clock,
  signal: stop.signal,
  argv,
  env: process.env,
});
