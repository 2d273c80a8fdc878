// Computes thirty days of metrics: the harvester itself sends its metrics, on a clock that jumps;
// the metrics of AWS follow the schedule, in AWS's periods.
import { meteredEvents } from '../../../adapters/aws/metrics.ts';
import type { HoleReason } from '../../../core/recording/coverage.ts';
import { dayOf } from '../../../core/market/calendar.ts';
import { slotsOf } from '../../../core/market/phases.ts';
import {
  REFERENCE_SYMBOLS,
  type FunctionActor,
  harvesterDimensions,
  namesFor,
} from '../../../core/config/names.ts';
import type { Clock, DepthFeed, SlotResult } from '../../../core/ports.ts';
import { REFRESH_SLOTS, WATCH_SLOTS } from '../../../core/schedule.ts';
import {
  DAY,
  type Instant,
  MINUTE,
  addDays,
  formatIso,
  instant,
  istDate,
  istDateAt,
  istInstant,
  plus,
} from '../../../core/time.ts';
import { harvest } from '../../../harvester/loop.ts';
import { taken } from '../../support/depth.ts';
import { loopOptions } from '../../support/loop-options.ts';
import { operatorToken } from '../../support/operator-token.ts';
import { memoryDays } from './memory-days.ts';
import { type Metrics, metricsOf, recordingClient } from './series.ts';

/**
 * The month starts on a Saturday and has four weekends, a special session on a Sunday, and holidays
 * on two Tuesdays.
 */
const FIRST = istDate('2026-11-07');
const DAYS = 30;
export const START = istInstant(FIRST, '00:00');
const MINUTES = (DAYS * DAY) / MINUTE;
const END = plus(START, DAYS * DAY);
export const DATES = Array.from({ length: DAYS }, (_, day) => addDays(FIRST, day));

export interface Span {
  readonly from: Instant;
  readonly to: Instant;
}

/** The faults of the month, with their times. */
export interface Troubles {
  /** The harvester's process does not run. */
  readonly dead: readonly Span[];
  readonly holes: readonly (Span & { readonly reason: HoleReason; readonly symbols?: number })[];
  /** The store has no token. */
  readonly noToken: readonly Span[];
  readonly diskFull: readonly Span[];
  /** The broker's answers have no usable trade time. */
  readonly fields: readonly Span[];
  /** The broker reports the market as closed. */
  readonly closed: readonly Span[];
  /** Days are not compacted. */
  readonly unfinished: readonly Span[];
  readonly failed: readonly { readonly actor: FunctionActor; readonly at: Instant }[];
  /** Lambda refuses that many executions in one minute. */
  readonly throttled: readonly {
    readonly actor: FunctionActor;
    readonly at: Instant;
    readonly times: number;
  }[];
  /** The queue contains a message. */
  readonly queued: readonly Span[];
  readonly impaired: readonly (Span & { readonly check: 'System' | 'Instance' })[];
  /** AWS has no measurements of the instance. */
  readonly unmeasured: readonly Span[];
}

/**
 * The resource names in the metrics of AWS, as the mock monitor of `test/support/graph.ts` creates
 * them.
 */
const QUEUE = 'undelivered-1234567';
const INSTANCE = 'harvester-1234567';

const within = (spans: readonly Span[], at: Instant) =>
  spans.find(({ from, to }) => from <= at && at < to);

export async function metricsOfMonth(troubles: Troubles): Promise<Metrics> {
  const metrics = metricsOf(MINUTES);
  countFunctions(metrics, troubles);
  countEveryMinute(metrics, troubles);
  await harvestMonth(metrics, troubles);
  return metrics;
}

const minuteOf = (at: Instant) => Math.floor((at - START) / MINUTE);

/** Lambda counts the errors of each run, including zero, and reports nothing between runs. */
function countFunctions(metrics: Metrics, { failed, throttled }: Troubles): void {
  const put = (metricName: string, actor: FunctionActor, at: Instant, value: number) => {
    const dimensions = { FunctionName: namesFor('').function(actor) };
    metrics.of({ namespace: 'AWS/Lambda', metricName, dimensions }).put(minuteOf(at), value);
  };
  const count = (actor: FunctionActor, at: Instant, errors: number) => {
    put('Errors', actor, at, errors);
    put('Throttles', actor, at, 0);
  };
  for (const date of DATES) {
    for (const slot of REFRESH_SLOTS) count('refresh', istInstant(date, slot), 0);
    for (const slot of WATCH_SLOTS) count('watch', istInstant(date, slot), 0);
    count('login', istInstant(date, '07:10'), 0);
  }
  for (const { actor, at } of failed) count(actor, at, 1);
  for (const { actor, at, times } of throttled) put('Throttles', actor, at, times);
}

