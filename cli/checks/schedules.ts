// Reads the schedules from EventBridge Scheduler and computes the next run.
import { type CalendarOptions, dayOf } from '../../core/market/calendar.ts';
import {
  REFRESH_SLOTS,
  SCHEDULE_TIME_ZONE,
  WATCH_SLOTS,
  scheduleExpression,
} from '../../core/schedule.ts';
import { type Instant, addDays, formatIst, istDateAt, istInstant } from '../../core/time.ts';
import { nullIfNotFound } from '../shared/aws.ts';
import { DEPLOY, type Deployed, type Looking, type Finding } from './check.ts';

type Slot = (typeof REFRESH_SLOTS)[number] | (typeof WATCH_SLOTS)[number];

export interface Schedule {
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

/** Errors: those of every AWS call by the operator. */
export async function readSchedules(
  { session, names }: Looking,
  actor: 'refresh' | 'watch',
): Promise<readonly Schedule[]> {
  const { SchedulerClient, GetScheduleCommand } = await import('@aws-sdk/client-scheduler');
  const client = new SchedulerClient(session.io.aws);
  const slots = actor === 'refresh' ? REFRESH_SLOTS : WATCH_SLOTS;
  return Promise.all(
    slots.map(async (slot) => {
      const name = names.schedule(actor, slot);
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

export function checkSchedules(
  actor: 'refresh' | 'watch',
  schedules: readonly Schedule[],
): Finding {
  const all = schedules.map((schedule) => ({ ...schedule, state: stateOf(schedule) }));
  const enabled = all.filter(({ state }) => state === 'enabled');
  const good = enabled.length === all.length;
  const wrong = all.filter(({ state }) => state === 'changed' || state === 'absent');
  const off = all.some(({ state }) => state === 'off');
  return {
    part: `${actor} schedule`,
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
      ...(wrong.length > 0 ? [DEPLOY] : []),
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

/** Days on which the keeper rests. */
interface Rests {
  /** `all` if the function is configured to mint on every day. */
  readonly days: Deployed['days'];
  readonly calendar: CalendarOptions;
}

export function describeNextRun(
  schedules: readonly Schedule[],
  now: Instant,
  rests: Rests,
): Finding {
  const next = nextRunOf(schedules, now, rests);
  return {
    part: 'next run',
    state: next === null ? 'never' : next.slot,
    tone: next === null ? 'bad' : null,
    detail:
      next === null
        ? 'no schedule of FyersTokenRefresh is enabled'
        : `${formatIst(next.at)}, ${rests.days === 'all' ? 'every day' : 'trading days only'}`,
    todo: [],
    facts: { at: next === null ? null : formatIst(next.at) },
  };
}

/** Returns the first enabled slot strictly after `now` on which the keeper does not rest. */
export function nextRunOf(
  schedules: readonly Schedule[],
  now: Instant,
  { days, calendar }: Rests,
): { readonly slot: Slot; readonly at: Instant } | null {
  const slots = schedules.filter((each) => stateOf(each) === 'enabled').map(({ slot }) => slot);
  if (slots.length === 0) return null;
  for (let date = istDateAt(now); ; date = addDays(date, 1)) {
    if (days === 'trading' && dayOf(date, calendar).kind === 'closed') continue;
    for (const slot of slots.toSorted()) {
      const at = istInstant(date, slot);
      if (at > now) return { slot, at };
    }
  }
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
