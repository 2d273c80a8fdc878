// Lists the faults of the month in which the alarms are tested. Each fault happens on its own day.
import { SECOND, plus } from '../../../core/time.ts';
import { type Span, type Troubles, at } from './month.ts';

export const span = (day: string, from: string, to: string): Span => ({
  from: at(`${day} ${from}`),
  to: at(`${day} ${to}`),
});

interface Fault {
  readonly troubles: Partial<Troubles>;
  /** Each alarm that must ring, with the time of its cause. */
  readonly rings: readonly (readonly [alarm: string, due: string])[];
}

const NIGHT = '2026-11-17';
const SESSION = '2026-11-18';

export const FAULTS: Readonly<Record<string, Fault>> = {
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
    // After the restart the harvester reports the lost slots.
    rings: [
      ['harvester-silent', `${SESSION} 11:00`],
      ['slots-missed', `${SESSION} 11:30`],
    ],
  },
  'the token dies in a session': {
    troubles: { holes: [{ ...span('2026-11-19', '13:00', '14:00'), reason: 'token-refused' }] },
    rings: [['slots-missed', '2026-11-19 13:00']],
  },
  'there is no login until 09:40': {
    troubles: {
      noToken: [span('2026-11-20', '00:00', '09:40')],
      failed: ['08:45', '09:05', '09:30'].map((slot) => ({
        actor: 'watch',
        at: at(`2026-11-20 ${slot}`),
      })),
      // A failed run leaves its event in the queue until the queue is emptied.
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
  'other functions have taken all executions': {
    troubles: {
      throttled: [
        { actor: 'refresh', at: at('2026-12-04 07:00'), times: 1 },
        { actor: 'watch', at: at('2026-12-04 07:20'), times: 1 },
      ],
    },
    rings: [
      ['refresh-throttled', '2026-12-04 07:00'],
      ['watch-throttled', '2026-12-04 07:20'],
    ],
  },
  'the login page is flooded': {
    troubles: { throttled: [{ actor: 'login', at: at('2026-12-04 03:00'), times: 400 }] },
    rings: [['login-throttled', '2026-12-04 03:00']],
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
    troubles: { dead: buildRestarts('2026-11-30 22:00', { times: 45, lives: 30, down: 10 }) },
    rings: [['harvester-silent', '2026-11-30 22:00']],
  },
  'the process dies every other minute of a session': {
    troubles: { dead: buildRestarts('2026-12-01 12:00', { times: 15, lives: 105, down: 15 }) },
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

function buildRestarts(
  from: string,
  { times, lives, down }: Readonly<Record<'times' | 'lives' | 'down', number>>,
): readonly Span[] {
  return Array.from({ length: times }, (_, index) => {
    const dies = plus(at(from), ((lives + down) * index + lives) * SECOND);
    return { from: dies, to: plus(dies, down * SECOND) };
  });
}
