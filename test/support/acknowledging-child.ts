// A real process that harvests on a virtual clock and prints each jump before it continues: `node … START ARG…`
// "at <ms>" on a slot's instant says that every slot before it which this process took is on disk.
import { run } from '../../harvester/main.ts';
import { parseInstant } from '../../core/time.ts';
import { virtualClock } from './virtual-clock.ts';

const [start = '', ...argv] = process.argv.slice(2);
const clock = virtualClock(parseInstant(start), (now) => {
  // Synchronous on a pipe: whoever reads it knows it, however this process ends (Node, "A note on process I/O").
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
