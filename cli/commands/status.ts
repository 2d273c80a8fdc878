// Prints the state of the stack on one screen, read with the operator's own AWS identity (`./fyers status`).
import type { Command } from 'commander';
import { REGION } from '../../core/config/names.ts';
import type { FyersError } from '../../core/errors.ts';
import { formatIso, formatIst } from '../../core/time.ts';
import { checkAlarms, checkSubscriptions } from '../checks/alarms.ts';
import {
  type Check,
  type CheckContext,
  createContext,
  type Finding,
  type NamedFinding,
  runCheck,
} from '../checks/check.ts';
import { checkKeeper, checkLastRun } from '../checks/functions.ts';
import { checkHarvesters } from '../checks/harvester.ts';
import { checkCalendar } from '../checks/machine.ts';
import { checkRefreshSchedule, checkWatchSchedule } from '../checks/schedules.ts';
import { checkStoredToken, checkTokenState } from '../checks/token.ts';
import type { Session } from '../shared/io.ts';
import { settingsOf } from '../shared/settings.ts';
import { paint, table } from '../shared/terminal.ts';

const CHECKS: readonly Check[] = [
  { name: 'function', run: checkKeeper },
  { name: 'token', run: checkStoredToken },
  { name: 'refresh schedule', run: checkRefreshSchedule },
  { name: 'watch schedule', run: checkWatchSchedule },
  { name: 'last refresh', run: (context) => checkLastRun(context, 'refresh') },
  { name: 'last login', run: (context) => checkLastRun(context, 'login') },
  { name: 'last watch', run: (context) => checkLastRun(context, 'watch') },
  { name: 'refresh', run: checkTokenState },
  { name: 'subscriptions', run: checkSubscriptions },
  { name: 'alarms', run: checkAlarms },
  { name: 'harvester', run: checkHarvesters },
  { name: 'calendar', run: checkCalendarEnd },
];

/** Returns a finding only if the list of holidays ends soon or has ended. */
function checkCalendarEnd(context: CheckContext): readonly Finding[] {
  const finding = checkCalendar(context);
  return finding.todo.length === 0 ? [] : [{ ...finding, state: 'runs out' }];
}

interface StatusOptions {
  readonly suffix?: string;
  readonly offline?: true;
  readonly json?: true;
}

export function addStatus(program: Command, session: Session): void {
  program
    .command('status')
    .description('Show the state of the stack: token, schedules, last runs, subscriptions, alarms.')
    .option('--suffix <SUFFIX>', 'the suffix of a second stack in the account')
    .option('--offline', 'send no request to the broker')
    .option('--json', 'for scripts')
    .option('--debug', 'show more detail when something fails')
    .addHelpText(
      'after',
      `
Everything is read from AWS now, with your own identity (\`aws configure\`), in ${REGION}; the stored token is proven by one
live read, unless --offline. If a part cannot be read, its line shows the reason; the other parts are still shown.

Exits with 0 if the stack is good for the coming session, 2 if you have to do something (see the last lines), 4 if a part
could not be read from AWS, and 3 if Fyers did not answer.

Examples:
  $ ./fyers status
  $ ./fyers status --json | jq -r '.todo[]'
  $ ./fyers status --suffix paper --offline`,
    )
    .action((options: StatusOptions) => status(session, options));
}

async function status(session: Session, options: StatusOptions): Promise<void> {
  const { io } = session;
  const context = createContext(session, {
    dir: io.cwd,
    suffix: options.suffix,
    settings: settingsOf(io.cwd, io.env),
    asksBroker: options.offline !== true,
  });
  // A wrong setting ends the command; otherwise each check would report it.
  context.names();
  context.calendar();
  const found = await Promise.all(CHECKS.map((check) => runCheck(check, context, unreadFinding)));
  const all = found.flat();
  const todo = [...new Set(all.flatMap((finding) => finding.todo))];
  const code = exitCodeFor(all);
  if (options.json === true) io.out(jsonOf(context, all, { todo, code }));
  else for (const line of linesOf(context, all, { todo, code })) io.out(line);
  session.exitWith(code);
}

export function unreadFinding(error: FyersError): Finding {
  const base = {
    state: 'not read',
    tone: 'bad',
    detail: error.message,
    todo: [],
    facts: { code: error.code },
    reason: `${error.code} ${error.nextStep}`,
  } as const;
  if (error.family === 'broker') return { ...base, unread: 'broker' };
  const aws = error.family === 'platform' || error.code === 'operator.credentials';
  return aws ? { ...base, unread: 'aws' } : { ...base, todo: [error.nextStep] };
}

/** Returns 2 if the operator has to act, 4 if AWS could not be read, 3 if the broker did not answer, else 0. */
function exitCodeFor(all: readonly NamedFinding[]): number {
  if (all.some(({ todo }) => todo.length > 0)) return 2;
  if (all.some(({ unread: by }) => by === 'aws')) return 4;
  return all.some(({ unread: by }) => by === 'broker') ? 3 : 0;
}

/**
 * Joins the parts that could not be read for the same reason, such as missing credentials, into one finding, so that a
 * person reads the reason once.
 */
export function joinUnread(all: readonly NamedFinding[]): readonly NamedFinding[] {
  const groups = Map.groupBy(all, ({ unread, reason }) => (unread === undefined ? null : reason));
  return all.flatMap((finding) => {
    const alike = finding.unread === undefined ? [] : (groups.get(finding.reason) ?? []);
    if (finding.reason === undefined || alike.length < 2) return [finding];
    if (finding !== alike[0]) return [];
    const isAll = all.every(({ unread }) => unread !== undefined);
    const names = isAll ? '' : `${alike.map(({ name }) => name).join(', ')}: `;
    return [
      { ...finding, name: `${String(alike.length)} parts`, detail: `${names}${finding.detail}` },
    ];
  });
}

interface Summary {
  readonly todo: readonly string[];
  readonly code: number;
}

function linesOf(
  { session: { io }, now, stackSuffix }: CheckContext,
  all: readonly NamedFinding[],
  { todo, code }: Summary,
): readonly string[] {
  const suffix = stackSuffix();
  const stack = suffix === '' ? 'The stack' : `The stack ${suffix}`;
  const rows = joinUnread(all).map(({ name, state, tone, detail }) => [
    { text: name },
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
  { now, stackSuffix }: CheckContext,
  all: readonly NamedFinding[],
  { todo, code }: Summary,
): string {
  const parts = all.map(({ name, state, detail, facts, unread }) => ({
    part: name,
    state,
    detail,
    read: unread === undefined,
    facts,
  }));
  const suffix = stackSuffix();
  const answer = { good: code === 0, at: formatIso(now), region: REGION, suffix, todo, parts };
  return JSON.stringify(answer, null, 2);
}
