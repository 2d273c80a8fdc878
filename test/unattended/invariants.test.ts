import { describe, expect, test } from 'vitest';
import { MINUTE, istDate, istInstant, plus } from '../../core/time.ts';
import { type Evidence, type PlannedFault, findViolations } from './invariants.ts';
import type { RecordedDate } from './bucket-contents.ts';

const DATE = istDate('2026-01-12');
const at = (time: string) => istInstant(DATE, time);
const SYMBOL = 'NSE:SBIN-EQ';
const KEYS = ['09:00', '09:01', '09:02', '09:03'].map((time) => `${SYMBOL} ${String(at(time))}`);

const DOWN: PlannedFault = {
  what: 'the broker is down',
  from: at('09:03'),
  to: at('09:04'),
  reasons: ['broker-error'],
  mayFire: ['slots-missed'],
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
    { date: DATE, session: { opensAt: at('09:00'), closesAt: at('09:04') }, faults: [DOWN] },
    { date: istDate('2026-01-13'), session: null, faults: [] },
  ],
  served: ['09:00', '09:01', '09:02'].map((time) => ({ at: at(time), symbol: SYMBOL })),
  recorded: new Map([[DATE, RECORDED]]),
  firedAlarms: [{ alarm: 'slots-missed', at: at('09:06') }],
  failures: [],
};

const withRecording = (over: Partial<RecordedDate>): Evidence => ({
  ...GOOD,
  recorded: new Map([[DATE, { ...RECORDED, ...over }]]),
});
const withManifest = (over: object): Evidence =>
  withRecording({ manifest: { ...RECORDED.manifest, ...over } });
const withFault = (over: Partial<PlannedFault>, firedAlarms = GOOD.firedAlarms): Evidence => ({
  ...GOOD,
  days: GOOD.days.map((day) => ({
    ...day,
    faults: day.faults.map((each) => ({ ...each, ...over })),
  })),
  firedAlarms,
});

describe('findViolations', () => {
  test('returns nothing for a good day', () => {
    expect(findViolations(GOOD)).toEqual([]);
  });

  test.each<[string, Evidence, string]>([
    ['a missing day', { ...GOOD, recorded: new Map() }, 'not in the bucket'],
    [
      'a recorded day off',
      { ...GOOD, recorded: new Map([...GOOD.recorded, ['2026-01-13', RECORDED]]) },
      'recorded without a session',
    ],
    ['a process that ended by itself', { ...GOOD, failures: ['boom'] }, 'a process ended: boom'],
    [
      'a slot with two rows',
      withRecording({ rows: [...RECORDED.rows, KEYS[0] ?? ''] }),
      'two rows',
    ],
    ['an unplanned row', withRecording({ rows: [...RECORDED.rows, 'NSE:X 1'] }), 'not planned'],
    ['a row without a served book', { ...GOOD, served: GOOD.served.slice(1) }, 'never served'],
    ['a slot without a row or a reason', withRecording({ holes: [] }), 'neither row nor reason'],
    [
      'a reason that no planned fault has',
      withRecording({ holes: RECORDED.holes.map((hole) => ({ ...hole, reason: 'no-token' })) }),
      'no-token while the broker is down',
    ],
    [
      'a served book without a row',
      { ...GOOD, served: [...GOOD.served, { at: at('09:03'), symbol: SYMBOL }] },
      'served and lost',
    ],
    ['a manifest with a wrong count', withManifest({ received: 4 }), 'received is 3'],
    ['an unexplained slot in the manifest', withManifest({ unexplained: 1 }), 'unexplained is 0'],
    [
      'rows that compaction left out',
      withManifest({ leftOut: { duplicate: 1, unplanned: 0, malformed: 0 } }),
      'left out',
    ],
    [
      'an alarm without a fault',
      { ...GOOD, firedAlarms: [{ alarm: 'disk-filling', at: at('09:03') }] },
      'disk-filling fired without a fault',
    ],
    [
      'an alarm long after its fault',
      { ...GOOD, firedAlarms: [{ alarm: 'slots-missed', at: at('10:00') }] },
      'fired without a fault',
    ],
    [
      'a dead process without an alarm',
      withFault({ isDead: true, to: plus(at('09:03'), 30 * MINUTE) }),
      'and no alarm fired',
    ],
    [
      'a fault that fired only another alarm',
      withFault({ mustFire: 'harvester-fault' }),
      'and no alarm fired',
    ],
    [
      'a lost session without an alarm',
      {
        ...{ ...GOOD, firedAlarms: [] },
        days: [
          { date: DATE, session: { opensAt: at('09:00'), closesAt: at('09:04') }, faults: [] },
          {
            date: istDate('2026-01-13'),
            session: { opensAt: at('11:00'), closesAt: at('12:00') },
            faults: [{ ...DOWN, stopsAll: true, to: at('12:00') }],
          },
        ],
      },
      'the broker is down, and no alarm fired',
    ],
  ])('reports %s', (_what, evidence, violation) => {
    expect(findViolations(evidence).join('\n')).toContain(violation);
  });
});
