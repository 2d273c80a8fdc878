// Checks each prerequisite and prints one line with its fix (`./fyers doctor`): this machine (Node version, Pulumi
// CLI and stack), the Fyers app, AWS identity and Lambda quota, the deployed stack, the token, and the clock. Checks
// that depend on an earlier one follow it in the table.
import { execFile } from 'node:child_process';
import path from 'node:path';
import type { Command } from 'commander';
import { readEnvFile } from '../../../adapters/operator/env-and-token-files.ts';
import { nodeProblem } from '../../../adapters/process/require-node.js';
import { type FunctionActor, REGION } from '../../../core/config/names.ts';
import { FyersError } from '../../../core/errors.ts';
import { asSentence } from '../../../core/text.ts';
import { withOperatorHints } from '../../shared/aws.ts';
import { channelsIn, telegramOfStack } from '../../shared/channels.ts';
import { endedSimulatorStep, withEndedSimulator } from '../../shared/ended-simulator.ts';
import type { Environment, Session } from '../../shared/io.ts';
import { hasSelectedStack, pulumiIn, selectedStack } from '../../shared/pulumi.ts';
import { calendarOf, namesOf, settingsIn } from '../../shared/settings.ts';
import { paint, table, type Tone } from '../../shared/terminal.ts';
import { appFinding, envFileFinding, modesFinding, pinFinding, redirectFinding } from './app.ts';
import { clockFinding, clocksOf } from './clock.ts';
import {
  type Check,
  type CheckContext,
  type Finding,
  ok,
  problem,
  skipped,
  WITHOUT_AWS,
  WITHOUT_STACK,
} from './finding.ts';
import { streamsFinding } from './streams.ts';
import { calendarFinding, liveFinding, tokenFinding } from './token.ts';

interface DoctorOptions {
  readonly live?: true;
  readonly dir: string;
  readonly suffix?: string;
  readonly json?: true;
}

type Named = Finding & { readonly name: string };

const PROBLEMS_EXIT_CODE = 2;
const TONES: Readonly<Record<Finding['state'], Tone>> = {
  ok: 'good',
  skipped: 'quiet',
  problem: 'bad',
};

export function addDoctor(program: Command, session: Session): void {
  program
    .command('doctor')
    .description('Check prerequisites and show how to fix problems.')
    .option(
      '--live',
      'also read one book from Fyers, and connect to the streams of the feed in use, with the token at hand',
    )
    .option('--dir <DIR>', 'the folder of .env and of the token files', '.')
    .option('--suffix <SUFFIX>', 'of a second stack in the account')
    .option('--json', 'for scripts')
    .option('--debug', 'show more detail when something fails')
    .addHelpText(
      'after',
      `
Checks ${[...CHECKS, ...LAST_CHECKS].map(({ name }) => name).join(', ')}.
Changes nothing, and all checks run even if one fails. Streams are tried outside of the session only, because a harvester
may use the account's sockets. "skipped" gives the reason. Fyers has no API for the registered
redirect URL: compare the one shown with https://myapi.fyers.in/dashboard.

Exits with 2 when there is a problem.

Examples:
  $ ./fyers doctor
  $ ./fyers doctor --live --json | jq '.checks[] | select(.state == "problem")'`,
    )
    .action((options: DoctorOptions) => doctor(session, options));
}

async function doctor(session: Session, options: DoctorOptions): Promise<void> {
  const { io } = session;
  const patient = createContext(session, options);
  // Run the checks at once: most of the time is spent waiting for AWS.
  const lookAt = (checks: readonly Check[]) =>
    Promise.allSettled(checks.map((check) => runCheck(check, patient)));
  const results = [...(await lookAt(CHECKS)), ...(await lookAt(LAST_CHECKS))];
  const found = results.flatMap((look) => (look.status === 'fulfilled' ? [look.value] : []));
  const problems = found.filter(({ state }) => state === 'problem').length;
  if (options.json === true) io.out(jsonOf(found));
  else for (const line of linesOf(session, found, problems)) io.out(line);
  if (problems > 0) session.exitWith(PROBLEMS_EXIT_CODE);
  // Report the findings of the other checks before an unexpected error.
  for (const look of results) if (look.status === 'rejected') throw look.reason;
}

