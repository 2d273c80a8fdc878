// Prints the state of the stack on one screen, read with the operator's own AWS identity (`./fyers status`).
import type { MetricAlarm } from '@aws-sdk/client-cloudwatch';
import type { Command } from 'commander';
import type { Subscription } from '../../../adapters/aws/topic.ts';
import { ENVIRONMENT, type FunctionActor, type Names, REGION } from '../../../core/config/names.ts';
import { calendarNotice, coveredUntil, nextSession } from '../../../core/market/calendar.ts';
import { formatIso, formatIst, HOUR, istDateAt, plus } from '../../../core/time.ts';
import { awsCall, withOperatorHints } from '../../shared/aws.ts';
import { channelsIn } from '../../shared/channels.ts';
import type { Session } from '../../shared/io.ts';
import { calendarOf, namesOf, settingsOf, suffixOf } from '../../shared/settings.ts';
import { paint, table, type Tone } from '../../shared/terminal.ts';
import { type Entry, eventIn, type LoggedEvent, logReader } from '../logs.ts';
import { checkHarvesters, readHarvesters } from './harvester.ts';
import { checkMemory, checkToken, type Judged, judgeStored, readState } from './token.ts';
import {
  DEPLOY,
  type Deployed,
  exitCodeFor,
  type Finding,
  joinUnread,
  type Looking,
  readable,
} from './said.ts';
import {
  checkSchedules,
  describeNextRun,
  nextRunOf,
  readSchedules,
  type Schedule,
} from './schedules.ts';

interface StatusOptions {
  readonly suffix?: string;
  readonly offline?: true;
  readonly json?: true;
}

export function addStatus(program: Command, session: Session): void {
  program
    .command('status')
    .description('Show the state of the stack: token, schedules, last runs, subscriptions, alarms.')
    .option('--suffix <SUFFIX>', 'of a second stack in the account')
    .option('--offline', 'ask the broker nothing')
    .option('--json', 'for scripts')
    .option('--debug', 'show more detail when something fails')
    .addHelpText(
      'after',
      `
Everything is read from AWS now, with your own identity (\`aws configure\`), in ${REGION}; the stored token is proven by one
live read, unless --offline. A part that can't be read shows the reason; the others still appear.

Exits with 0 when the stack is good for the coming session, 2 when you have to do something (the last lines say what),
4 when a part could not be read from AWS, and 3 when Fyers did not answer.

Examples:
  $ ./fyers status
  $ ./fyers status --json | jq -r '.todo[]'
  $ ./fyers status --suffix paper --offline`,
    )
    .action((options: StatusOptions) => status(session, options));
}

async function status(session: Session, options: StatusOptions): Promise<void> {
  const { io } = session;
  const looking = createContext(session, options);
  const all = await readAllParts(looking, options);
  const todo = [...new Set(all.flatMap((said) => said.todo))];
  const code = exitCodeFor(all);
  if (options.json === true) io.out(jsonOf(looking, all, { todo, code }));
  else for (const line of linesOf(looking, all, { todo, code })) io.out(line);
  session.exitWith(code);
}

function createContext(session: Session, options: StatusOptions): Looking {
  const { io } = session;
  const settings = settingsOf(io.cwd, io.env);
  const names = namesOf(settings, options.suffix);
  const deployed = readDeployed(session, names);
  // Each part that awaits it reports the failure; without a part this must not be an unhandled rejection.
  deployed.catch(() => undefined);
  const suffix = suffixOf(settings, options.suffix);
  const calendar = calendarOf(io.cwd, settings);
  return { session, names, suffix, settings, calendar, now: io.clock.now(), deployed };
}

/** Reads in parallel; returns in display order. */
async function readAllParts(looking: Looking, options: StatusOptions): Promise<readonly Finding[]> {
  const where = options.suffix === undefined ? {} : { suffix: options.suffix };
  const judged = judgeStored(looking, { ...where, offline: options.offline === true });
  judged.catch(() => undefined);
  const schedules = readSchedules(looking, 'refresh');
  schedules.catch(() => undefined);
  const parts = await Promise.all([
    readable('function', () => checkFunction(looking)),
    readable('token', async () => [
      checkToken(await judged, await nextRunText(looking, schedules)),
    ]),
    readable('refresh schedule', async () => checkRefreshSchedule(looking, await schedules)),
    readable('watch schedule', async () => [
      checkSchedules('watch', await readSchedules(looking, 'watch')),
    ]),
    ...(['refresh', 'login', 'watch'] as const).map((actor) =>
      readable(`last ${actor}`, async () => [
        checkOutcome(actor, await readOutcome(looking, actor)),
      ]),
    ),
    readable('refresh', () => checkRemembered(looking, judged)),
    readable('subscriptions', () => checkListeners(looking)),
    readable('alarms', async () => {
      const topicArn = (await looking.deployed)?.topicArn ?? null;
      return [checkAlarms(await readAlarms(looking, topicArn))];
    }),
    readable('harvester', () => checkCollectors(looking)),
  ]);
  return [...parts.flat(), ...checkCalendar(looking)];
}

