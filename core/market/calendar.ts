// Decides which days trade and in which phases, from the calendar data, and reports years whose holidays are not all
// known. The result is a plan, not an observation: the exchange can halt, shift or skip a phase. Each kind of symbol
// (`Eligibility`) has its own phases. An announcement of a special session, such as muhurat or an exercise on a
// Saturday, covers only shares that close by auction, and often ends with continuous trading; this file derives the
// rest. From 7 December 2026 a rule defines what follows: the closing auction keeps its ten minutes, derivatives trade
// five minutes longer than it, and the post-close begins five minutes later and lasts ten.
import {
  addDays,
  type Instant,
  istDate,
  type IstDate,
  istDateAt,
  istInstant,
  weekday,
} from '../time.ts';
import {
  CALENDAR,
  type Override,
  overrideOn,
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
 * futures of the current month · option: options and later futures, which have no pre-open · expiring, expiring-option:
 * both kinds of an index on their last day.
 */
export type Eligibility = Rule['shares'][number];

export interface CalendarOverrides {
  /** The operator's corrections. The first entry for a date takes precedence, also over the built-in data. */
  readonly overrides?: readonly Override[];
}

export interface CalendarOptions extends CalendarOverrides {
  /** Default `auction`, as for the reference's five symbols. */
  readonly eligibility?: Eligibility;
}

/**
 * Whether all holidays of a date's year are known, from this release or by the operator's statement. In other years every
 * weekday that is not a known holiday counts as open, with certainty `provisional`: recording a closed day costs less than
 * missing a session.
 */
export function hasWholeList(date: IstDate, { overrides = [] }: CalendarOptions): boolean {
  if (CALENDAR.coveredFrom <= date && date <= CALENDAR.coveredUntil) return true;
  const year = Number(date.slice(0, 4));
  return overrides.some((entry) => 'year' in entry && entry.year === year);
}

/** The last date of the continuous range of complete years that starts with the built-in ones. */
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
  const override = overrideOn(date, options.overrides);
  if (override !== undefined && 'closed' in override) return closedDay(override.why);
  const special = override ?? SESSIONS.get(date);
  const eligibility = options.eligibility ?? 'auction';
  if (special !== undefined) return { kind: 'open', plan: specialPlan(special, eligibility) };
  const holiday = HOLIDAYS.get(date);
  if (holiday !== undefined) return closedDay(holiday.why, holiday.certainty);
  if (isWeekend(date)) return closedDay('weekend');
  return { kind: 'open', plan: regularPlan(date, eligibility, hasWholeList(date, options)) };
}

