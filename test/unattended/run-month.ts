// Thirty days of a harvester that nobody looks after, with the luck of a seed.
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
import { WHOLE } from '../support/worlds.ts';
import { alarmOf, transitionsOf } from '../infra/alarms/model.ts';
import type { Metrics } from '../infra/alarms/series.ts';
import type { Evidence, JudgedDay } from './invariants.ts';
import { type Luck, draw } from './random-faults.ts';
import { type Machine, newMachine } from './machine.ts';
import { readObjects } from './bucket-contents.ts';
import { EVERY_SECONDS, SYMBOLS } from './harvester-process.ts';
import {
  bucketTroubles,
  brokerTroubles,
  diskTroubles,
  machineTroubles,
  tokenTroubles,
} from './fault-plans.ts';

const DAYS = 30;

/** By the names that `docs/soak.md` has for them. */
export const MONTHS = {
  winter: MONTH_STARTS.winter,
  autumn: MONTH_STARTS.lateAutumn,
  spring: MONTH_STARTS.spring,
} as const;

/** Books are recorded from 09:00 to 16:00 in all three. */
const OPENS = '09:00';
const CLOSES = '16:00';

export async function unattended(from: IstDate, seed: number): Promise<Evidence> {
  const startsAt = istInstant(from, '00:00');
  const end = plus(startsAt, DAYS * DAY);
  await using machine = await newMachine(seed, startsAt, DAYS);
  const days = draw(seed, DAYS).map((luck, index) =>
    planDay(machine, addDays(from, index), luck, index),
  );
  machine.agenda.at(end, () => {
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
    recorded: await readObjects(machine.objects),
    rings: await ringsOf(machine.metrics, startsAt),
    failures: machine.failures,
  };
}

function planDay(machine: Machine, date: IstDate, luck: Luck, index: number): JudgedDay {
  const trades = hoursOn(date) !== null;
  const at = (time: string): Instant => istInstant(date, time);
  // The last day's objects can't wait for a noon that is not lived through.
  const bucket = index < DAYS - 1 ? luck.bucket : 'there';
  return {
    date,
    session: trades ? { opensAt: at(OPENS), closesAt: at(CLOSES) } : null,
    troubles: [
      ...brokerTroubles(machine, luck.broker, at),
      ...(trades ? tokenTroubles(machine, luck.token, at) : []),
      ...machineTroubles(machine, luck.machine, at, trades),
      ...bucketTroubles(machine, bucket, at, trades),
      ...diskTroubles(machine, luck.disk, at, trades),
    ],
  };
}

/** Of the harvester's own alarms as the program registers them, by the model of CloudWatch. */
async function ringsOf(metrics: Metrics, startsAt: Instant): Promise<Evidence['rings']> {
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
