// Prints the trading days and their phases as the functions and the harvester use them (`./fyers calendar`).
import { type Command, Option } from 'commander';
import { CALENDAR, overrideOn } from '../../core/market/calendar-data.ts';
import {
  calendarNotice,
  yearNotice,
  type CalendarOptions,
  type Eligibility,
  dayOf,
  hasWholeList,
  notesOn,
} from '../../core/market/calendar.ts';
import type { SessionPlan, TradingDay } from '../../core/market/phases.ts';
import {
  isLikeDate,
  readDate,
  type IstDate,
  addDays,
  formatHhMm,
  istDateAt,
  parseIstDate,
  weekday,
  weekdayName,
} from '../../core/time.ts';
import { FyersError } from '../../core/errors.ts';
import type { Session } from '../shared/io.ts';
import { readOverrides } from '../shared/settings.ts';
import { type Cell, paint, table } from '../shared/terminal.ts';

interface CalendarFlags {
  readonly shares: Eligibility;
  readonly json?: true;
}

interface CalendarDay {
  readonly date: IstDate;
  readonly day: TradingDay;
  readonly notes: readonly string[];
  /** True if the day is from the operator's calendar.json or configuration. */
  readonly own: boolean;
  /** True if all holidays of the year are known. */
  readonly complete: boolean;
}

export function addCalendar(program: Command, session: Session): void {
  program
    .command('calendar')
    .description('Show the trading days of the market and their phases.')
    .argument('[when]', 'a year, a month as YYYY-MM, or a date (default: this month)')
    .addOption(
      new Option(
        '--shares <KIND>',
        'shares that close by auction, other shares, derivatives (futures of the month), or options',
      )
        .choices(['auction', 'plain', 'derivative', 'option'])
        .default('auction'),
    )
    .option('--json', 'for scripts')
    .option('--debug', 'show more detail when something fails')
    .addHelpText(
      'after',
      `
This program has the holidays of ${CALENDAR.coveredFrom} to ${CALENDAR.coveredUntil}, with their sources. In other years every weekday counts as a trading day,
marked provisional, except the holidays that are certain. Write later announcements of the exchange into calendar.json,
next to .env:

  [
    {"date": "2027-03-10", "closed": true, "why": "Id-Ul-Fitr"},
    {"date": "2027-02-07", "name": "special", "source": "NSE/CMTR/1",
     "phases": [{"name": "CONTINUOUS", "from": "11:30", "to": "12:30"}]},
    {"year": 2027, "complete": true, "source": "NSE/CMTR/2"}
  ]

It takes precedence over the built-in calendar: for every command here, and after the next \`pulumi up\` for the functions
and the harvester. The entry with "year" states that the calendar has all holidays of the year; without it a notice
reminds you. A date without phases has the usual hours. From 7 December 2026 a session whose phases end with CONTINUOUS
is followed by 30 minutes of closing auction and post-close; to change them, write those phases too.

Examples:
  $ ./fyers calendar
  $ ./fyers calendar 2026
  $ ./fyers calendar 2026-12-07 --shares derivative`,
    )
    .action((when: string | undefined, flags: CalendarFlags) => {
      calendar(session, when, flags);
    });
}

function calendar({ io }: Session, when: string | undefined, flags: CalendarFlags): void {
  const today = istDateAt(io.clock.now());
  const options: CalendarOptions = { ...readOverrides(io), eligibility: flags.shares };
  const dates = parseDates(when ?? today.slice(0, 7));
  const days = dates.map((date): CalendarDay => {
    const own = overrideOn(date, options.overrides) !== undefined;
    const complete = hasWholeList(date, options);
    return { date, day: dayOf(date, options), notes: notesOn(date), own, complete };
  });
  // The notice goes to standard error, so JSON on standard output stays valid.
  const notice = yearNotice(dates, options) ?? calendarNotice(today, options);
  const warn = (): void => {
    if (notice !== null) io.err(paint(io, 'bad', `The ${notice.problem}. ${notice.nextStep}`));
  };
  if (flags.json === true) {
    io.out(
      JSON.stringify(
        days.map(({ day, ...rest }) => ({ ...rest, ...day })),
        null,
        2,
      ),
    );
    warn();
    return;
  }
  const [only] = days;
  if (days.length === 1 && only !== undefined) for (const line of formatDay(io, only)) io.out(line);
  else {
    // For a year print only the exceptional days; for a month print all days except usual weekends.
    const shown =
      dates.length > 31 ? days.filter(isRemarkable) : days.filter((each) => !isUsualWeekend(each));
    for (const line of table(io, ['date', '', 'session', 'certainty', ''], shown.map(rowOf)))
      io.out(line);
    io.out(formatCount(days));
  }
  warn();
}

