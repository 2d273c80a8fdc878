// Computes the session plan of one symbol. A share that closes by auction, a share that does not, and a future have different
// plans on the same day.
import { type Instant, type IstDate, addDays, istDate, istDateAt, weekday } from '../time.ts';
import { CALENDAR } from './calendar-data.ts';
import { type CalendarOverrides, type Eligibility, dayOf, phaseOn, weakest } from './calendar.ts';
import { type Certainty, type Phase, type SessionPlan, phaseAt } from './phases.ts';

/** A symbol's facts from the broker's symbol master; null if unknown. */
export interface SymbolIdentity {
  readonly auction: boolean | null;
  /** Expiry of a contract; absent if unknown. */
  readonly expiresOn?: IstDate | undefined;
}

interface SymbolEligibility {
  readonly eligibility: Eligibility;
  /**
   * The alternative if `eligibility` is an assumption: phases that both plans have keep their certainty. unknown: no
   * source has the hours of such a symbol · null: no assumption, because the symbol master or the symbol's form
   * determines it.
   */
  readonly or: Eligibility | 'unknown' | null;
}

/** Futures and options of Fyers: `NSE:NIFTY26AUGFUT`, `NSE:NIFTY2681124500CE`. */
const DERIVATIVE = /(?:\d(?:FUT|CE|PE)|[A-Z]{3}FUT)$/;
const MONTHLY_FUTURE = /(\d\d)([A-Z]{3})FUT$/;
const MONTHS = 'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'.split(' ');
const [TUESDAY, THURSDAY] = [2, 4];
/** Contracts of an index: no share that has derivatives has such a name. */
const INDEX_CONTRACT = /^(?:NSE:[A-Z]*NIFTY|BSE:(?:SENSEX|BANKEX))/;
/** The series of ordinary shares; shares of every other series, such as `-BE`, have no derivatives. */
const ORDINARY_SHARE = /-EQ$|^BSE:/;

/**
 * Returns which of the day's plans a symbol follows. An ordinary share without known facts is assumed to close by
 * auction, as every share with derivatives does, because mostly such shares are recorded. An index is assumed to close
 * with its derivatives.
 */
function eligibilityOf(
  symbol: string,
  identity: SymbolIdentity | null,
  date: IstDate,
  options: CalendarOverrides,
): SymbolEligibility {
  if (isIndex(symbol)) return { eligibility: 'derivative', or: 'unknown' };
  if (isContract(symbol)) return contractOn(date, symbol, identity?.expiresOn, options);
  const auction = identity?.auction ?? null;
  if (auction !== null) return { eligibility: auction ? 'auction' : 'plain', or: null };
  return ORDINARY_SHARE.test(symbol)
    ? { eligibility: 'auction', or: 'plain' }
    : { eligibility: 'plain', or: 'auction' };
}

/** Contracts of an index have special hours on their last day; only futures of the current month have a pre-open. */
function contractOn(
  date: IstDate,
  symbol: string,
  expiresOn: IstDate | undefined,
  options: CalendarOverrides,
): SymbolEligibility {
  const [usual, lastDay] = hasPreopen(date, symbol, expiresOn, options)
    ? (['derivative', 'expiring'] as const)
    : (['option', 'expiring-option'] as const);
  if (!INDEX_CONTRACT.test(symbol)) return { eligibility: usual, or: null };
  if (expiresOn === undefined) return { eligibility: usual, or: lastDay };
  return { eligibility: expiresOn === date ? lastDay : usual, or: null };
}

function hasPreopen(
  date: IstDate,
  symbol: string,
  expiresOn: IstDate | undefined,
  options: CalendarOverrides,
): boolean {
  const [, year = '', name = ''] = MONTHLY_FUTURE.exec(symbol) ?? [];
  if (!symbol.endsWith('FUT')) return false;
  const number = String(MONTHS.indexOf(name) + 1).padStart(2, '0');
  const month = expiresOn?.slice(0, 7) ?? `20${year}-${number}`;
  return month === currentMonth(date, symbol.startsWith('BSE:') ? THURSDAY : TUESDAY, options);
}

/**
 * The month of the futures that expire next. Monthly contracts end on the last Tuesday at NSE and on the last Thursday at BSE
 * (since September 2025, which is before the pre-open was introduced), or on the day before if that is a holiday.
 */