async function runCheck(check: Check, patient: CheckContext): Promise<Named> {
  try {
    const isLeftOut = check.isForAws === true && !(await patient.usesAws());
    const finding = isLeftOut ? WITHOUT_STACK : await check.look(patient);
    const step = endedSimulatorStep(finding.detail, patient.session.io.env);
    return step === null
      ? { name: check.name, ...finding }
      : { name: check.name, ...problem(finding.detail, step) };
  } catch (caught) {
    return { name: check.name, ...findingOf(caught, patient.session.io.env) };
  }
}

function linesOf({ io }: Session, found: readonly Named[], problems: number): readonly string[] {
  const rows = found.map((finding) => [
    { text: finding.state, tone: TONES[finding.state] },
    { text: finding.name },
    {
      text:
        finding.state === 'problem'
          ? `${asSentence(finding.detail)} ${finding.fix}`
          : finding.detail,
    },
  ]);
  const count = `${String(problems)} ${problems === 1 ? 'problem' : 'problems'}.`;
  return [
    ...table(io, ['State', 'Check', 'What was found'], rows),
    paint(io, problems === 0 ? 'good' : 'bad', problems === 0 ? 'No problems.' : count),
  ];
}

function jsonOf(found: readonly Named[]): string {
  const checks = found.map((finding) => ({
    name: finding.name,
    state: finding.state,
    detail: finding.detail,
    fix: finding.state === 'problem' ? finding.fix : null,
  }));
  return JSON.stringify({ good: checks.every(({ fix }) => fix === null), checks }, null, 2);
}

const CHECKS: readonly Check[] = [
  { name: 'Node', look: nodesFinding },
  { name: 'Pulumi', isForAws: true, look: pulumiFinding },
  { name: 'AWS identity', isForAws: true, look: identityFinding },
  { name: 'Lambda quota', isForAws: true, look: quotaFinding },
  { name: '.env', look: envFileFinding },
  { name: 'File modes', look: modesFinding },
  { name: 'App', look: appFinding },
  { name: 'PIN', look: pinFinding },
  { name: 'Functions', isForAws: true, look: functionsFinding },
  { name: 'Redirect URL', look: redirectFinding },
  { name: 'Messages', isForAws: true, look: messagesFinding },
  { name: 'Calendar', look: calendarFinding },
  { name: 'Access token', look: tokenFinding },
  { name: 'Live book', look: liveFinding },
  { name: 'Streams', look: streamsFinding },
];

/** Checks that use data collected by the other checks. */
const LAST_CHECKS: readonly Check[] = [{ name: 'Clock', look: clockFinding }];

/** @param version as in `process.versions.node` */
export function nodeFinding(version: string): Finding {
  const text = nodeProblem(version);
  if (text === null) return ok(version);
  const [detail = text, fix = ''] = text.split(/(?<=\.) (?=Run)/);
  return problem(detail, fix);
}

/** `./fyers` runs under the Node of `npm ci`, and `pulumi up` under the one on the PATH. */
async function nodesFinding({ session: { io }, usesAws }: CheckContext): Promise<Finding> {
  const own = nodeFinding(process.versions.node);
  if (own.state === 'problem' || !(await usesAws())) return own;
  const version = await versionOnPath(io.env);
  if (version === null) {
    return problem('`pulumi up` needs a `node` on the PATH, and finds no `node` there', PATH_STEP);
  }
  const text = nodeProblem(version);
  if (text === null) return own;
  const [, fix = PATH_STEP] = text.split(/(?<=\.) (?=Run)/);
  return problem(
    `\`pulumi up\` would run under Node ${version} of the PATH, which is too old`,
    fix,
  );
}

const PATH_STEP = 'Run `export PATH="$PWD/node_modules/.bin:$PATH"` in the project\'s folder.';

