// The alarms as the program registers them, judged by the model over a month: quiet while nothing is wrong, and for each
// fault the alarms that should ring, within ten minutes, and no other.
import { beforeAll, describe, expect, test } from 'vitest';
import { dayOf } from '../../../core/market/calendar.ts';
import {
  MINUTE,
  SECOND,
  type Instant,
  formatIst,
  istInstant,
  plus,
  weekday,
} from '../../../core/time.ts';
import { allOf, graphOf } from '../../support/graph.ts';
import { WHOLE } from '../../support/worlds.ts';
import { type Alarm, type Unsaid, alarmOf, transitionsOf } from './model.ts';
import { DATES, START, type Span, type Troubles, at, metricsOfMonth } from './month.ts';
import type { Metrics } from './series.ts';

/** By then a fault has reached the operator. */
const IN_TIME = 10 * MINUTE;

/** What the guide leaves open must not decide: so many datapoints further back, seen so many minutes late. */
const UNSAID: readonly Unsaid[] = [
  { extra: 0, delay: 0 },
  { extra: 2, delay: 0 },
  { extra: 2, delay: 1 },
  { extra: 4, delay: 1 },
];

const span = (day: string, from: string, to: string): Span => ({
  from: at(`${day} ${from}`),
  to: at(`${day} ${to}`),
});

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
  queued: [],
  impaired: [],
  // AWS's own metrics pause.
  unmeasured: [span('2026-11-14', '12:00', '12:30')],
};

interface Fault {
  readonly troubles: Partial<Troubles>;
  /** Each alarm that rings, and since when it is due. */
  readonly rings: readonly (readonly [alarm: string, due: string])[];
}

const NIGHT = '2026-11-17';
const SESSION = '2026-11-18';

/** Each on a day of its own. */
const FAULTS: Readonly<Record<string, Fault>> = {
  'the harvester is dead on a holiday': {
    troubles: { dead: [span('2026-11-10', '12:00', '12:40')] },
    rings: [['harvester-silent', '2026-11-10 12:00']],
  },
  'the disk is full': {
    troubles: { diskFull: [span('2026-11-13', '10:00', '14:00')] },
    rings: [['disk-filling', '2026-11-13 10:00']],
  },
  'the broker answers 429': {
    troubles: { holes: [{ ...span('2026-11-16', '10:00', '10:30'), reason: 'rate-limited' }] },
    rings: [['slots-missed', '2026-11-16 10:00']],
  },
  'the harvester is dead at night': {
    troubles: { dead: [span(NIGHT, '02:00', '03:00')] },
    rings: [['harvester-silent', `${NIGHT} 02:00`]],
  },
  'the harvester is dead in a session': {
    troubles: { dead: [span(SESSION, '11:00', '11:30')] },
    // Once it is back it tells what was lost.
    rings: [
      ['harvester-silent', `${SESSION} 11:00`],
      ['slots-missed', `${SESSION} 11:30`],
    ],
  },
  'the token dies in a session': {
    troubles: { holes: [{ ...span('2026-11-19', '13:00', '14:00'), reason: 'token-refused' }] },
    rings: [['slots-missed', '2026-11-19 13:00']],
  },
  'nobody logs in until 09:40': {
    troubles: {
      noToken: [span('2026-11-20', '00:00', '09:40')],
      failed: ['08:45', '09:05', '09:30'].map((slot) => ({
        actor: 'watch',
        at: at(`2026-11-20 ${slot}`),
      })),
      // A run that failed leaves its event in the queue, until somebody empties it.
      queued: [span('2026-11-20', '08:45', '12:00')],
    },
    rings: [
      ['watch-failed', '2026-11-20 08:45'],
      ['undelivered', '2026-11-20 08:45'],
      ['slots-missed', '2026-11-20 09:00'],
      ['watch-failed', '2026-11-20 09:05'],
      ['watch-failed', '2026-11-20 09:30'],
    ],
  },
  'the refresh fails': {
    troubles: {
      failed: [{ actor: 'refresh', at: at('2026-11-23 07:00') }],
      queued: [span('2026-11-23', '07:00', '09:00')],
    },
    rings: [
      ['refresh-failed', '2026-11-23 07:00'],
      ['undelivered', '2026-11-23 07:00'],
    ],
  },
  'a login fails': {
    troubles: { failed: [{ actor: 'login', at: at('2026-11-25 07:42') }] },
    rings: [['login-failed', '2026-11-25 07:42']],
  },
  'a run cannot be started on a holiday': {
    troubles: { queued: [span('2026-11-24', '08:15', '10:00')] },
    rings: [['undelivered', '2026-11-24 08:15']],
  },
  'the machine is impaired in a session': {
    troubles: {
      impaired: [{ ...span('2026-11-26', '10:00', '10:14'), check: 'System' }],
      dead: [span('2026-11-26', '10:00', '10:16')],
    },
    rings: [
      ['machine-impaired', '2026-11-26 10:00'],
      ['harvester-silent', '2026-11-26 10:00'],
      ['slots-missed', '2026-11-26 10:16'],
    ],
  },
  'the instance is impaired at night': {
    troubles: {
      impaired: [{ ...span('2026-11-27', '20:00', '20:15'), check: 'Instance' }],
      dead: [span('2026-11-27', '20:00', '20:16')],
    },
    rings: [
      ['instance-impaired', '2026-11-27 20:00'],
      ['harvester-silent', '2026-11-27 20:00'],
    ],
  },
  'the process dies within half a minute, again and again': {
    troubles: { dead: dying('2026-11-30 22:00', { times: 45, lives: 30, down: 10 }) },
    rings: [['harvester-silent', '2026-11-30 22:00']],
  },
  'the process dies every other minute of a session': {
    troubles: { dead: dying('2026-12-01 12:00', { times: 15, lives: 105, down: 15 }) },
    rings: [['slots-missed', '2026-12-01 12:00']],
  },
  'a day cannot be compacted': {
    troubles: { unfinished: [span('2026-12-02', '16:00', '18:00')] },
    rings: [['harvester-fault', '2026-12-02 16:00']],
  },
  'two different faults within a few minutes': {
    troubles: {
      fields: [span('2026-12-04', '09:17', '16:00')],
      closed: [span('2026-12-04', '09:00', '16:00')],
    },
    rings: [
      ['harvester-fault', '2026-12-04 09:17'],
      ['harvester-fault', '2026-12-04 09:20'],
    ],
  },
  'one of five symbols has no rows': {
    troubles: {
      holes: [{ ...span('2026-12-03', '09:00', '16:00'), reason: 'unknown-symbol', symbols: 1 }],
    },
    rings: [['slots-missed', '2026-12-03 09:00']],
  },
};

function dying(
  from: string,
  { times, lives, down }: Readonly<Record<'times' | 'lives' | 'down', number>>,
): readonly Span[] {
  return Array.from({ length: times }, (_, index) => {
    const dies = plus(at(from), ((lives + down) * index + lives) * SECOND);
    return { from: dies, to: plus(dies, down * SECOND) };
  });
}

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
      test('no alarm rings while nothing is wrong, whatever the day and the hour', () => {
        expect(ringsOf(quiet, unsaid).map(said)).toEqual([]);
      });

      test('each fault rings the alarms that should, within ten minutes, and no other', () => {
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

  test('every alarm is one that rang', () => {
    const heard = new Set(
      Object.values(FAULTS).flatMap(({ rings }) => rings.map(([alarm]) => alarm)),
    );
    expect([...heard].toSorted()).toEqual(
      alarms.map(({ name }) => name.replace('Fyers-', '')).toSorted(),
    );
  });
});
