import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type CalendarOptions,
  type Eligibility,
  dayOf,
  nextSession,
  notesOn,
} from '../../../core/market/calendar.ts';
import { type SessionPlan, phaseAt } from '../../../core/market/phases.ts';
import { SECOND, formatIso, istDate, istInstant, plus } from '../../../core/time.ts';
import { anyDate, anyEligibility, openPlan } from './plans.ts';

// Written from the circulars, not from the shipped data: `09:00 A 09:08 B 09:12` is A to 09:08, then B to 09:12.
// `~` before a name is inferred, `?` provisional; `*09:07` after one is where the random close begins.
const OLD_PREOPEN = '09:00 PREOPEN_ENTRY*09:07 09:08 PREOPEN_MATCH 09:12 BUFFER 09:15';
const NEW_PREOPEN =
  '09:00 PREOPEN_ENTRY 09:05 PREOPEN_LIMIT*09:08 09:10 PREOPEN_MATCH 09:12 BUFFER 09:15';
const BEFORE_AUCTION = 'CONTINUOUS 15:30 CLOSE_CALC 15:40 POSTCLOSE 16:00';
const WITHOUT_AUCTION = 'CONTINUOUS 15:30 ~CLOSE_CALC 15:50 POSTCLOSE 16:00';
const FIRST_AUCTION =
  'CONTINUOUS 15:15 CAS_REF 15:20 CAS_ENTRY 15:25 CAS_LIMIT*15:28 15:30 CAS_MATCH 15:35 TRANSITION 15:50 POSTCLOSE 16:00';
const DECEMBER_AUCTION =
  'CONTINUOUS 15:30 CAS_REF 15:31 CAS_ENTRY 15:36 CAS_LIMIT*15:38 15:40 ~CAS_MATCH 15:45 ~TRANSITION 15:50 POSTCLOSE 16:00';

/** The circulars give name and date of this pre-open; its times are inferred from those of shares. */
const OLD_FO_PREOPEN = '09:00 ~PREOPEN_ENTRY*09:07 09:08 ~PREOPEN_MATCH 09:12 ~BUFFER 09:15';
const NEW_FO_PREOPEN =
  '09:00 ~PREOPEN_ENTRY 09:05 ~PREOPEN_LIMIT*09:08 09:10 ~PREOPEN_MATCH 09:12 ~BUFFER 09:15';

const MUHURAT_2025 =
  '13:15 BLOCK_DEAL 13:30 ~PREOPEN_ENTRY*13:37 13:38 ~PREOPEN_MATCH 13:42 ~BUFFER 13:45 CONTINUOUS 14:45 ~BUFFER 14:55 POSTCLOSE 15:05';