/** Returns such as `20.20.2`; null if no `node` can be run. */
function versionOnPath(env: Environment): Promise<string | null> {
  return new Promise((resolve) => {
    execFile('node', ['--version'], { env: { ...env }, encoding: 'utf8' }, (error, output) => {
      resolve(error === null ? output.trim().replace(/^v/, '') : null);
    });
  });
}

async function pulumiFinding({ session: { io } }: CheckContext): Promise<Finding> {
  const pulumi = pulumiIn({ folder: io.cwd, env: io.env });
  const version = (await pulumi(['version'], '')).trim();
  return ok(`${version}, stack ${await selectedStack(pulumi, undefined)}`);
}

/** Lambda keeps this many executions for functions without a reservation (AWS Lambda API, "PutFunctionConcurrency"). */
const UNRESERVED_MIN = 100;

async function identityFinding({ session, identity }: CheckContext): Promise<Finding> {
  const { account, arn } = await identity();
  const elsewhere = session.io.env['AWS_REGION'] ?? REGION;
  const note = elsewhere === REGION ? '' : `, whatever AWS_REGION says (${elsewhere})`;
  return ok(`${arn}, account ${account}; region ${REGION}${note}`);
}

async function quotaFinding({ session, names, hasAws, deployed }: CheckContext): Promise<Finding> {
  if (!(await hasAws())) return WITHOUT_AWS;
  const { LambdaClient } = await import('@aws-sdk/client-lambda');
  const { concurrencyOf, reservationOf } =
    await import('../../../adapters/aws/deployed-function.ts');
  const client = new LambdaClient(session.io.aws);
  const { limit, unreserved } = await withOperatorHints(concurrencyOf(client));
  if (unreserved < 1) {
    return problem(
      `other functions have reserved all ${String(limit)} runs at a time of the account`,
      `Ask for more at https://${REGION}.console.aws.amazon.com/servicequotas/home/services/lambda/quotas (Concurrent executions), or take reservations back.`,
    );
  }
  const bound =
    (await deployed('login')) === null
      ? null
      : await withOperatorHints(reservationOf(client, names().function('login')));
  if (bound !== null) {
    return ok(
      `${formatFreeExecutions(limit, unreserved)}; the login page is bounded to ${String(bound)}`,
    );
  }
  return ok(
    limit <= UNRESERVED_MIN
      ? `${String(limit)} runs at a time: enough while reserved concurrency is off. They are what bounds the login page: Lambda lets a function have a bound of its own where ${String(UNRESERVED_MIN)} runs stay for the others`
      : `${formatFreeExecutions(limit, unreserved)}; the login page is not bounded: \`pulumi up\` bounds it if ${String(UNRESERVED_MIN)} stay free, unless \`reservedConcurrency\` is set to none`,
  );
}

function formatFreeExecutions(limit: number, unreserved: number): string {
  return `${String(limit)} runs at a time, ${String(unreserved)} of them free`;
}

interface Where {
  readonly dir: string;
  readonly suffix?: string;
  readonly live?: true;
}

/** Fetches lazily and caches, so each source is read at most once. A separate check reports an unreadable `.env`. */
function createContext(session: Session, { dir, suffix, live }: Where): CheckContext {
  const { io } = session;
  const folder = path.resolve(io.cwd, dir);
  const settings = settingsIn(readEnvFile(folder), io.env);
  const names = () => namesOf(settings, suffix);
  const clock = clocksOf(io.clock);
  const sts = memoize(async () => {
    const { STSClient } = await import('@aws-sdk/client-sts');
    return new STSClient(io.aws);
  });
  const identity = memoize(async () => {
    const { callerIdentity } = await import('../../../adapters/aws/identity.ts');
    return withOperatorHints(callerIdentity(await sts(), clock.onAwsTime));
  });
  const usesAws = memoize(async () => {
    const { hasCredentials } = await import('../../../adapters/aws/identity.ts');
    const stack = hasSelectedStack(pulumiIn({ folder: io.cwd, env: io.env }));
    return (await hasCredentials(await sts())) || (await stack);
  });
  const look = (actor: FunctionActor) => async () => {
    const { LambdaClient } = await import('@aws-sdk/client-lambda');
    const { deployedFunction } = await import('../../../adapters/aws/deployed-function.ts');
    return withOperatorHints(deployedFunction(new LambdaClient(io.aws), names().function(actor)));
  };
  const deployed = {
    refresh: memoize(look('refresh')),
    login: memoize(look('login')),
    watch: memoize(look('watch')),
  };
  return {
    session,
    dir,
    suffix,
    live: live === true,
    settings,
    calendar: () => calendarOf(folder, settings),
    names,
    clock,
    identity,
    usesAws,
    hasAws: () =>
      identity().then(
        () => true,
        () => false,
      ),
    deployed: (actor) => deployed[actor](),
  };
}

