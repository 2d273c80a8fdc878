// Which days trade and by which phases. A plan, not an observation: the exchange can halt, shift or skip a phase.
import { type Instant, type IstDate, addDays, istDateAt, istInstant, weekday } from '../time.ts';
import {
  CALENDAR,
  type Override,
  type PhaseTimes,
  type Rule,
  type SpecialSession,
} from './calendar-data.ts';
import {
  CERTAINTIES,
  type Certainty,
  type Phase,
  type SessionPlan,
  type TradingDay,
} from './phases.ts';

/**
 * auction: shares that have derivatives, so close by auction since 3 Aug 2026 · plain: the other shares · derivative:
 * futures and options · expiring: those of an index on their last day.
 */
export type Eligibility = Rule['shares'][number];

export interface CalendarOptions {
  /** Default `auction`, which the reference's five symbols are. */
  readonly eligibility?: Eligibility;
  /** Days that the operator knows better; the first entry for a date wins, also over what we ship. */
  readonly overrides?: readonly Override[];
}

/**
 * The last date of which the exchange's list of holidays is known. After it every weekday counts as open, with
 * certainty `provisional`: a day recorded for nothing costs less than a session missed.
 */
export const COVERED_UNTIL: IstDate = CALENDAR.coveredUntil;

const HOLIDAYS: ReadonlyMap<string, string> = new Map(
  CALENDAR.holidays.flatMap(({ days }) => Object.entries(days)),
);
const SESSIONS: ReadonlyMap<string, SpecialSession> = new Map(
  CALENDAR.sessions.map((session) => [session.date, session]),
);

export function dayOf(date: IstDate, options: CalendarOptions = {}): TradingDay {
  const override = options.overrides?.find((entry) => entry.date === date);
  if (override !== undefined && 'closed' in override) return closed(override.why);
  const special = override ?? SESSIONS.get(date);
  const eligibility = options.eligibility ?? 'auction';
  if (special !== undefined) return { kind: 'open', plan: specialPlan(special, eligibility) };
  const holiday = HOLIDAYS.get(date);
  if (holiday !== undefined) return closed(holiday);
  if ([0, 6].includes(weekday(date))) return closed('weekend');
  return { kind: 'open', plan: regularPlan(date, eligibility) };
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

function closed(why: string): TradingDay {
  return { kind: 'closed', why };
}

function regularPlan(date: IstDate, eligibility: Eligibility): SessionPlan {
  const { times, source } = usualHours(date, eligibility);
  if (CALENDAR.coveredFrom <= date && date <= CALENDAR.coveredUntil) {
    return planOf(date, 'regular', times, source);
  }
  return planOf(
    date,
    'regular',
    times.map((phase) => ({ ...phase, certainty: 'provisional' })),
    `no list of holidays for ${date.slice(0, 4)} in this release; hours by ${source}`,
  );
}

function specialPlan(session: SpecialSession, eligibility: Eligibility): SessionPlan {
  const { date, name = 'special', source = 'operator' } = session;
  const times = session.phases ?? usualHours(date, eligibility).times;
  // What is written of such a day is written of shares.
  const isShare = eligibility === 'auction' || eligibility === 'plain';
  const ofOthers = session.phases !== undefined && !isShare;
  const atBest = weakest([session.certainty ?? 'sourced', ofOthers ? 'inferred' : 'sourced']);
  const phases = times.map((phase) => ({
    ...phase,
    certainty: weakest([atBest, phase.certainty ?? 'sourced']),
  }));
  return planOf(date, name, phases, source);
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

/** The last rule that had begun, if any: derivatives had no pre-open at first. Dates before all rules have the first ones. */
function ruleOn(date: IstDate, part: Rule['part'], eligibility: Eligibility): readonly Rule[] {
  const on = date < CALENDAR.coveredFrom ? CALENDAR.coveredFrom : date;
  const rule = CALENDAR.rules.findLast(
    (each) => each.part === part && each.shares.includes(eligibility) && each.from <= on,
  );
  return rule === undefined ? [] : [rule];
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