/** By the day, then by the eligibility. */
const PLANS: Readonly<Record<string, Partial<Record<Eligibility, string>>>> = {
  '2024-03-02, a switch to the other site in March': {
    auction: '09:15 CONTINUOUS 10:00 ~TRANSITION 11:30 CONTINUOUS 12:30',
  },
  '2024-05-18, a switch to the other site in May': {
    auction: '09:15 CONTINUOUS 10:00 ~TRANSITION 11:45 CONTINUOUS 12:40',
  },
  '2024-11-01, the muhurat of 2024': {
    auction: '17:45 ~PREOPEN_ENTRY*17:52 17:53 ~PREOPEN_MATCH 17:57 ~BUFFER 18:00 CONTINUOUS 19:00',
  },
  '2025-01-01, the first covered day': {
    auction: `${OLD_PREOPEN} ${BEFORE_AUCTION}`,
    plain: `${OLD_PREOPEN} ${BEFORE_AUCTION}`,
    derivative: '09:15 CONTINUOUS 15:30',
  },
  '2025-02-01, a budget Saturday': {
    auction: `${OLD_PREOPEN} ${BEFORE_AUCTION}`,
  },
  '2025-10-21, the muhurat of 2025': {
    auction: MUHURAT_2025,
    plain: MUHURAT_2025,
    option: '13:45 ~CONTINUOUS 14:45',
    derivative: '13:45 ~CONTINUOUS 14:45',
  },
  '2025-12-05, the last day without a pre-open of futures': {
    derivative: '09:15 CONTINUOUS 15:30',
  },
  '2025-12-08, the first pre-open of futures': {
    derivative: `${OLD_FO_PREOPEN} CONTINUOUS 15:30`,
  },
  '2026-02-01, a budget Sunday': {
    auction: `${OLD_PREOPEN} ${BEFORE_AUCTION}`,
  },
  '2026-07-31, the last day without auction, whose contracts close at 15:30': {
    auction: `${OLD_PREOPEN} ${BEFORE_AUCTION}`,
    plain: `${OLD_PREOPEN} ${BEFORE_AUCTION}`,
    derivative: `${OLD_FO_PREOPEN} CONTINUOUS 15:30`,
    option: '09:15 CONTINUOUS 15:30',
    expiring: `${OLD_FO_PREOPEN} CONTINUOUS 15:30`,
  },
  '2026-08-03, the first closing auction, and contracts until 15:40': {
    auction: `${OLD_PREOPEN} ${FIRST_AUCTION}`,
    plain: `${OLD_PREOPEN} ${WITHOUT_AUCTION}`,
    derivative: `${OLD_FO_PREOPEN} CONTINUOUS 15:40`,
    option: '09:15 CONTINUOUS 15:40',
    expiring: `${OLD_FO_PREOPEN} ~CONTINUOUS 15:40`,
  },
  '2026-09-04, the last old pre-open': {
    auction: `${OLD_PREOPEN} ${FIRST_AUCTION}`,
    plain: `${OLD_PREOPEN} ${WITHOUT_AUCTION}`,
    derivative: `${OLD_FO_PREOPEN} CONTINUOUS 15:40`,
  },
  '2026-09-07, the first new pre-open': {
    auction: `${NEW_PREOPEN} ${FIRST_AUCTION}`,
    plain: `${NEW_PREOPEN} ${WITHOUT_AUCTION}`,
    derivative: `${NEW_FO_PREOPEN} CONTINUOUS 15:40`,
  },
  '2026-11-08, the muhurat of 2026, whose times no source gives': {
    auction:
      '18:00 ?PREOPEN_ENTRY 18:05 ?PREOPEN_LIMIT*18:08 18:10 ?PREOPEN_MATCH 18:12 ?BUFFER 18:15 ?CONTINUOUS 19:15 ?UNKNOWN 19:45',
    option: '18:15 ?CONTINUOUS 19:15 ?UNKNOWN 19:45',
  },
  '2026-11-25, a day in November': {
    option: '09:15 CONTINUOUS 15:40',
    'expiring-option': '09:15 ~CONTINUOUS 15:40',
  },
  '2026-12-04, the last auction of 15:15, and contracts until 15:40': {
    auction: `${NEW_PREOPEN} ${FIRST_AUCTION}`,
    plain: `${NEW_PREOPEN} ${WITHOUT_AUCTION}`,
    derivative: `${NEW_FO_PREOPEN} CONTINUOUS 15:40`,
    option: '09:15 CONTINUOUS 15:40',
    expiring: `${NEW_FO_PREOPEN} ~CONTINUOUS 15:40`,
  },
  '2026-12-07, the first auction of 15:30, and contracts until 15:45': {
    auction: `${NEW_PREOPEN} ${DECEMBER_AUCTION}`,
    plain: `${NEW_PREOPEN} ${WITHOUT_AUCTION}`,
    derivative: `${NEW_FO_PREOPEN} CONTINUOUS 15:45`,
    option: '09:15 CONTINUOUS 15:45',
    expiring: `${NEW_FO_PREOPEN} CONTINUOUS 15:30`,
  },
  '2026-12-08, a last day of options in December': {
    'expiring-option': '09:15 CONTINUOUS 15:30',
  },
  '2026-12-31, the last covered day': {
    auction: `${NEW_PREOPEN} ${DECEMBER_AUCTION}`,
    derivative: `${NEW_FO_PREOPEN} CONTINUOUS 15:45`,
  },
};
const ROWS = Object.entries(PLANS).flatMap(([day, plans]) =>
  Object.entries(plans).map(([kind, plan]) => [day, kind as Eligibility, plan] as const),
);

const CERTAINTY_MARK = { sourced: '', inferred: '~', provisional: '?' } as const;

const clock = (at: Parameters<typeof formatIso>[0]) => formatIso(at).slice(11, 16);

/** Formats a plan in the notation of the table. */
function outline(plan: SessionPlan): string {
  const phases = plan.phases.map(({ name, to, certainty, randomCloseFrom }) => {
    const random = randomCloseFrom === undefined ? '' : `*${clock(randomCloseFrom)}`;
    return `${CERTAINTY_MARK[certainty]}${name}${random} ${clock(to)}`;
  });
  return [clock(plan.opensAt), ...phases].join(' ');
}

