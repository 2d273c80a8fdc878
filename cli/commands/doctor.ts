// Checks each prerequisite and prints one line with its fix (`./fyers doctor`): this machine (Node version, Pulumi
// CLI and stack), the Fyers app, AWS identity and Lambda quota, the deployed stack, the token, and the clock. Checks
// that depend on an earlier one follow it in the table.
import path from 'node:path';
import type { Command } from 'commander';
import { readEnvFile } from '../../adapters/operator/env-and-token-files.ts';
import type { FyersError } from '../../core/errors.ts';
import { asSentence } from '../../core/text.ts';
import { checkMessages } from '../checks/alarms.ts';
import { checkApp, checkPin, checkRedirectUrl } from '../checks/app.ts';
import {
  type Check,
  createContext,
  type Finding,
  type NamedFinding,
  problem,
  runCheck,
} from '../checks/check.ts';
import { checkBook, checkStreams } from '../checks/feeds.ts';
import { checkFunctions, checkQuota } from '../checks/functions.ts';
import {
  checkCalendar,
  checkClock,
  checkEnvFile,
  checkIdentity,
  checkModes,
  checkNode,
  checkPulumi,
} from '../checks/machine.ts';
import { checkToken } from '../checks/token.ts';
import { endedSimulatorStep } from '../shared/ended-simulator.ts';
import type { Session } from '../shared/io.ts';
import { settingsIn } from '../shared/settings.ts';
import { paint, table } from '../shared/terminal.ts';

const CHECKS: readonly Check[] = [
  { name: 'Node', run: checkNode },
  { name: 'Pulumi', needs: 'stack', run: checkPulumi },
  { name: 'AWS identity', needs: 'stack', run: checkIdentity },
  { name: 'Lambda quota', needs: 'aws', run: checkQuota },
  { name: '.env', run: checkEnvFile },
  { name: 'File modes', run: checkModes },
  { name: 'App', run: checkApp },
  { name: 'PIN', run: checkPin },
  { name: 'Functions', needs: 'aws', run: checkFunctions },
  { name: 'Redirect URL', run: checkRedirectUrl },
  { name: 'Messages', needs: 'aws', run: checkMessages },
  { name: 'Calendar', run: checkCalendar },
  { name: 'Access token', run: checkToken },
  { name: 'Live book', run: checkBook },
  { name: 'Streams', run: checkStreams },
];

/** Checks that use data collected by the other checks. */
const LAST_CHECKS: readonly Check[] = [{ name: 'Clock', run: checkClock }];

const PROBLEMS_EXIT_CODE = 2;

interface DoctorOptions {
  readonly live?: true;
  readonly dir: string;
  readonly suffix?: string;
  readonly json?: true;
}

export function addDoctor(program: Command, session: Session): void {
  program
    .command('doctor')
    .description('Check prerequisites and show how to fix problems.')
    .option(
      '--live',
      'also read one book from Fyers, and connect to the streams of the feed in use, with the stored token',
    )
    .option('--dir <DIR>', 'the folder of .env and of the token files', '.')
    .option('--suffix <SUFFIX>', 'the suffix of a second stack in the account')
    .option('--json', 'for scripts')
    .option('--debug', 'show more detail when something fails')
    .addHelpText(
      'after',
      `
Checks ${[...CHECKS, ...LAST_CHECKS].map(({ name }) => name).join(', ')}.
Changes nothing, and all checks run even if one fails. Streams are tried only outside of the session, because a harvester
may be using the account's sockets. A skipped check shows the reason. Fyers has no API for the registered redirect URL:
compare the one shown with https://myapi.fyers.in/dashboard.

Exits with 2 if there is a problem.

Examples:
  $ ./fyers doctor
  $ ./fyers doctor --live --json | jq '.checks[] | select(.state == "problem")'`,
    )
    .action((options: DoctorOptions) => doctor(session, options));
}

async function doctor(session: Session, options: DoctorOptions): Promise<void> {
  const { io } = session;
  const dir = path.resolve(io.cwd, options.dir);
  const context = createContext(session, {
    dir,
    suffix: options.suffix,
    // A check reports an unreadable `.env`.
    settings: settingsIn(readEnvFile(dir), io.env),
    asksBroker: options.live === true,
  });
  // Run the checks at once: most of the time is spent waiting for AWS.
  const run = (checks: readonly Check[]) =>
    Promise.allSettled(checks.map((check) => runCheck(check, context, errorFinding)));
  const results = [...(await run(CHECKS)), ...(await run(LAST_CHECKS))];
  const found = results
    .flatMap((result) => (result.status === 'fulfilled' ? result.value : []))
    .map((finding) => {
      const step = endedSimulatorStep(finding.detail, io.env);
      return step === null ? finding : { ...finding, ...problem(finding.detail, step) };
    });
  const problems = found.filter(({ todo }) => todo.length > 0).length;
  if (options.json === true) io.out(jsonOf(found));
  else for (const line of linesOf(session, found, problems)) io.out(line);
  if (problems > 0) session.exitWith(PROBLEMS_EXIT_CODE);
  // Report the findings of the other checks before an unexpected error.
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

function errorFinding({ problem: sentences, nextStep }: FyersError): Finding {
  const items = sentences.split('\n').map((line) => line.replace(/^[\s-]+/, '').trimEnd());
  return problem(items.filter((item) => item !== '').join(' '), nextStep);
}

function linesOf(
  { io }: Session,
  found: readonly NamedFinding[],
  problems: number,
): readonly string[] {
  const rows = found.map(({ name, state, tone, detail, todo: [fix] }) => [
    { text: state, ...(tone === null ? {} : { tone }) },
    { text: name },
    { text: fix === undefined ? detail : `${asSentence(detail)} ${fix}` },
  ]);
  const count = `${String(problems)} ${problems === 1 ? 'problem' : 'problems'}.`;
  return [
    ...table(io, ['State', 'Check', 'What was found'], rows),
    paint(io, problems === 0 ? 'good' : 'bad', problems === 0 ? 'No problems.' : count),
  ];
}

function jsonOf(found: readonly NamedFinding[]): string {
  const checks = found.map(({ name, state, detail, todo: [fix = null] }) => ({
    name,
    state,
    detail,
    fix,
  }));
  return JSON.stringify({ good: checks.every(({ fix }) => fix === null), checks }, null, 2);
}