/** Returns a finding only if there is a problem. */
async function checkFunction({ deployed, names }: Looking): Promise<readonly Finding[]> {
  const found = await deployed;
  const name = names.function('refresh');
  const said = { part: 'function', tone: 'bad', facts: { name } } as const;
  if (found === null) {
    const detail = `there is no ${name} in ${REGION}: nothing is deployed under this name`;
    return [{ ...said, state: 'absent', detail, todo: [DEPLOY] }];
  }
  if (found.fault === null) return [];
  const todo = ['Run `pulumi up --refresh`.'];
  return [{ ...said, state: 'broken', detail: `${name} cannot run: ${found.fault}`, todo }];
}

async function checkRefreshSchedule(
  looking: Looking,
  schedules: readonly Schedule[],
): Promise<readonly Finding[]> {
  const days = (await looking.deployed)?.days ?? 'trading';
  return [
    checkSchedules('refresh', schedules),
    describeNextRun(schedules, looking.now, { ...looking, days }),
  ];
}

/** Next run of the keeper as text; null if no run is scheduled or the time is unknown. */
async function nextRunText(
  { deployed, now, calendar }: Looking,
  reading: Promise<readonly Schedule[]>,
): Promise<string | null> {
  const known = await Promise.all([reading, deployed]).catch(() => null);
  if (known === null) return null;
  const [schedules, settings] = known;
  const next = nextRunOf(schedules, now, { days: settings?.days ?? 'trading', calendar });
  return next === null ? null : formatIst(next.at);
}

async function checkRemembered(
  looking: Looking,
  judged: Promise<Judged>,
): Promise<readonly Finding[]> {
  const text = await readState(looking);
  const live = await judged.then(
    // Use `live now`, not `good for the coming session`: in the evening a live token does not cover the next session,
    // and no link is pending.
    ({ verdict: { access } }) =>
      access.state === 'live' || (access.state === 'unproven' && access.proof === null),
    () => false,
  );
  return checkMemory(text, { ...looking, live });
}

async function checkListeners(looking: Looking): Promise<readonly Finding[]> {
  const deployed = await looking.deployed;
  if (deployed === null) return [];
  const { topicArn } = deployed;
  const subscriptions = topicArn === null ? [] : await readSubscriptions(looking, topicArn);
  return [checkSubscriptions(deployed, subscriptions)];
}

async function checkCollectors(looking: Looking): Promise<readonly Finding[]> {
  const { now, calendar } = looking;
  const recording = nextSession(now, calendar).opensAt <= now;
  return [checkHarvesters(await readHarvesters(looking), { now, recording })];
}

/** Returns a finding only if the list of holidays ends soon or has ended. */
function checkCalendar({ now, calendar }: Looking): readonly Finding[] {
  const notice = calendarNotice(istDateAt(now), calendar);
  if (notice === null) return [];
  return [
    {
      part: 'calendar',
      state: 'runs out',
      tone: 'bad',
      detail: notice.problem,
      todo: [notice.nextStep],
      facts: { coveredUntil: coveredUntil(calendar) },
    },
  ];
}

interface Summary {
  readonly todo: readonly string[];
  readonly code: number;
}

function linesOf(
  { session: { io }, now, suffix }: Looking,
  all: readonly Finding[],
  { todo, code }: Summary,
): readonly string[] {
  const stack = suffix === '' ? 'The stack' : `The stack ${suffix}`;
  const rows = joinUnread(all).map(({ part, state, tone, detail }) => [
    { text: part },
    tone === null ? { text: state } : { text: state, tone },
    { text: detail },
  ]);
  return [
    paint(io, 'strong', `${stack} in ${REGION}, ${formatIst(now)}`),
    '',
    ...table(io, ['Part', 'State', 'Detail'], rows),
    '',
    ...todo.map((step) => `${paint(io, 'bad', 'To do:')} ${step}`),
    ...(todo.length > 0 ? [] : [summary(code)]).map((line) =>
      paint(io, code === 0 ? 'good' : 'bad', line),
    ),
  ];
}