describe('A trading day', () => {
  test.each(ROWS)('has the phases of %s (%s)', (day, eligibility, expected) => {
    expect(outline(openPlan(day.slice(0, 10), { eligibility }))).toBe(expected);
  });

  test.each(ROWS)('changes phase to the millisecond on %s (%s)', (day, eligibility, expected) => {
    const date = day.slice(0, 10);
    const plan = openPlan(date, { eligibility });
    const words = expected.replaceAll(/\*\S+|[~?]/g, '').split(' ');
    const names = words.filter((_, index) => index % 2 === 1);
    words.forEach((word, index) => {
      if (index % 2 === 1) return;
      const edge = istInstant(istDate(date), word);
      expect(phaseAt(plan, plus(edge, -1))?.name ?? null).toBe(names[index / 2 - 1] ?? null);
      expect(phaseAt(plan, edge)?.name ?? null).toBe(names[index / 2] ?? null);
    });
  });

  test('has phases without a gap from opening to close, for any date and eligibility', () => {
    fc.assert(
      fc.property(anyDate(), anyEligibility(), (date, eligibility) => {
        const day = dayOf(date, { eligibility });
        if (day.kind === 'closed') return;
        const { opensAt, closesAt, phases } = day.plan;
        expect(phases.map(({ from }) => from)).toEqual([
          opensAt,
          ...phases.slice(0, -1).map(({ to }) => to),
        ]);
        expect(phases.at(-1)?.to).toBe(closesAt);
        expect(phases.every(({ from, to }) => from < to)).toBe(true);
        expect(formatIso(opensAt).slice(0, 10)).toBe(date);
        expect(formatIso(plus(closesAt, -1)).slice(0, 10)).toBe(date);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ['a day whose every edge is sourced', '2026-11-25', 'regular', 'sourced'],
    ['a day with an inferred edge', '2026-12-07', 'regular', 'inferred'],
    ['the last day of the list', '2026-12-31', 'regular', 'inferred'],
    ['the first day after the list', '2027-01-01', 'regular', 'provisional'],
    ['the last day of 2024', '2024-12-31', 'regular', 'sourced'],
    ['the first day of the list', '2024-01-01', 'regular', 'sourced'],
    ['the last day before the list', '2023-12-29', 'regular', 'provisional'],
    ['a budget session', '2026-02-01', 'special', 'sourced'],
    ['a muhurat session', '2025-10-21', 'muhurat', 'inferred'],
    ['a muhurat session without times', '2026-11-08', 'muhurat', 'provisional'],
  ] as const)('is as certain as its weakest phase: %s', (_, date, name, certainty) => {
    const plan = openPlan(date);
    expect([plan.name, plan.certainty]).toEqual([name, certainty]);
    expect(plan.source).not.toBe('');
  });

  test('is regular on days without settlement', () => {
    for (const date of ['2026-02-19', '2026-03-19', '2026-04-01', '2026-08-26']) {
      expect(openPlan(date).name).toBe('regular');
    }
  });
});

describe('notesOn', () => {
  test.each([
    ['mock trading on the first such day of 2026', '2026-01-03', '2026-01-02', 'mock trading'],
    ['mock trading on the last such day of 2026', '2026-12-05', '2026-12-06', 'mock trading'],
    ['missing settlement on the first such day', '2026-02-19', '2026-02-18', 'does not settle'],
    ['missing settlement on the last such day', '2026-08-26', '2026-08-27', 'does not settle'],
    ['the disaster recovery site', '2026-03-05', '2026-03-04', 'disaster recovery site'],
  ])('notes %s, on that day only', (_, date, neighbour, words) => {
    expect(notesOn(istDate(date)).join()).toContain(words);
    expect(notesOn(istDate(neighbour))).toEqual([]);
  });
});

describe('A closed day', () => {
  test.each([
    ['2024-01-22', 'Ram Mandir consecration'],
    ['2024-01-26', 'Republic Day'],
    ['2024-08-15', 'Independence Day'],
    ['2024-05-20', 'Parliamentary elections'],
    ['2024-11-20', 'Maharashtra assembly elections'],
    ['2026-01-15', 'Maharashtra municipal elections'],
    ['2026-11-24', 'Guru Nanak Jayanti'],
    ['2025-10-22', 'Balipratipada'],
    ['2026-08-15', 'Independence Day'],
    ['2026-11-21', 'weekend'],
    ['2026-11-22', 'weekend'],
    ['2026-08-02', 'weekend'],
    ['2027-01-02', 'weekend'],
  ])('%s has its reason: %s', (date, why) => {
    expect(dayOf(istDate(date))).toEqual({ kind: 'closed', why });
  });
});

describe('A weekday after the list of holidays', () => {
  test('has the last known hours, with every phase provisional', () => {
    const plan = openPlan('2027-01-27');
    const known = openPlan('2026-12-31');
    expect(outline(plan).replaceAll('?', '')).toBe(outline(known).replaceAll('~', ''));
    expect(plan.phases.every(({ certainty }) => certainty === 'provisional')).toBe(true);
    expect(plan.source).toContain('no list of holidays for 2027');
  });
});

describe('nextSession', () => {
  test.each([
    ['before the opening', '2026-11-25', '08:59:59.999', '2026-11-25'],
    ['at the opening', '2026-11-25', '09:00', '2026-11-25'],
    ['in the last millisecond', '2026-11-25', '15:59:59.999', '2026-11-25'],
    ['at the close', '2026-11-25', '16:00', '2026-11-26'],
    ['after Friday', '2026-11-27', '16:00', '2026-11-30'],
    ['across a holiday', '2026-11-23', '16:00', '2026-11-25'],
    ['on a Saturday before a budget Sunday', '2026-01-31', '12:00', '2026-02-01'],
    ['before a muhurat session', '2025-10-21', '00:00', '2025-10-21'],
    ['after a muhurat session', '2025-10-21', '15:05', '2025-10-23'],
    ['after the last covered day', '2026-12-31', '16:00', '2027-01-01'],
  ])('finds the session %s', (_, date, time, expected) => {
    expect(nextSession(istInstant(istDate(date), time)).date).toBe(expected);
  });

  test('returns the first session that closes after the instant', () => {
    fc.assert(
      fc.property(anyDate(), fc.integer({ min: 0, max: 86_399 }), (date, second) => {
        const at = plus(istInstant(date, '00:00'), second * SECOND);
        const plan = nextSession(at);
        expect(plan.closesAt).toBeGreaterThan(at);
        expect(nextSession(plus(plan.closesAt, -1))).toEqual(plan);
        if (plan.opensAt > at) expect(nextSession(plan.opensAt)).toEqual(plan);
      }),
    );
  });
});

describe('An override of the operator', () => {
  const options = (...overrides: NonNullable<CalendarOptions['overrides']>): CalendarOptions => ({
    overrides,
  });
  const date = istDate('2026-11-25');

  test('closes a day that trades by the shipped calendar', () => {
    const cyclone = options({ date, closed: true, why: 'cyclone' });
    expect(dayOf(date, cyclone)).toEqual({ kind: 'closed', why: 'cyclone' });
    expect(nextSession(istInstant(date, '08:00'), cyclone).date).toBe('2026-11-26');
  });

  test('opens a Saturday with its own phases', () => {
    const saturday = istDate('2026-11-28');
    const phases = [{ name: 'CONTINUOUS', from: '11:30', to: '12:30' }] as const;
    const plan = openPlan(saturday, options({ date: saturday, phases, source: 'NSE/CMTR/1' }));
    expect(outline(plan)).toBe('11:30 CONTINUOUS 12:30');
    expect(plan).toMatchObject({ name: 'special', certainty: 'sourced', source: 'NSE/CMTR/1' });
  });

  test('opens a holiday with the usual hours if it has no phases', () => {
    const holiday = istDate('2026-11-24');
    const plan = openPlan(holiday, options({ date: holiday }));
    expect(outline(plan)).toBe(`${NEW_PREOPEN} ${FIRST_AUCTION}`);
    expect(plan).toMatchObject({ name: 'special', source: 'operator' });
  });

  test('replaces a session of the shipped calendar', () => {
    const muhurat = istDate('2026-11-08');
    const phases = [{ name: 'CONTINUOUS', from: '14:00', to: '15:00' }] as const;
    const plan = openPlan(muhurat, options({ date: muhurat, name: 'muhurat', phases }));
    expect(outline(plan)).toBe('14:00 CONTINUOUS 15:00');
  });

  test('does not change other days', () => {
    const other = options({ date: istDate('2026-11-26'), closed: true, why: 'cyclone' });
    expect(dayOf(date, other)).toEqual(dayOf(date));
  });
});
