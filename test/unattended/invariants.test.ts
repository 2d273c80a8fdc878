// A judge that never objects proves nothing: each of its objections, raised once.
import { describe, expect, test } from 'vitest';
import { MINUTE, istDate, istInstant, plus } from '../../core/time.ts';
import { type Evidence, type Trouble, judge } from './invariants.ts';
import type { RecordedDate } from './bucket-contents.ts';

const DATE = istDate('2026-01-12');
const at = (time: string) => istInstant(DATE, time);
const SYMBOL = 'NSE:SBIN-EQ';
const KEYS = ['09:00', '09:01', '09:02', '09:03'].map((time) => `${SYMBOL} ${String(at(time))}`);

const DOWN: Trouble = {
  what: 'the broker is down',
  from: at('09:03'),
  to: at('09:04'),
  reasons: ['broker-error'],
  rings: ['slots-missed'],
};

/** Four slots, the last of which the broker refuses. */
const RECORDED: RecordedDate = {
  manifest: {
    expected: 4,
    received: 3,
    explained: 1,
    unexplained: 0,
    leftOut: { duplicate: 0, unplanned: 0, malformed: 0 },
  },
  rows: KEYS.slice(0, 3),
  holes: [{ reason: 'broker-error', symbols: [SYMBOL], from: at('09:03'), to: at('09:04') }],
};

const GOOD: Evidence = {
  symbols: [SYMBOL],
  everyMs: MINUTE,
  days: [
    { date: DATE, session: { opensAt: at('09:00'), closesAt: at('09:04') }, troubles: [DOWN] },
    { date: istDate('2026-01-13'), session: null, troubles: [] },
  ],
  served: ['09:00', '09:01', '09:02'].map((time) => ({ at: at(time), symbol: SYMBOL })),
  recorded: new Map([[DATE, RECORDED]]),
  rings: [{ alarm: 'slots-missed', at: at('09:06') }],
  failures: [],
};

const recording = (over: Partial<RecordedDate>): Evidence => ({
  ...GOOD,
  recorded: new Map([[DATE, { ...RECORDED, ...over }]]),
});
const manifested = (over: object): Evidence =>
  recording({ manifest: { ...RECORDED.manifest, ...over } });
const troubled = (over: Partial<Trouble>, rings = GOOD.rings): Evidence => ({
  ...GOOD,
  days: GOOD.days.map((day) => ({
    ...day,
    troubles: day.troubles.map((each) => ({ ...each, ...over })),
  })),
  rings,
});

describe('The judge of unattended days', () => {
  test('has nothing against a good day', () => {
    expect(judge(GOOD)).toEqual([]);
  });

  test.each<[string, Evidence, string]>([
    ['a day that is missing', { ...GOOD, recorded: new Map() }, 'not in the bucket'],
    [
      'a day off that was recorded',
      { ...GOOD, recorded: new Map([...GOOD.recorded, ['2026-01-13', RECORDED]]) },
      'recorded without a session',
    ],
    ['a process that ended by itself', { ...GOOD, failures: ['boom'] }, 'a process ended: boom'],
    ['a slot with two rows', recording({ rows: [...RECORDED.rows, KEYS[0] ?? ''] }), 'two rows'],
    [
      'a row that nobody planned',
      recording({ rows: [...RECORDED.rows, 'NSE:X 1'] }),
      'nobody planned',
    ],
    ['a row of nothing', { ...GOOD, served: GOOD.served.slice(1) }, 'never served'],
    ['a slot without row and reason', recording({ holes: [] }), 'neither row nor reason'],
    [
      'a reason that the weather does not give',
      recording({ holes: RECORDED.holes.map((hole) => ({ ...hole, reason: 'no-token' })) }),
      'no-token while the broker is down',
    ],
    [
      'a book that was served and lost',
      { ...GOOD, served: [...GOOD.served, { at: at('09:03'), symbol: SYMBOL }] },
      'served and lost',
    ],
    ['a manifest that counts otherwise', manifested({ received: 4 }), 'received is 3'],
    ['a slot that nobody explains', manifested({ unexplained: 1 }), 'unexplained is 0'],
    [
      'rows that compaction left out',
      manifested({ leftOut: { duplicate: 1, unplanned: 0, malformed: 0 } }),
      'left out',
    ],
    [
      'an alarm for nothing',
      { ...GOOD, rings: [{ alarm: 'disk-filling', at: at('09:03') }] },
      'disk-filling rang for nothing',
    ],
    [
      'an alarm long afterwards',
      { ...GOOD, rings: [{ alarm: 'slots-missed', at: at('10:00') }] },
      'rang for nothing',
    ],
    [
      'a death that nobody heard of',
      troubled({ isDead: true, to: plus(at('09:03'), 30 * MINUTE) }),
      'and no alarm rang',
    ],
    [
      'a trouble that rang another alarm than its own',
      troubled({ mustRing: 'harvester-fault' }),
      'and no alarm rang',
    ],
    [
      'a broken session that nobody heard of',
      {
        ...troubled({ stopsAll: true, to: at('12:00') }, []),
        days: [
          {
            date: DATE,
            session: { opensAt: at('09:00'), closesAt: at('09:04') },
            troubles: [],
          },
          {
            date: istDate('2026-01-13'),
            session: { opensAt: at('11:00'), closesAt: at('12:00') },
            troubles: [{ ...DOWN, stopsAll: true, to: at('12:00') }],
          },
        ],
      },
      'the broker is down, and no alarm rang',
    ],
  ])('objects to %s', (_what, evidence, objection) => {
    expect(judge(evidence).join('\n')).toContain(objection);
  });
});
