// Checks the schedules in EventBridge Scheduler, and computes the keeper's next run.
import { ENVIRONMENT } from '../../core/config/names.ts';
import { dayOf } from '../../core/market/calendar.ts';
import {
  REFRESH_SLOTS,
  SCHEDULE_TIME_ZONE,
  WATCH_SLOTS,
  scheduleExpression,
} from '../../core/schedule.ts';
import { type Instant, addDays, formatIst, istDateAt, istInstant } from '../../core/time.ts';
import { nullIfNotFound } from '../shared/aws.ts';
import { type CheckContext, deployed, type Finding, oncePerContext } from './check.ts';
import { DEPLOY_STEP } from './functions.ts';

type Slot = (typeof REFRESH_SLOTS)[number] | (typeof WATCH_SLOTS)[number];

interface Schedule {
  readonly slot: Slot;
  readonly name: string;
  /** Null if the schedule does not exist. */
  readonly found: {
    readonly enabled: boolean;
    readonly expression: string;
    readonly zone: string;
  } | null;
}

type State = 'enabled' | 'off' | 'changed' | 'absent';

const readRefreshSchedules = oncePerContext((context) => readSchedules(context, 'refresh'));

/** The schedules of the keeper, and its next run. */
export async function checkRefreshSchedule(context: CheckContext): Promise<readonly Finding[]> {
  const finding = schedulesFinding(await readRefreshSchedules(context));
  return [finding, await nextRunFinding(context)];
}

export async function checkWatchSchedule(context: CheckContext): Promise<Finding> {
  return schedulesFinding(await readSchedules(context, 'watch'));
}

/** Errors: those of every AWS call by the operator. */
async function readSchedules(
  { session, names }: CheckContext,
  actor: 'refresh' | 'watch',
): Promise<readonly Schedule[]> {
  const { SchedulerClient, GetScheduleCommand } = await import('@aws-sdk/client-scheduler');
  const client = new SchedulerClient(session.io.aws);
  const slots = actor === 'refresh' ? REFRESH_SLOTS : WATCH_SLOTS;
  return Promise.all(
    slots.map(async (slot) => {
      const name = names().schedule(actor, slot);
      const found = await nullIfNotFound(`Reading the schedule ${name}`, () =>
        client.send(new GetScheduleCommand({ Name: name, GroupName: 'default' })),
      );
      return { slot, name, found: found === null ? null : settingsIn(found) };
    }),
  );
}

function settingsIn(found: {
  readonly State?: string | undefined;
  readonly ScheduleExpression?: string | undefined;
  readonly ScheduleExpressionTimezone?: string | undefined;
}) {
  return {
    enabled: found.State !== 'DISABLED',
    expression: found.ScheduleExpression ?? '',
    zone: found.ScheduleExpressionTimezone ?? 'UTC',
  };
}

function schedulesFinding(schedules: readonly Schedule[]): Finding {
  const all = schedules.map((schedule) => ({ ...schedule, state: stateOf(schedule) }));
  const enabled = all.filter(({ state }) => state === 'enabled');
  const good = enabled.length === all.length;
  const wrong = all.filter(({ state }) => state === 'changed' || state === 'absent');
  const off = all.some(({ state }) => state === 'off');
  return {
    state: good ? 'enabled' : `${String(enabled.length)} of ${String(all.length)}`,
    tone: good ? 'good' : 'bad',
    detail: [
      ...(enabled.length === 0
        ? []
        : [`${enabled.map(({ slot }) => slot).join(', ')} ${SCHEDULE_TIME_ZONE}, every day`]),
      ...all.flatMap(({ name, state, found }) =>
        state === 'enabled' ? [] : [`${name} is ${formatState(state, found)}`],
      ),
    ].join('; '),
    todo: [
      ...(wrong.length > 0 ? [DEPLOY_STEP] : []),
      ...(off
        ? [
            'Schedules are off until there is an app: run `npm run configure` and `pulumi up`. If one was switched off by hand, `pulumi up --refresh` switches it on.',
          ]
        : []),
    ],
    facts: {
      schedules: all.map(({ name, state, found }) => ({ name, state, ...found })),
    },
  };
}

async function nextRunFinding(context: CheckContext): Promise<Finding> {
  const next = await readNextRun(context);
  const at = next === null ? null : formatIst(next.at);
  return {
    name: 'next run',
    state: next === null ? 'never' : next.slot,
    tone: next === null ? 'bad' : null,
    detail:
      at === null
        ? 'no schedule of FyersTokenRefresh is enabled'
        : `${at}, ${(await mintsDaily(context)) ? 'every day' : 'trading days only'}`,
    todo: [],
    facts: { at },
  };
}

/** Returns the first enabled slot after now on a day on which the keeper mints; null if no slot is enabled. */
export async function readNextRun(
  context: CheckContext,
): Promise<{ readonly slot: Slot; readonly at: Instant } | null> {
  const { now, calendar } = context;
  const schedules = await readRefreshSchedules(context);
  const isDaily = await mintsDaily(context);
  const slots = schedules.filter((each) => stateOf(each) === 'enabled').map(({ slot }) => slot);
  if (slots.length === 0) return null;
  const overrides = calendar();
  for (let date = istDateAt(now); ; date = addDays(date, 1)) {
    if (!isDaily && dayOf(date, overrides).kind === 'closed') continue;
    for (const slot of slots.toSorted()) {
      const at = istInstant(date, slot);
      if (at > now) return { slot, at };
    }
  }
}

/** True if the keeper is configured to mint on every day. */
async function mintsDaily(context: CheckContext): Promise<boolean> {
  const keeper = await deployed(context, 'refresh');
  return keeper?.environment[ENVIRONMENT.days] === 'all';
}

function stateOf({ slot, found }: Schedule): State {
  if (found === null) return 'absent';
  const meant = found.expression === scheduleExpression(slot) && found.zone === SCHEDULE_TIME_ZONE;
  if (!meant) return 'changed';
  return found.enabled ? 'enabled' : 'off';
}

function formatState(state: State, found: Schedule['found']): string {
  return state === 'changed' && found !== null
    ? `changed by hand: ${found.expression} ${found.zone}`
    : state;
}
