// Runs the whole system once on this machine, and removes everything afterwards (`npm start`).
import { existsSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { FyersError, exitCodeOf, toError } from '../core/errors.ts';
import { parseIstDate, type IstDate } from '../core/time.ts';
import type { StartOptions } from './steps/main-job.ts';
import { terminalProgress } from './steps/progress.ts';

const HELP = `npm start -- [options]

The main job on this machine, without accounts: provisions the unchanged program on an AWS emulator, invokes the
deployed function against a simulated Fyers, and runs the deployed harvester through one trading day.

  --broker accepting|today  accepting (default): refresh works; today: refused, as Fyers has done since 1 Apr 2026, so
                            a stand-in for you follows the link in the message and logs in
  --date YYYY-MM-DD         the virtual trading day (default 2026-11-25)
  --env DIR                 your own .env and token files instead of invented ones; nothing leaves this machine
  --seed TEXT               another market (default "fyers")
  --data DIR                put the recorded day into DIR, for \`./fyers report\` and the like
  --permissions             list the permissions of the roles that the run did not use
  --keep                    leave everything up until Ctrl-C, and say how to talk to it
  --help                    this text
`;

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    stop.abort(new FyersError('operator.usage', 'Stopped on request.', 'Everything was ended.'));
  });
}

const progress = terminalProgress(process.stdout);
try {
  const options = optionsFrom(process.argv.slice(2));
  if (options === null) process.stdout.write(HELP);
  else {
    // Imported late, so that an invalid option is reported at once.
    const { mainJob } = await import('./steps/main-job.ts');
    await mainJob(options, progress, stop.signal);
  }
} catch (caught) {
  const error = toError(stop.signal.aborted ? stop.signal.reason : caught);
  const known = error instanceof FyersError;
  progress.verdict(
    false,
    known ? `${error.code}: ${error.message}` : (error.stack ?? error.message),
  );
  process.exitCode = exitCodeOf(error);
}

function optionsFrom(argv: readonly string[]): StartOptions | null {
  const { help, broker, date: day, env, seed, data, ...flags } = parseOptions(argv);
  if (help) return null;
  if (broker !== 'accepting' && broker !== 'today') {
    throw usageError(`--broker is accepting or today, not "${broker}".`);
  }
  const date = dateFrom(day);
  if (data !== undefined && existsSync(path.join(data, 'days', date))) {
    throw usageError(`--data ${data} has ${date} already, and it was not changed.`);
  }
  return { broker, date, env: env ?? null, seed, data: data ?? null, ...flags };
}

function parseOptions(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        help: { type: 'boolean', default: false },
        broker: { type: 'string', default: 'accepting' },
        date: { type: 'string', default: '2026-11-25' },
        env: { type: 'string' },
        seed: { type: 'string', default: 'fyers' },
        data: { type: 'string' },
        permissions: { type: 'boolean', default: false },
        keep: { type: 'boolean', default: false },
      },
    }).values;
  } catch (caught) {
    // Take the first sentence of Node's message; the rest explains option parsers.
    const [problem = ''] = toError(caught).message.split(/\. |\.$/);
    throw usageError(`${problem}.`);
  }
}

function dateFrom(text: string): IstDate {
  const date = parseIstDate(text);
  if (date === null) throw usageError(`--date is a date such as 2026-11-25, not "${text}".`);
  return date;
}

function usageError(problem: string): FyersError {
  return new FyersError('operator.usage', problem, '`npm start -- --help` lists the options.');
}
