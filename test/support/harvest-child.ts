// Harvests on a virtual clock in a process of its own: `node harvest-child.ts START HANG_AT ARG…`.
// At the sleep that ends at HANG_AT ('-' for never) it prints "hanging" and waits to be killed.
import { run } from '../../harvester/main.ts';
import { parseInstant } from '../../core/time.ts';
import { virtualClock } from './virtual-clock.ts';

const [start = '', hangAt = '-', ...argv] = process.argv.slice(2);
const clock = virtualClock(parseInstant(start), async (now) => {
  if (hangAt === '-' || now < parseInstant(hangAt)) return;
  process.stdout.write('hanging\n');
  // The timer keeps the process alive; nothing else would.
  await new Promise((resolve) => setTimeout(resolve, 600_000));
});
process.exitCode = await run({
  clock,
  signal: new AbortController().signal,
  argv,
  env: process.env,
});