function formatCount(days: readonly CalendarDay[]): string {
  const open = days.filter(({ day }) => day.kind === 'open').length;
  return days.every(({ complete }) => complete)
    ? `${String(open)} trading days.`
    : `${String(open)} possible trading days: the list of holidays is not complete.`;
}

function parseDates(when: string): readonly IstDate[] {
  const date = parseIstDate(when);
  if (date !== null) return [date];
  const isMonth = /^\d{4}-\d\d$/.test(when);
  const first = parseIstDate(isMonth ? `${when}-01` : `${when}-01-01`);
  if (first === null || !/^\d{4}(-\d\d)?$/.test(when)) throw invalidDateError(when);
  const dates: IstDate[] = [];
  for (let each = first; each.startsWith(when); each = addDays(each, 1)) dates.push(each);
  return dates;
}

const isWeekend = ({ date }: CalendarDay): boolean => [0, 6].includes(weekday(date));

function isUsualWeekend(shown: CalendarDay): boolean {
  return isWeekend(shown) && shown.day.kind === 'closed' && shown.notes.length === 0 && !shown.own;
}

/** Closed weekdays, sessions on weekends, special hours, rule changes. */
function isRemarkable(shown: CalendarDay): boolean {
  const { day, date, notes, own } = shown;
  if (own || notes.length > 0 || CALENDAR.rules.some(({ from }) => from === date)) return true;
  if (day.kind === 'closed') return !isWeekend(shown);
  return isWeekend(shown) || day.plan.name !== 'regular';
}

function rowOf(shown: CalendarDay): readonly Cell[] {
  const { date, day, notes, own } = shown;
  const words = [...notes, ...(own ? ['your own'] : [])];
  const changed = CALENDAR.rules.filter(
    ({ from }) => from === date && date !== CALENDAR.coveredFrom,
  );
  if (changed.length > 0)
    words.push(`new hours: ${[...new Set(changed.map(({ source }) => source))].join(', ')}`);
  const name = { text: weekdayName(date), tone: 'quiet' as const };
  if (day.kind === 'closed') {
    return [
      { text: date },
      name,
      { text: 'closed', tone: 'quiet' },
      { text: day.certainty ?? '' },
      { text: [day.why, ...words].join('; ') },
    ];
  }
  const { plan } = day;
  const special = plan.name === 'regular' ? [] : [plan.name];
  return [
    { text: date },
    name,
    { text: formatHours(plan), tone: 'good' },
    { text: plan.certainty, ...(plan.certainty === 'provisional' ? { tone: 'bad' as const } : {}) },
    { text: [...special, ...words].join('; ') },
  ];
}

function formatDay(io: Session['io'], shown: CalendarDay): readonly string[] {
  const { date, day, notes, own } = shown;
  const head = paint(io, 'strong', `${date}, ${weekdayName(date)}`);
  const more = [...notes, ...(own ? ['This day is your own.'] : [])];
  if (day.kind === 'closed') {
    return [
      `${head}: closed, ${day.why}${day.certainty === undefined ? '' : ' (inferred)'}`,
      ...more,
    ];
  }
  const rows = day.plan.phases.map(({ name, from, to, certainty, randomCloseFrom }) => [
    { text: name },
    { text: formatHhMm(from) },
    { text: formatHhMm(to) },
    { text: certainty },
    {
      text:
        randomCloseFrom === undefined ? '' : `ends at random from ${formatHhMm(randomCloseFrom)}`,
    },
  ]);
  return [
    `${head}: ${day.plan.name}, ${formatHours(day.plan)} IST`,
    ...table(io, ['phase', 'from', 'to', 'certainty', ''], rows),
    paint(io, 'quiet', `Source: ${day.plan.source}`),
    ...more,
  ];
}

const formatHours = ({ opensAt, closesAt }: SessionPlan): string =>
  `${formatHhMm(opensAt)}–${formatHhMm(closesAt)}`;

function invalidDateError(when: string): FyersError {
  const given = readDate(when);
  const why = !given.ok && isLikeDate(when) ? `; ${given.problem}` : '';
  return new FyersError(
    'operator.usage',
    `"${when}" is not a year, a month or a date${why}${why.endsWith('?') ? '' : '.'}`,
    'Write it as 2026, 2026-12 or 2026-12-07: `./fyers calendar 2026-12`.',
  );
}
