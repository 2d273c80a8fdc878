// Runs the deployed harvester file on a virtual clock: `node harvester-child.ts FILE CONTROL_URL START ARG…`
import { pathToFileURL } from 'node:url';
import { parseInstant, type Instant } from '../../core/time.ts';
import type { Clock } from '../../core/ports.ts';
import { virtualClock } from './virtual-clock.ts';

interface Harvester {
  readonly run: (options: {
    readonly clock: Clock;
    readonly signal: AbortSignal;
    readonly argv: readonly string[];
    readonly env: Readonly<Record<string, string | undefined>>;
  }) => Promise<number>;
}

const [file = '', controlUrl = '', start = '', ...argv] = process.argv.slice(2);

async function moveSimulator(to: Instant): Promise<void> {
  const response = await fetch(`${controlUrl}/clock`, {
    method: 'POST',
    body: JSON.stringify({ now: to }),
  });
  await response.body?.cancel();
  if (!response.ok)
    throw new Error(`the simulator refused to set its clock: ${String(response.status)}`);
}

const harvester = (await import(pathToFileURL(file).href)) as Harvester;
process.exitCode = await harvester.run({
  clock: virtualClock(parseInstant(start), moveSimulator),
  // Never aborted, because the end of a run kills this process.
  signal: new AbortController().signal,
  argv,
  env: process.env,
});