/** The known closed dates of a year, without weekends, with the reason. */
function closuresIn(
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

/** The first session that closes after `after`: the current session until its close, then the next one. */
export function nextSession(after: Instant, options: CalendarOptions = {}): SessionPlan {
  for (let date = istDateAt(after); ; date = addDays(date, 1)) {
    const day = dayOf(date, options);
    if (day.kind === 'open' && day.plan.closesAt > after) return day.plan;
  }
}

/** Notes about a day; empty for most days. */
export function notesOn(date: IstDate): readonly string[] {
  return CALENDAR.notes.flatMap(({ note, source, days }) =>
    days.includes(date) ? [`${note} (${source})`] : [],
  );
}

function closedDay(why: string, certainty: Certainty = 'sourced'): TradingDay {
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
  // The exchange announces such a day for shares only, so the plans of all other symbols are inferred.
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

/** The weakest of several certainties. */
export function weakest(all: readonly Certainty[]): Certainty {
  return CERTAINTIES.findLast((certainty) => all.includes(certainty)) ?? 'sourced';
}

type Shares = Rule['shares'][number];

/**
 * The latest rule in force, if any: derivatives had no pre-open at first. For dates before all rules, the first rules apply.
 */
function ruleOn(date: IstDate, part: Rule['part'], shares: Shares): readonly Rule[] {
  const on = date < CALENDAR.coveredFrom ? CALENDAR.coveredFrom : date;
  const rule = CALENDAR.rules.findLast(
    (each) => each.part === part && each.shares.includes(shares) && each.from <= on,
  );
  return rule === undefined ? [] : [rule];
}

/**
 * @param written phases as the exchange announces them, for shares that close by auction
 * @returns the phases, and the source of the added ones
 */
function specialTimes(
  date: IstDate,
  written: readonly PhaseTimes[],
  shares: Shares,
): { readonly times: readonly PhaseTimes[]; readonly source: string | null } {
  const times = timesOf(date, written, shares);
  const isLonger = (times.at(-1)?.to ?? '') > (written.at(-1)?.to ?? '');
  return { times, source: isLonger ? (closingOn(date, shares)?.source ?? null) : null };
}

function timesOf(
  date: IstDate,
  written: readonly PhaseTimes[],
  shares: Shares,
): readonly PhaseTimes[] {
  const last = written.findLastIndex(isContinuous);
  // A session without continuous trading has only the announced phases.
  if (last === -1) return written;
  const [trading, after] = [written.slice(0, last + 1), written.slice(last + 1)];
  const follows = addClosing(trading, closingOn(date, shares)?.phases ?? []);
  if (shares === 'auction') return after.length > 0 ? written : follows;
  if (shares === 'plain') {
    return after.length > 0 ? [...trading, ...mergeAuction(after)] : follows;
  }
  const tail = after.length > 0 && after.every(({ name }) => name === 'UNKNOWN') ? after : null;
  const own = tail === null ? follows : [...trading, ...tail];
  const hasPreopen = ruleOn(date, 'preopen', shares).length > 0;
  return hasPreopen
    ? own.filter(({ name }) => name !== 'BLOCK_DEAL')
    : own.slice(own.findIndex(isContinuous));
}

function isContinuous({ name }: PhaseTimes): boolean {
  return name === 'CONTINUOUS';
}

function closingOn(date: IstDate, shares: Shares) {
  return CALENDAR.closings.findLast((each) => each.from <= date && each.shares.includes(shares));
}

/** Adds the closing phases, unless they would end after midnight. */
function addClosing(
  trading: readonly PhaseTimes[],
  closing: (typeof CALENDAR.closings)[number]['phases'],
): readonly PhaseTimes[] {
  const all = [...trading];
  for (const { name, minutes, randomCloseAfter, certainty } of closing) {
    const before = all.at(-1);
    const from = before?.to ?? '';
    const to = clockAfter(from, minutes);
    if (before === undefined || to === null) return trading;
    if (before.name === name) {
      all[all.length - 1] = { ...before, to };
      continue;
    }
    const random = randomCloseAfter === undefined ? null : clockAfter(from, randomCloseAfter);
    all.push({
      name,
      from,
      to,
      ...(random === null ? {} : { randomCloseFrom: random }),
      ...(certainty === undefined ? {} : { certainty }),
    });
  }
  return all;
}

/** Returns null if the result is past midnight. */
function clockAfter(time: string, minutes: number): string | null {
  const [hour = 0, minute = 0] = time.split(':').map(Number);
  const total = hour * 60 + minute + minutes;
  const text = (value: number) => String(value).padStart(2, '0');
  return total < 24 * 60 ? `${text(Math.floor(total / 60))}:${text(total % 60)}` : null;
}

/** Merges the auction's phases into one, for shares whose closing price is an average. */
function mergeAuction(after: readonly PhaseTimes[]): readonly PhaseTimes[] {
  if (!after.some(isAuctionPhase)) return after;
  const last = after.findLastIndex((each) => isAuctionPhase(each) || each.name === 'TRANSITION');
  const [first, end] = [after.findIndex(isAuctionPhase), after[last]];
  const from = after[first]?.from;
  if (from === undefined || end === undefined) return after;
  const calculation = { name: 'CLOSE_CALC', from, to: end.to, certainty: 'inferred' } as const;
  return [...after.slice(0, first), calculation, ...after.slice(last + 1)];
}

function isAuctionPhase({ name }: PhaseTimes): boolean {
  return name.startsWith('CAS_');
}

/** Enough time to install a release, or to enter next year's holidays, which the exchange publishes in mid-December. */
const NOTICE_DAYS = 30;

export interface CalendarNotice {
  /** Part of a sentence. */
  readonly problem: string;
  readonly nextStep: string;
}

/**
 * Returns null if the list covers the next {@link NOTICE_DAYS} days. Own days alone do not end the notice, because a few of
 * them are not a complete list: the operator must state that a year is complete.
 */
export function calendarNotice(today: IstDate, options: CalendarOptions): CalendarNotice | null {
  if (!hasWholeList(today, options)) return yearNotice([today], options);
  const ahead = addDays(today, NOTICE_DAYS);
  if (hasWholeList(ahead, options)) return null;
  const year = ahead.slice(0, 4);
  return {
    problem: `holidays are known until ${coveredUntil(options)}; after it every weekday counts as a trading day, marked provisional${exceptFor(year, options)}`,
    nextStep: nextStepFor(year),
  };
}

/** Notice for the years of some dates, such as those of a command; null if all these years are complete. */
export function yearNotice(
  dates: readonly IstDate[],
  options: CalendarOptions,
): CalendarNotice | null {
  const missing = dates.filter((date) => !hasWholeList(date, options));
  const [year, ...others] = new Set(missing.map((date) => date.slice(0, 4)));
  if (year === undefined) return null;
  return {
    problem: `holidays of ${[year, ...others].join(' and ')} are not all known, so every weekday counts as a trading day, marked provisional${exceptFor(year, options)}`,
    nextStep: nextStepFor(year),
  };
}

/** If there are more, the text gives only their number. */
const MAX_NAMED_CLOSURES = 4;

function exceptFor(year: string, options: CalendarOptions): string {
  const known = closuresIn(year, options);
  if (known.length === 0) return '';
  return known.length > MAX_NAMED_CLOSURES
    ? `, except ${String(known.length)} known holidays of ${year}`
    : `, except ${known.map(([date, why]) => `${date} (${why})`).join(', ')}`;
}

const SHOWS_HOW = '(`./fyers calendar --help` shows how)';

function nextStepFor(year: string): string {
  const complete = `{"year": ${String(Number(year))}, "complete": true}`;
  return year < CALENDAR.coveredFrom
    ? `Check the date against the exchange's own list. To complete the year, write all its holidays into calendar.json, then ${complete} ${SHOWS_HOW}.`
    : `Install a newer release of this project, or write all of the exchange's holidays into calendar.json and ${complete} ${SHOWS_HOW}; then run \`pulumi up\`.`;
}