function summary(code: number): string {
  if (code === 0) return 'Good for the coming session: nothing to do.';
  return code === 4
    ? 'Some parts could not be read from AWS; their lines show the reason.'
    : 'Fyers did not answer, so the token is not proven. Try again in a few minutes, or use --offline.';
}

function jsonOf(
  { now, suffix }: Looking,
  all: readonly Finding[],
  { todo, code }: Summary,
): string {
  const parts = all.map(({ part, state, detail, facts, unread }) => ({
    part,
    state,
    detail,
    read: unread === undefined,
    facts,
  }));
  const answer = { good: code === 0, at: formatIso(now), region: REGION, suffix, todo, parts };
  return JSON.stringify(answer, null, 2);
}

/** Errors: those of every AWS call by the operator. */
async function readDeployed({ io }: Session, names: Names): Promise<Deployed | null> {
  const { LambdaClient } = await import('@aws-sdk/client-lambda');
  const { deployedFunction } = await import('../../../adapters/aws/deployed-function.ts');
  const client = new LambdaClient(io.aws);
  const found = await withOperatorHints(deployedFunction(client, names.function('refresh')));
  if (found === null) return null;
  const { topicArn, telegramApiUrl } = channelsIn(found.environment);
  return {
    topicArn,
    telegram: telegramApiUrl !== null,
    days: found.environment[ENVIRONMENT.days] === 'all' ? 'all' : 'trading',
    fault: found.fault,
  };
}

const OUTCOME_HOURS = 36;

/** Events that end a run, named as in `core/token/log.ts`. */
const OUTCOMES: Readonly<Record<string, { readonly state: string; readonly tone: Tone }>> = {
  'run-failed': { state: 'failed', tone: 'bad' },
  'token-published': { state: 'published', tone: 'good' },
  'token-already-good': { state: 'already good', tone: 'good' },
  'login-needed': { state: 'login needed', tone: 'strong' },
};

/** Null if the log group does not exist. Errors: those of every AWS call by the operator. */
async function readOutcome(
  { session, names, now }: Looking,
  actor: FunctionActor,
): Promise<readonly Entry[] | null> {
  const read = await logReader(session);
  return read(names.logGroup(actor), plus(now, -OUTCOME_HOURS * HOUR));
}

function checkOutcome(actor: FunctionActor, entries: readonly Entry[] | null): Finding {
  const part = `last ${actor}`;
  const said = { part, todo: [], tone: 'quiet' as const };
  if (entries === null) {
    return { ...said, state: 'none', detail: 'there is no log group', facts: { event: null } };
  }
  const last = lastOutcome(entries);
  const outcome = last === null ? undefined : OUTCOMES[last.event ?? ''];
  if (last === null || outcome === undefined) {
    const detail = `no outcome in the last ${String(OUTCOME_HOURS)} hours`;
    return { ...said, state: 'none', detail, facts: { event: null } };
  }
  return {
    part,
    ...outcome,
    detail: `${formatIst(last.at)}: ${last.message}`,
    todo: [],
    facts: { event: last.event, at: formatIst(last.at), ...last.facts },
  };
}

/** Orders by the lines' own time; at equal times the later line of the log wins. */
function lastOutcome(entries: readonly Entry[]): LoggedEvent | null {
  return entries
    .flatMap((entry) => eventIn(entry) ?? [])
    .filter(({ event }) => event !== null && Object.hasOwn(OUTCOMES, event))
    .reduce<LoggedEvent | null>(
      (last, event) => (last === null || event.at >= last.at ? event : last),
      null,
    );
}

/** Errors: those of every AWS call by the operator. */
async function readSubscriptions(
  { session }: Looking,
  topicArn: string,
): Promise<readonly Subscription[]> {
  const { SNSClient } = await import('@aws-sdk/client-sns');
  const { subscriptionsOf } = await import('../../../adapters/aws/topic.ts');
  return withOperatorHints(subscriptionsOf(new SNSClient(session.io.aws), topicArn));
}