function memoize<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => (made ??= make());
}

// Checks the deployed stack: its functions, and whether a person receives their messages.

const ACTORS = ['refresh', 'login', 'watch'] as const;

async function functionsFinding({ names, hasAws, deployed }: CheckContext): Promise<Finding> {
  if (!(await hasAws())) return WITHOUT_AWS;
  const found = await Promise.all(ACTORS.map(deployed));
  const all = ACTORS.map(names().function);
  const absent = all.filter((_, index) => found[index] === null);
  if (absent.length > 0) {
    return problem(`there is no ${absent.join(', no ')}`, 'Run `pulumi up`.');
  }
  const faults = found.flatMap((each) => {
    const fault = each?.fault ?? null;
    return fault === null ? [] : [`${each?.name ?? ''} cannot run: ${fault}`];
  });
  return faults.length > 0
    ? problem(faults.join('; '), 'Run `pulumi up --refresh`.')
    : ok(all.join(', '));
}

async function messagesFinding(patient: CheckContext): Promise<Finding> {
  const { session, names, hasAws, deployed } = patient;
  if (!(await hasAws())) return WITHOUT_AWS;
  const login = await deployed('login');
  if (login === null) return skipped('no login function yet, see "Functions"');
  const { topicArn, telegramApiUrl } = channelsIn(login.environment);
  const topic =
    topicArn === null ? { heard: [], pending: [] } : await readSubscribers(patient, topicArn);
  const chat =
    telegramApiUrl === null ? null : await telegramOfStack(session, names(), telegramApiUrl);
  const heard = [...topic.heard, ...(chat === null ? [] : [`Telegram chat ${chat.chatId}`])];
  const pending = topic.pending.length === 0 ? '' : `; pending: ${topic.pending.join(', ')}`;
  if (heard.length > 0) return ok(`${heard.join(', ')}${pending}`);
  return topic.pending.length > 0
    ? problem(
        `no subscription is confirmed${pending}`,
        "Confirm with the link in AWS's mail: `./fyers confirm`. For a new mail run `./fyers test-alert --resubscribe`.",
      )
    : problem(
        'no one would receive alarms or the login link',
        'Run `pulumi config set email ADDRESS` or `./fyers telegram`, then `pulumi up`.',
      );
}

async function readSubscribers(
  { session }: CheckContext,
  topicArn: string,
): Promise<{ readonly heard: readonly string[]; readonly pending: readonly string[] }> {
  const { SNSClient } = await import('@aws-sdk/client-sns');
  const { subscriptionsOf } = await import('../../../adapters/aws/topic.ts');
  const all = await withOperatorHints(subscriptionsOf(new SNSClient(session.io.aws), topicArn));
  const those = (wanted: boolean) =>
    all
      .filter(({ confirmed }) => confirmed === wanted)
      .map(({ protocol, endpoint }) => `${protocol} ${endpoint}`);
  return { heard: those(true), pending: those(false) };
}

/** Converts a FyersError to a finding. @throws every other error */
function findingOf(error: unknown, env: Environment): Finding {
  if (!(error instanceof FyersError)) throw error;
  const caught = withEndedSimulator(error, env);
  const detail = caught.message.slice(0, -caught.nextStep.length);
  const items = detail.split('\n').map((line) => line.replace(/^[\s-]+/, '').trimEnd());
  return problem(items.filter((item) => item !== '').join(' '), caught.nextStep);
}