/** SQS counts the messages of a queue while it is in use; EC2 checks an instance every minute. */
function countEveryMinute(metrics: Metrics, { queued, impaired, unmeasured }: Troubles): void {
  const queue = metrics.of({
    namespace: 'AWS/SQS',
    metricName: 'ApproximateNumberOfMessagesVisible',
    dimensions: { QueueName: QUEUE },
  });
  const checks = (['System', 'Instance'] as const).map((check) => ({
    check,
    series: metrics.of({
      namespace: 'AWS/EC2',
      metricName: `StatusCheckFailed_${check}`,
      dimensions: { InstanceId: INSTANCE },
    }),
  }));
  for (let minute = 0; minute < MINUTES; minute += 1) {
    const at = plus(START, minute * MINUTE);
    if (within(queued, at) !== undefined) queue.put(minute, 1);
    if (within(unmeasured, at) !== undefined) continue;
    for (const { check, series } of checks) {
      const failing = impaired.some(
        (one) => one.check === check && within([one], at) !== undefined,
      );
      series.put(minute, failing ? 1 : 0);
    }
  }
}

class DeathError extends Error {}

/** Runs one process after another, each until it dies. */
async function harvestMonth(metrics: Metrics, troubles: Troubles): Promise<void> {
  const deaths = [...troubles.dead, { from: END, to: END }].toSorted((a, b) => a.from - b.from);
  let now = START;
  let dies = END;
  const clock: Clock = {
    now: () => now,
    sleepUntil: (at) => {
      if (at >= dies) return Promise.reject(new DeathError());
      if (at > now) now = at;
      return Promise.resolve();
    },
  };
  const days = memoryDays({
    diskUsedPercent: () => (within(troubles.diskFull, now) === undefined ? 40 : 95),
    shipped: () => within(troubles.unfinished, now) === undefined,
  });
  for (const { from, to } of deaths) {
    if (now < from) {
      dies = from;
      await runHarvester(clock, days, metrics, troubles).catch((caught: unknown) => {
        if (!(caught instanceof DeathError)) throw caught;
      });
    }
    now = to;
  }
}

function runHarvester(
  clock: Clock,
  days: ReturnType<typeof memoryDays>,
  metrics: Metrics,
  troubles: Troubles,
) {
  const metered = meteredEvents({
    client: recordingClient(metrics, () => minuteOf(clock.now())),
    events: { log: () => undefined },
    dimensions: harvesterDimensions('', '0'),
  });
  const shared = loopOptions({
    clock,
    symbols: REFERENCE_SYMBOLS,
    everySeconds: 5,
    events: metered,
    stored: (now) =>
      within(troubles.noToken, now) === undefined
        ? operatorToken('access_token', formatIso(plus(now, -MINUTE)))
        : null,
  });
  return harvest({
    ...shared,
    feed: feedOf(clock, shared.sampling.everySeconds, troubles),
    metrics: metered,
    marketStatus: () =>
      Promise.resolve(
        dayOf(istDateAt(clock.now())).kind === 'closed' ||
          within(troubles.closed, clock.now()) !== undefined
          ? 'CLOSED'
          : 'OPEN',
      ),
    days,
    compact: () => Promise.reject(new Error('out of memory')),
  });
}

function feedOf(clock: Clock, everySeconds: number, { holes, fields }: Troubles): DepthFeed {
  return {
    name: 'rest',
    async *observe(session, held, signal) {
      for (const slot of slotsOf(session, everySeconds)) {
        if (slot < clock.now()) continue;
        await clock.sleepUntil(slot, signal);
        const hole = holes.find((one) => within([one], slot) !== undefined);
        yield REFERENCE_SYMBOLS.map((symbol, index): SlotResult => {
          const isHole = hole !== undefined && index < (hole.symbols ?? REFERENCE_SYMBOLS.length);
          const reason = held() === null ? 'no-token' : isHole ? hole.reason : null;
          return reason === null
            ? { ...taken(symbol, slot), ...(within(fields, slot) && { faults: ['ltt'] }) }
            : { symbol, slot, sentAt: slot, receivedAt: slot, kind: 'hole', reason };
        });
      }
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** Returns the SDK's client with a middleware that records its input instead of sending it. */
/** @param text a time of the month in India: `2026-11-17 02:00` */
export function at(text: string): Instant {
  return instant(Date.parse(`${text.replace(' ', 'T')}+05:30`));
}