function currentMonth(date: IstDate, lastWeekday: number, options: CalendarOverrides): string {
  const month = date.slice(0, 7);
  const nextMonth = addDays(istDate(`${month}-01`), 31).slice(0, 7);
  let expiry = addDays(istDate(`${nextMonth}-01`), -1);
  while (weekday(expiry) !== lastWeekday) expiry = addDays(expiry, -1);
  while (dayOf(expiry, options).kind === 'closed') expiry = addDays(expiry, -1);
  return date <= expiry ? month : nextMonth;
}

export function isContract(symbol: string): boolean {
  return DERIVATIVE.test(symbol);
}

/** An index is computed and not traded: it has no orders, and its price has no tick. */
export function isIndex(symbol: string): boolean {
  return symbol.endsWith('-INDEX');
}

/** Returns null on a closed day. Phases that depend on an assumed eligibility are at best inferred. */
export function symbolPlan(
  date: IstDate,
  symbol: string,
  identity: SymbolIdentity | null,
  options: CalendarOverrides = {},
): SessionPlan | null {
  const { eligibility, or } = eligibilityOf(symbol, identity, date, options);
  const day = dayOf(date, { ...options, eligibility });
  if (day.kind === 'closed') return null;
  const plan = withOwnPreopen(day.plan, symbol);
  if (or === null) return plan;
  const other = or === 'unknown' ? null : dayOf(date, { ...options, eligibility: or });
  const phases = other?.kind === 'open' ? other.plan.phases : [];
  const certaintyInBoth = (phase: Phase): Certainty =>
    phases.find((each) => isSame(each, phase))?.certainty ?? 'inferred';
  return withPhases(
    plan,
    plan.phases.map((phase) => ({
      ...phase,
      certainty: weakest([phase.certainty, certaintyInBoth(phase)]),
    })),
  );
}

export type PhaseOfSymbol = (symbol: string, at: Instant) => Phase | null;

/**
 * Returns a function for the phase of a symbol at an instant; caches each plan, because a day has many rows.
 *
 * @param identities by symbol, from the day's event log; a missing symbol is classified by its form
 * @returns null outside of the symbol's own session
 */
export function phasesBySymbol(
  identities: ReadonlyMap<string, SymbolIdentity>,
  options: CalendarOverrides = {},
): PhaseOfSymbol {
  const plans = new Map<string, SessionPlan | null>();
  return (symbol, at) => {
    const date = istDateAt(at);
    const key = `${date} ${symbol}`;
    let plan = plans.get(key);
    if (plan === undefined) {
      plan = symbolPlan(date, symbol, identities.get(symbol) ?? null, options);
      plans.set(key, plan);
    }
    return plan === null ? null : phaseAt(plan, at);
  };
}

function isSame(a: Phase, b: Phase): boolean {
  return a.name === b.name && a.from === b.from && a.to === b.to;
}

/** Applies a share's own pre-open, which moves the start of its trading (as for TATAMOTORS on 14 Oct 2025). */
function withOwnPreopen(plan: SessionPlan, symbol: string): SessionPlan {
  const own = CALENDAR.preopens.find((each) => each.date === plan.date && each.symbol === symbol);
  if (own === undefined) return plan;
  const preopen = own.phases.map((phase) => phaseOn(plan.date, phase));
  const tradesFrom = preopen.at(-1)?.to ?? plan.opensAt;
  const rest = plan.phases
    .filter(({ to }) => to > tradesFrom)
    .map((phase) =>
      phase.from < tradesFrom
        ? { ...phase, from: tradesFrom, certainty: weakest([phase.certainty, 'inferred']) }
        : phase,
    );
  return { ...withPhases(plan, [...preopen, ...rest]), source: `${own.source}; ${plan.source}` };
}

function withPhases(plan: SessionPlan, phases: readonly Phase[]): SessionPlan {
  return {
    ...plan,
    opensAt: phases[0]?.from ?? plan.opensAt,
    closesAt: phases.at(-1)?.to ?? plan.closesAt,
    phases,
    certainty: weakest(phases.map(({ certainty }) => certainty)),
  };
}
