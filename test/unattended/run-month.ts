// Simulates thirty days of a harvester without an operator, with random faults by seed.
import { METRIC_NAMESPACE } from '../../core/config/names.ts';
import {
  DAY,
  type Instant,
  type IstDate,
  MINUTE,
  SECOND,
  addDays,
  istInstant,
  plus,
} from '../../core/time.ts';
import { MONTH_STARTS, hoursOn } from '../support/exchange-days.ts';
import { allOf, graphOf } from '../support/graph.ts';
import { WHOLE } from '../support/stack-configs.ts';
import { alarmOf, transitionsOf } from '../infra/alarms/model.ts';
import type { Metrics } from '../infra/alarms/series.ts';
import type { Evidence, PlannedDay } from './invariants.ts';
import { type DayFaults, drawFaults } from './random-faults.ts';
import { type Machine, newMachine } from './machine.ts';
import { readObjects } from './bucket-contents.ts';
import { EVERY_SECONDS, SYMBOLS } from './harvester-process.ts';
import {
  planBucketFaults,
  planBrokerFaults,
  planDiskFaults,
  planMachineFaults,
  planTokenFaults,
} from './fault-plans.ts';

const DAYS = 30;

/** The names appear in `docs/soak.md`. */
export const MONTHS = {
  winter: MONTH_STARTS.winter,
  autumn: MONTH_STARTS.lateAutumn,
  spring: MONTH_STARTS.spring,
} as const;

/** The recorded hours in all three months. */
const OPENS = '09:00';
const CLOSES = '16:00';

export async function runMonth(from: IstDate, seed: number): Promise<Evidence> {
  const startsAt = istInstant(from, '00:00');
  const end = plus(startsAt, DAYS * DAY);
  await using machine = await newMachine(seed, startsAt, DAYS);
  const days = drawFaults(seed, DAYS).map((dayFaults, index) =>
    planDay(machine, addDays(from, index), dayFaults, index),
  );
  machine.timeline.schedule(end, () => {
    machine.stop(end);
  });
  await machine.run(end);
  return {
    symbols: SYMBOLS,
    everyMs: EVERY_SECONDS * SECOND,
    days,
    served: machine.fyers
      .requests()
      .filter(({ path, status }) => path === '/data/depth' && status === 200)
      .map(({ at, symbol }) => ({ at: plus(startsAt, at - startsAt), symbol: symbol ?? '' })),
    recorded: await readObjects(machine.bucket.stored),
    firedAlarms: await firedAlarmsOf(machine.metrics, startsAt),
    failures: machine.failures,
  };
}

function planDay(machine: Machine, date: IstDate, dayFaults: DayFaults, index: number): PlannedDay {
  const trades = hoursOn(date) !== null;
  const at = (time: string): Instant => istInstant(date, time);
  // The simulation ends before the noon after the last day.
  const bucket = index < DAYS - 1 ? dayFaults.bucket : 'available';
  return {
    date,
    session: trades ? { opensAt: at(OPENS), closesAt: at(CLOSES) } : null,
    faults: [
      ...planBrokerFaults(machine, dayFaults.broker, at),
      ...(trades ? planTokenFaults(machine, dayFaults.token, at) : []),
      ...planMachineFaults(machine, dayFaults.machine, at, trades),
      ...planBucketFaults(machine, bucket, at, trades),
      ...planDiskFaults(machine, dayFaults.disk, at, trades),
    ],
  };
}

/** Evaluates the harvester's alarms, as the program registers them, by the model of CloudWatch. */
async function firedAlarmsOf(
  metrics: Metrics,
  startsAt: Instant,
): Promise<Evidence['firedAlarms']> {
  const config = { symbols: SYMBOLS.join(), everySeconds: String(EVERY_SECONDS) };
  const graph = await graphOf({ ...WHOLE, config: { ...WHOLE.config, ...config } });
  return allOf(graph, 'aws:cloudwatch/metricAlarm:MetricAlarm')
    .map(({ inputs }) => alarmOf(inputs))
    .filter(({ namespace }) => namespace === METRIC_NAMESPACE)
    .flatMap((alarm) =>
      transitionsOf(alarm, metrics.of(alarm), { extra: 2, delay: 1 })
        .filter(({ to }) => to === 'ALARM')
        .map(({ minute }) => ({
          alarm: alarm.name.replace('Fyers-', ''),
          at: plus(startsAt, minute * MINUTE),
        })),
    );
}
