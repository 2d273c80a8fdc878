// Which days trade and by which phases. A plan, not an observation: the exchange can halt, shift or skip a phase.
import {
  type Instant,
  type IstDate,
  addDays,
  istDate,
  istDateAt,
  istInstant,
  weekday,
} from '../time.ts';
import {
  CALENDAR,
  type Override,
  type PhaseTimes,
  type Rule,
  type SpecialSession,
  ownDayOn,
} from './calendar-data.ts';
import {
  CERTAINTIES,
  type Certainty,
  type Phase,
  type SessionPlan,
  type TradingDay,
} from './phases.ts';
import { ruleOn, specialTimes } from './special-session.ts';

/**
 * auction: shares that have derivatives, so close by auction since 3 Aug 2026 · plain: the other shares · derivative:
 * futures of the current month · option: options and later futures, which have no pre-open · expiring, expiring-option:
 * both kinds of an index on their last day.
 */
export type Eligibility = Rule['shares'][number];

export interface CalendarOptions {
  /** Default `auction`, which the reference's five symbols are. */
  readonly eligibility?: Eligibility;
  /** Days that the operator knows better; the first entry for a date wins, also over what we ship. */
  readonly overrides?: readonly Override[];
}

/**
 * Whether all holidays of a date's year are known: by this release, or because the operator states so. In other years
 * every weekday that is no known holiday counts as open, with certainty `provisional`: a day recorded for nothing costs
 * less than a session missed.
 */
export function hasWholeList(date: IstDate, { overrides = [] }: CalendarOptions): boolean {
  if (CALENDAR.coveredFrom <= date && date <= CALENDAR.coveredUntil) return true;
  const year = Number(date.slice(0, 4));
  return overrides.some((entry) => 'year' in entry && entry.year === year);
}

/** The last date of the years from the shipped ones on of which all holidays are known. */
export function coveredUntil(options: CalendarOptions): IstDate {
  let until = CALENDAR.coveredUntil;
  for (let next = addDays(until, 1); hasWholeList(next, options); next = addDays(until, 1)) {
    until = istDate(`${next.slice(0, 4)}-12-31`);
  }
  return until;
}

interface Holiday {
  readonly why: string;
  readonly certainty: Certainty;
}

const HOLIDAYS: ReadonlyMap<string, Holiday> = new Map(
  CALENDAR.holidays.flatMap(({ days, certainty = 'sourced' }) =>
    Object.entries(days).map(([date, why]) => [date, { why, certainty }] as const),
  ),
);
const SESSIONS: ReadonlyMap<string, SpecialSession> = new Map(
  CALENDAR.sessions.map((session) => [session.date, session]),
);

export function dayOf(date: IstDate, options: CalendarOptions = {}): TradingDay {
  const override = ownDayOn(date, options.overrides);
  if (override !== undefined && 'closed' in override) return closed(override.why);
  const special = override ?? SESSIONS.get(date);
  const eligibility = options.eligibility ?? 'auction';
  if (special !== undefined) return { kind: 'open', plan: specialPlan(special, eligibility) };
  const holiday = HOLIDAYS.get(date);
  if (holiday !== undefined) return closed(holiday.why, holiday.certainty);
  if (isWeekend(date)) return closed('weekend');
  return { kind: 'open', plan: regularPlan(date, eligibility, hasWholeList(date, options)) };
}

/** The known dates of a year on which the market is closed, weekends apart, with the reason. */
export function closuresIn(
  year: string,
  options: CalendarOptions,
): readonly (readonly [date: IstDate, why: string])[] {
  const own = (options.overrides ?? []).flatMap((entry) => ('closed' in entry ? [entry.date] : []));
  const dates = new Set([...HOLIDAYS.keys(), ...own].filter((date) => date.startsWith(year)));
  return [...dates].sort().flatMap((text) => {
    const date = istDate(text);
    const day = dayOf(date, options);
    return day.kind === 'closed' && !isWeekend(date) ? [[date, day.why] as const] : [];
  });
}

function isWeekend(date: IstDate): boolean {
  return [0, 6].includes(weekday(date));
}

/** The first session that closes after `after`: during a session that one, at its close the next. */
export function nextSession(after: Instant, options: CalendarOptions = {}): SessionPlan {
  for (let date = istDateAt(after); ; date = addDays(date, 1)) {
    const day = dayOf(date, options);
    if (day.kind === 'open' && day.plan.closesAt > after) return day.plan;
  }
}

/** What is worth knowing of a day beside its hours; empty for most. */
export function notesOn(date: IstDate): readonly string[] {
  return CALENDAR.notes.flatMap(({ note, source, days }) =>
    days.includes(date) ? [`${note} (${source})`] : [],
  );
}

function closed(why: string, certainty: Certainty = 'sourced'): TradingDay {
  return { kind: 'closed', why, ...(certainty === 'inferred' ? { certainty } : {}) };
}

function regularPlan(date: IstDate, eligibility: Eligibility, isListed: boolean): SessionPlan {
  const { times, source } = usualHours(date, eligibility);
  if (isListed) return planOf(date, 'regular', times, source);
  return planOf(
    date,
    'regular',
    times.map((phase) => ({ ...phase, certainty: 'provisional' })),
    `no list of holidays for ${date.slice(0, 4)} in this release; hours by ${source}`,
  );
}

function specialPlan(session: SpecialSession, eligibility: Eligibility): SessionPlan {
  const { date, name = 'special', source = 'operator' } = session;
  const { times, source: added } =
    session.phases === undefined
      ? { times: usualHours(date, eligibility).times, source: null }
      : specialTimes(date, session.phases, eligibility);
  // What is written of such a day is written of shares.
  const isShare = eligibility === 'auction' || eligibility === 'plain';
  const ofOthers = session.phases !== undefined && !isShare;
  const atBest = weakest([session.certainty ?? 'sourced', ofOthers ? 'inferred' : 'sourced']);
  const phases = times.map((phase) => ({
    ...phase,
    certainty: weakest([atBest, phase.certainty ?? 'sourced']),
  }));
  return planOf(date, name, phases, added === null ? source : `${source}; the close by ${added}`);
}

function usualHours(date: IstDate, eligibility: Eligibility) {
  const rules = (['preopen', 'trading'] as const).flatMap((part) =>
    ruleOn(date, part, eligibility),
  );
  return {
    times: rules.flatMap(({ phases }) => phases),
    source: rules.map(({ source }) => source).join('; '),
  };
}

function planOf(
  date: IstDate,
  name: SessionPlan['name'],
  times: readonly PhaseTimes[],
  source: string,
): SessionPlan {
  const phases = times.map((phase) => phaseOn(date, phase));
  const [first, last] = [phases[0], phases.at(-1)];
  if (first === undefined || last === undefined) throw new RangeError(`no phases on ${date}`);
  return {
    date,
    name,
    opensAt: first.from,
    closesAt: last.to,
    phases,
    certainty: weakest(phases.map(({ certainty }) => certainty)),
    source,
  };
}

export function phaseOn(date: IstDate, times: PhaseTimes): Phase {
  const { name, from, to, randomCloseFrom, certainty = 'sourced' } = times;
  return {
    name,
    from: istInstant(date, from),
    to: istInstant(date, to),
    certainty,
    ...(randomCloseFrom === undefined
      ? {}
      : { randomCloseFrom: istInstant(date, randomCloseFrom) }),
  };
}

/** What holds for all of them together. */
export function weakest(all: readonly Certainty[]): Certainty {
  return CERTAINTIES.findLast((certainty) => all.includes(certainty)) ?? 'sourced';
}
