// Evaluates the registered alarms by the model over a month: none fires without a fault, and each fault fires exactly its
// alarms within ten minutes.
import { beforeAll, describe, expect, test } from 'vitest';
import { dayOf } from '../../core/market/calendar.ts';
import {
  MINUTE,
  SECOND,
  type Instant,
  formatIst,
  istInstant,
  plus,
  weekday,
} from '../../core/time.ts';
import { allOf, graphOf } from '../support/graph.ts';
import { WHOLE } from '../support/stack-configs.ts';
import { type Alarm, type Unsaid, alarmOf, transitionsOf } from '../infra/alarms/model.ts';
import { FAULTS, span } from '../infra/alarms/faults.ts';
import { DATES, START, type Troubles, at, metricsOfMonth } from '../infra/alarms/month.ts';
import type { Metrics } from '../infra/alarms/series.ts';

/** By then a fault has reached the operator. */
const IN_TIME = 10 * MINUTE;

/** What the guide leaves open must not decide: so many datapoints further back, seen so many minutes late. */
const UNSAID: readonly Unsaid[] = [
  { extra: 0, delay: 0 },
  { extra: 2, delay: 0 },
  { extra: 2, delay: 1 },
  { extra: 4, delay: 1 },
];

/** Of every month, and nothing to ring for. */
const USUAL: Troubles = {
  dead: [
    // The instance is made five minutes after its alarms.
    { from: START, to: plus(START, 5 * MINUTE) },
    // Weekly updates restart the machine; a deploy restarts the harvester once, after the close.
    ...DATES.filter((date) => weekday(date) === 0).map((date) => ({
      from: istInstant(date, '04:00'),
      to: plus(istInstant(date, '04:00'), 150 * SECOND),
    })),
    { from: at('2026-11-12 16:15'), to: at('2026-11-12 16:15:20') },
  ],
  // A slot now and then has no answer.
  holes: DATES.map((date) => ({
    from: istInstant(date, '14:00'),
    to: plus(istInstant(date, '14:00'), 5 * SECOND),
    reason: 'timeout',
  })),
  noToken: [],
  diskFull: [],
  fields: [],
  closed: [],
  unfinished: [],
  failed: [],
  // A person opens two pages while a stranger looks at the address.
  throttled: DATES.map((date) => ({
    actor: 'login',
    at: istInstant(date, '07:12'),
    times: 9,
  })),
  queued: [],
  impaired: [],
  // AWS's own metrics pause.
  unmeasured: [span('2026-11-14', '12:00', '12:30')],
};

function together(some: readonly Partial<Troubles>[]): Troubles {
  const all = <K extends keyof Troubles>(key: K) => some.flatMap((one) => [...(one[key] ?? [])]);
  return {
    dead: all('dead'),
    holes: all('holes'),
    noToken: all('noToken'),
    diskFull: all('diskFull'),
    fields: all('fields'),
    closed: all('closed'),
    unfinished: all('unfinished'),
    failed: all('failed'),
    throttled: all('throttled'),
    queued: all('queued'),
    impaired: all('impaired'),
    unmeasured: all('unmeasured'),
  };
}

let alarms: readonly Alarm[];
let quiet: Metrics;
let troubled: Metrics;
beforeAll(async () => {
  alarms = allOf(await graphOf(WHOLE), 'aws:cloudwatch/metricAlarm:MetricAlarm').map(({ inputs }) =>
    alarmOf(inputs),
  );
  const faults = Object.values(FAULTS).map(({ troubles }) => troubles);
  quiet = await metricsOfMonth(USUAL);
  troubled = await metricsOfMonth(together([...faults, USUAL]));
});

interface Ring {
  readonly alarm: string;
  readonly at: Instant;
}

function ringsOf(metrics: Metrics, unsaid: Unsaid): readonly Ring[] {
  return alarms
    .flatMap((alarm) =>
      transitionsOf(alarm, metrics.of(alarm), unsaid)
        .filter(({ to }) => to === 'ALARM')
        .map(({ minute }) => ({
          alarm: alarm.name.replace('Fyers-', ''),
          at: plus(START, minute * MINUTE),
        })),
    )
    .toSorted((a, b) => a.at - b.at);
}

const said = ({ alarm, at: when }: Ring) => `${alarm} ${formatIst(when)}`;

describe('Over thirty days', () => {
  test('there are holidays, weekends and a session on a Sunday', () => {
    const closed = DATES.filter((date) => dayOf(date).kind === 'closed');
    expect(DATES).toHaveLength(30);
    expect(closed.filter((date) => ![0, 6].includes(weekday(date)))).toEqual([
      '2026-11-10',
      '2026-11-24',
    ]);
    expect(DATES.filter((date) => weekday(date) === 0 && !closed.includes(date))).toEqual([
      '2026-11-08',
    ]);
  });

  describe.each(UNSAID)(
    'with $extra datapoints further back, seen $delay minutes late',
    (unsaid) => {
      test('no alarm fires without a fault', () => {
        expect(ringsOf(quiet, unsaid).map(said)).toEqual([]);
      });

      test('each fault fires exactly its alarms within ten minutes', () => {
        const rings = [...ringsOf(troubled, unsaid)];
        const unheard = Object.entries(FAULTS).flatMap(([fault, expected]) =>
          expected.rings.flatMap(([alarm, due]) => {
            const heard = rings.findIndex(
              (ring) =>
                ring.alarm === alarm && at(due) <= ring.at && ring.at <= plus(at(due), IN_TIME),
            );
            if (heard === -1) return [`${fault}: ${alarm} since ${due}`];
            rings.splice(heard, 1);
            return [];
          }),
        );
        expect(unheard).toEqual([]);
        expect(rings.map(said)).toEqual([]);
      });
    },
  );

  test('every registered alarm belongs to a fault', () => {
    const heard = new Set(
      Object.values(FAULTS).flatMap(({ rings }) => rings.map(([alarm]) => alarm)),
    );
    expect([...heard].toSorted()).toEqual(
      alarms.map(({ name }) => name.replace('Fyers-', '')).toSorted(),
    );
  });
});
