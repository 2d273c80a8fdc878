// Runs the whole system once on this machine, and removes everything afterwards (`npm start`).
import { enableCompileCache } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type ConfiguredFeed, parseFeed } from '../core/config/stream-limits.ts';
import { readDate, type IstDate } from '../core/time.ts';
import { FyersError, exitCodeOf, toError } from '../core/errors.ts';
import { endOnStop, temporaryFolder } from './ending.ts';
import type { StartOptions } from './steps/main-job.ts';
import { terminalProgress } from './steps/progress.ts';

const HELP = `npm start -- [options]

One trading day on this machine, without accounts: provisions the unchanged program on an AWS emulator, logs in at a
simulated Fyers, runs the deployed harvester through the day, checks the recording and writes its report.

  --broker today|accepting  today (default): Fyers refuses to refresh, as it has done since 1 Apr 2026, so a stand-in
                            for you follows the link in the message and logs in; accepting: refresh works
  --feed rest|tbt|hsm       rest (default): five levels by depth calls; tbt: a stream of fifty levels; hsm: a stream of five
  --date YYYY-MM-DD         the virtual trading day (default 2026-11-25)
  --env DIR                 your own .env and token files instead of invented ones; nothing leaves this machine
  --seed TEXT               another market (default "fyers")
  --data DIR                put the recorded day into DIR (default: demo, which the next run replaces)
  --permissions             list the permissions of the roles that the run did not use
  --verbose                 print also what maintainers need: outputs, environment, dropped conditions
  --keep                    leave everything up until Ctrl-C, and say how to talk to it
  --help                    this text
`;

const CACHE = path.join(import.meta.dirname, '..', 'node_modules', '.compiled');

// For this process and all below it.
process.env['NODE_COMPILE_CACHE'] ??= CACHE;
enableCompileCache();
const argv = process.argv.slice(2);
const progress = terminalProgress(process.stdout, argv.includes('--verbose'));
const ending = endOnStop(progress.verdict);
try {
  const options = optionsFrom(argv);
  if (options === null) process.stdout.write(HELP);
  else {
    // Imported late, so that a refusal is printed without delay.
    const { preflight } = await import('./steps/preflight.ts');
    const checked = await preflight(options, process.env);
    // Also for child processes, because pip and the Pulumi engine leave temporary files if they are
    // killed.
    process.env['TMPDIR'] = (await temporaryFolder(path.join(os.tmpdir(), 'fyers-'))).dir;
    const { mainJob } = await import('./steps/main-job.ts');
    await mainJob(options, checked, progress, ending.untilStopped);
  }
  ending.exit(0);
} catch (caught) {
  const error = toError(caught);
  const isKnown = error instanceof FyersError;
  progress.verdict(
    false,
    isKnown ? `${error.code}: ${error.message}` : (error.stack ?? error.message),
  );
  ending.exit(exitCodeOf(error));
}

function optionsFrom(argv: readonly string[]): StartOptions | null {
  const { help, broker, feed, date: day, env, seed, data, ...flags } = parseOptions(argv);
  if (help) return null;
  if (broker !== 'today' && broker !== 'accepting') {
    throw usageError(`--broker is today or accepting, not "${broker}".`);
  }
  const date = dateFrom(day);
  return {
    broker,
    feed: feed === undefined ? null : feedFrom(feed),
    date,
    env: env ?? null,
    seed,
    data: path.resolve(data ?? path.join(import.meta.dirname, '..', 'demo')),
    isDefaultData: data === undefined,
    ...flags,
  };
}

function parseOptions(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        help: { type: 'boolean', default: false },
        broker: { type: 'string', default: 'today' },
        feed: { type: 'string' },
        date: { type: 'string', default: '2026-11-25' },
        env: { type: 'string' },
        seed: { type: 'string', default: 'fyers' },
        data: { type: 'string' },
        permissions: { type: 'boolean', default: false },
        verbose: { type: 'boolean', default: false },
        keep: { type: 'boolean', default: false },
      },
    }).values;
  } catch (caught) {
    // Take the first sentence of Node's message; the rest explains option parsers.
    const [problem = ''] = toError(caught).message.split(/\. |\.$/);
    throw usageError(`${problem}.`);
  }
}

function feedFrom(text: string): ConfiguredFeed {
  const feed = parseFeed(text);
  if (!feed.ok) throw usageError(`--feed ${feed.problem}, not "${text}".`);
  return feed.value;
}

function dateFrom(text: string): IstDate {
  const date = readDate(text);
  if (!date.ok) throw usageError(`--date: ${date.problem}${date.problem.endsWith('?') ? '' : '.'}`);
  return date.value;
}

function usageError(problem: string): FyersError {
  return new FyersError('operator.usage', problem, '`npm start -- --help` lists the options.');
}