export function checkSubscriptions(
  { telegram, topicArn }: Deployed,
  subscriptions: readonly Subscription[],
): Finding {
  const confirmed = subscriptions.filter((each) => each.confirmed);
  const heard = confirmed.length > 0 || telegram;
  const pending = subscriptions.length - confirmed.length;
  return {
    part: 'subscriptions',
    state: heard ? 'confirmed' : pending > 0 ? 'pending' : 'none',
    tone: heard ? 'good' : 'bad',
    detail:
      [
        ...subscriptions.map(
          ({ protocol, endpoint, confirmed: is }) =>
            `${protocol} ${endpoint}${is ? '' : ' (not confirmed)'}`,
        ),
        ...(telegram ? ['Telegram'] : []),
      ].join(', ') || 'no one would read a message',
    todo: heard ? [] : [subscribeStep(topicArn, pending)],
    facts: { telegram, subscriptions },
  };
}

function subscribeStep(topicArn: string | null, pending: number): string {
  if (topicArn === null) return DEPLOY;
  return pending > 0
    ? "Confirm with the link in AWS's mail: `./fyers confirm`. For a new mail run `./fyers test-alert --resubscribe`."
    : 'Configure where messages go: `pulumi config set email ADDRESS` or `./fyers telegram`, then `pulumi up`.';
}

// Reads the stack's alarms and their states.

interface Alarm {
  readonly name: string;
  readonly state: string;
  /** False if its actions were disabled by hand. */
  readonly rings: boolean;
}

/** Common prefix of all our alarms' names. */
const ALARM_NAME_PREFIX = 'Fyers';

/**
 * Errors: those of every AWS call by the operator. @param topicArn selects the alarms that notify it; null selects by
 * name
 */
async function readAlarms(
  { session, suffix }: Looking,
  topicArn: string | null,
): Promise<readonly Alarm[]> {
  const { CloudWatchClient, paginateDescribeAlarms } = await import('@aws-sdk/client-cloudwatch');
  const client = new CloudWatchClient(session.io.aws);
  const isOurs = ({ AlarmName = '', AlarmActions = [] }: MetricAlarm): boolean =>
    topicArn === null
      ? suffix === '' || AlarmName.endsWith(`-${suffix}`)
      : AlarmActions.includes(topicArn);
  return awsCall('Reading the alarms', async () => {
    const all: MetricAlarm[] = [];
    const pages = paginateDescribeAlarms({ client }, { AlarmNamePrefix: ALARM_NAME_PREFIX });
    for await (const { MetricAlarms = [] } of pages) all.push(...MetricAlarms);
    return all.filter(isOurs).map(({ AlarmName = '', StateValue = '', ActionsEnabled = true }) => ({
      name: AlarmName,
      state: StateValue,
      rings: ActionsEnabled,
    }));
  });
}

function checkAlarms(alarms: readonly Alarm[]): Finding {
  const ringing = alarms.filter(({ state }) => state === 'ALARM');
  const silenced = alarms.filter(({ rings }) => !rings);
  const ok = alarms.filter(({ state }) => state === 'OK');
  const names = (some: readonly Alarm[]) => some.map(({ name }) => name).join(', ');
  const waiting = alarms.filter(({ state }) => state !== 'OK' && state !== 'ALARM');
  return {
    part: 'alarms',
    ...stateOf(alarms, ringing),
    detail:
      [
        ...(ringing.length > 0 ? [`ringing: ${names(ringing)}`] : []),
        ...(ok.length > 0 ? [`ok: ${names(ok)}`] : []),
        ...(waiting.length > 0 ? [`without data yet: ${names(waiting)}`] : []),
        ...(silenced.length > 0 ? [`silenced: ${names(silenced)}`] : []),
      ].join('; ') || 'no alarms',
    todo: [
      ...(ringing.length > 0
        ? [
            `An alarm rings (${names(ringing)}). Its message gives the reason; see also \`./fyers logs refresh\`, \`./fyers logs watch\` and \`./fyers logs harvester\`.`,
          ]
        : []),
      ...(alarms.length === 0 ? [DEPLOY] : []),
    ],
    facts: { alarms },
  };
}

function stateOf(
  alarms: readonly Alarm[],
  ringing: readonly Alarm[],
): { readonly state: string; readonly tone: Tone } {
  if (alarms.length === 0) return { state: 'none', tone: 'bad' };
  return ringing.length === 0
    ? { state: 'quiet', tone: 'good' }
    : { state: `${String(ringing.length)} ringing`, tone: 'bad' };
}
