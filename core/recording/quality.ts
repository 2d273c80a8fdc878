// Marks the flaws of each row, from the row itself, its symbol's earlier rows and the calendar, and summarises them per symbol.
// Drops no rows. `startQuality` keeps one state per symbol: two runs of equal rows in the current continuous phase (the book
// alone, and all fields) decide about `stale` and `frozen`; the other marks need only the current row. A symbol's day is
// red if a mark has more rows than its limit in `RED_ABOVE_PERCENT`. `closeWithin` limits the difference between the
// broker's previous close and the last recorded price: a larger one indicates a bonus, a split, or another contract.
import { type Phase, phaseAt, type SessionPlan } from '../market/phases.ts';
import { isIndex } from '../market/symbol-plan.ts';
import { instant, type Instant, istInstant, MINUTE } from '../time.ts';
import {
  ASKS,
  bestOf,
  BIDS,
  hasGap,
  isMonotone,
  numberAt,
  type Observed,
  symbolOf,
} from './observed.ts';
import { cellIndex, type Column, COLUMNS, isStream } from './columns.ts';

const TIMESTAMP = cellIndex('timestamp');
const RECEIVED_AT = cellIndex('received_at');
const FEED = cellIndex('feed');
const LAST_PRICE = cellIndex('ltp');
const VOLUME = cellIndex('volume');
const LAST_TRADE_AT = cellIndex('last_trade_at');
const PREVIOUS_CLOSE = cellIndex('previous_close');
const LOWER_CIRCUIT = cellIndex('lower_circuit');
const UPPER_CIRCUIT = cellIndex('upper_circuit');
const LEVEL_PRICES = [...BIDS.prices, ...ASKS.prices];
/** Levels and totals. */
const BOOK = indexesOf('book');
/** A trade changes at least one of these. */
const TRADE = [LAST_PRICE, LAST_TRADE_AT, cellIndex('last_trade_qty'), VOLUME];
/** The broker's other fields, without those that the recorder itself writes. */
const OTHERS = indexesOf('market');

/** Minimum duration and number of equal rows before a state is stale or frozen. */
const STALE_AFTER_MS = MINUTE;
const FROZEN_AFTER_MS = 5 * MINUTE;
const MIN_RUN_ROWS = 3;
/** A stream sends changes only, so an old book may belong to a quiet symbol; it is marked, not left out. */
const AGED_AFTER_MS = MINUTE;

export interface QualityFacts {
  /** From the current calendar. The symbols of one day may have different phases. */
  readonly sessionOf: (symbol: string) => SessionPlan;
  /** The planned recording hours of all symbols; null if the market was closed, so that no row is expected. */
  readonly planned: Pick<SessionPlan, 'opensAt' | 'closesAt'> | null;
  /** Rupees; null if unknown, which disables the check. */
  readonly tickOf: (symbol: string) => number | null;
  /** The last price of the last recorded day in rupees; null if unknown, which disables the check. */
  readonly lastCloseOf: (symbol: string) => number | null;
  /** When the stream of a symbol began again, oldest first: `resyncsIn`. */
  readonly resyncsOf: (symbol: string) => readonly Instant[];
  /** Allowed difference between it and the broker's previous close in rupees: `closeWithin`. */
  readonly closeWithinOf: (symbol: string) => number;
}

interface Judgement {
  /** The phase of the receive time; null outside of every phase. */
  readonly phase: Phase | null;
  /** In the order of {@link MARKS}. */
  readonly marks: readonly Mark[];
  /** The column's text: names joined by a space, or null if there are no marks. */
  readonly text: string | null;
}

interface SymbolQuality {
  readonly symbol: string;
  readonly rows: number;
  readonly continuousRows: number;
  readonly marks: Readonly<Partial<Record<Mark, number>>>;
  /** Percent of the continuous rows, to a tenth; null without such rows. */
  readonly frozenPercent: number | null;
  /** Marks with more rows than allowed: check them before you use this symbol's day. */
  readonly red: readonly Mark[];
  /**
   * The first continuous row's previous close differs too much from the last recorded price, for example after a bonus or a
   * split.
   */
  readonly previousCloseDiffers: boolean;
}

export interface QualitySummary {
  /** True if any symbol is red. */
  readonly red: boolean;
  readonly marks: Readonly<Partial<Record<Mark, number>>>;
  /** In the order of their first rows. */
  readonly symbols: readonly SymbolQuality[];
}

/** Takes a day's rows one by one, in the order in which they were written. Keeps the state of one row per symbol. */
export interface Quality {
  /** A row with only the reference's 25 values is accepted. */
  judge(row: Observed): Judgement;
  summary(): QualitySummary;
}

export function startQuality(facts: QualityFacts): Quality {
  const symbols = new Map<string, SymbolState>();
  return {
    judge(row) {
      const symbol = symbolOf(row);
      let state = symbols.get(symbol);
      if (state === undefined) {
        state = newSymbolState(symbol, facts);
        symbols.set(symbol, state);
      }
      return judge(state, row);
    },
    summary() {
      const all = [...symbols.values()].map(summaryOf);
      const marks = MARKS.map((mark) => ({
        mark,
        rows: all.reduce((sum, each) => sum + (each.marks[mark] ?? 0), 0),
      }));
      return { red: all.some(({ red }) => red.length > 0), marks: countMarks(marks), symbols: all };
    },
  };
}

/** State of one symbol. `book` and `all` are the runs of equal rows in the current continuous phase. */
interface SymbolState {
  readonly symbol: string;
  readonly session: SessionPlan;
  readonly planned: QualityFacts['planned'];
  readonly hasBook: boolean;
  readonly dayBegins: Instant;
  /** NaN disables the check. */
  readonly tick: number;
  readonly lastClose: number | null;
  readonly closeWithin: number;
  readonly resyncs: readonly Instant[];
  /** The number of `resyncs` before the last row. */
  resynced: number;
  readonly counts: Map<Mark, number>;
  rows: number;
  /** Rows outside of the session and of the planned hours. */
  unplanned: number;
  continuousRows: number;
  /** From the first continuous row; NaN without such a row. */
  previousClose: number;
  phase: Phase | null;
  /** The numbers of the last continuous row, valid if `follows`; otherwise the next row begins a phase. */
  readonly last: Float64Array;
  follows: boolean;
  /** The trade fields of the first row of the current `book` run. */
  readonly trade: Float64Array;
  readonly book: Run;
  readonly all: Run;
}

/** Consecutive equal rows. */
interface Run {
  since: number;
  rows: number;
}

function newSymbolState(symbol: string, facts: QualityFacts): SymbolState {
  const session = facts.sessionOf(symbol);
  return {
    symbol,
    session,
    planned: facts.planned,
    hasBook: !isIndex(symbol),
    dayBegins: istInstant(session.date, '00:00'),
    tick: isIndex(symbol) ? NaN : (facts.tickOf(symbol) ?? NaN),
    lastClose: facts.lastCloseOf(symbol),
    closeWithin: facts.closeWithinOf(symbol),
    resyncs: facts.resyncsOf(symbol),
    resynced: 0,
    counts: new Map(),
    rows: 0,
    unplanned: 0,
    continuousRows: 0,
    previousClose: NaN,
    phase: null,
    last: new Float64Array(COLUMNS.length),
    follows: false,
    trade: new Float64Array(COLUMNS.length),
    book: { since: 0, rows: 0 },
    all: { since: 0, rows: 0 },
  };
}

function judge(state: SymbolState, row: Observed): Judgement {
  const at = instant(numberAt(row, TIMESTAMP));
  const { phase: before } = state;
  const same = before !== null && before.from <= at && at < before.to;
  const phase = same ? before : phaseAt(state.session, at);
  if (!same) state.follows = false;
  state.phase = phase;
  const continuous = phase?.name === 'CONTINUOUS';
  const flaws: Mark[] = [];
  if (continuous) findContinuousFlaws(flaws, state, row, at);
  findBookFlaws(flaws, state, row, continuous);
  if (phase === null) flaws.push('outside-session');
  if (isStream(row.texts[FEED] ?? null)) findAge(flaws, state, row, at);
  state.rows += 1;
  if (phase === null && !isPlanned(state, at)) state.unplanned += 1;
  if (continuous) {
    if (state.continuousRows === 0) state.previousClose = numberAt(row, PREVIOUS_CLOSE);
    state.continuousRows += 1;
  }
  if (flaws.length === 0) return { phase, marks: flaws, text: null };
  for (const mark of flaws) state.counts.set(mark, (state.counts.get(mark) ?? 0) + 1);
  const marks = MARKS.filter((mark) => flaws.includes(mark));
  return { phase, marks, text: marks.join(' ') };
}

/** A future's day is shorter than the grid. Its later rows are marked, but do not count towards red. */
function isPlanned({ planned }: SymbolState, at: Instant): boolean {
  return planned !== null && planned.opensAt <= at && at < planned.closesAt;
}

/** Judges continuous trading only: an auction's book crosses by design, and after the close nothing has to change. */
function findContinuousFlaws(flaws: Mark[], state: SymbolState, row: Observed, at: Instant): void {
  const [bid, ask] = [bestOf(row, BIDS), bestOf(row, ASKS)];
  if (bid >= ask) flaws.push(bid > ask ? 'crossed' : 'locked');
  updateRuns(state, row, at);
  const { book, all, trade, hasBook } = state;
  const bookStands = hasBook && hasLasted(book, at, STALE_AFTER_MS);
  if (bookStands && !isAlike(trade, row.numbers, TRADE)) flaws.push('stale');
  else if (isOfEarlierDay(state, row)) flaws.push('stale');
  if (hasLasted(all, at, FROZEN_AFTER_MS)) flaws.push('frozen');
}

function findBookFlaws(
  flaws: Mark[],
  { tick, dayBegins }: SymbolState,
  row: Observed,
  continuous: boolean,
): void {
  if (!isMonotone(row, BIDS) || !isMonotone(row, ASKS)) flaws.push('non-monotone');
  if (hasGap(row, BIDS, continuous) || hasGap(row, ASKS, continuous)) flaws.push('zero-inside');
  const [lower, upper] = [numberAt(row, LOWER_CIRCUIT), numberAt(row, UPPER_CIRCUIT)];
  let [outside, offTick] = [false, false];
  const checkPrice = (price: number): void => {
    outside ||= price < lower || price > upper;
    offTick ||= !isOnTick(price, tick);
  };
  for (const index of LEVEL_PRICES) {
    const price = numberAt(row, index);
    if (price > 0) checkPrice(price);
  }
  // The last price may be from an earlier day, with other limits and another tick.
  if (numberAt(row, LAST_TRADE_AT) >= dayBegins) checkPrice(numberAt(row, LAST_PRICE));
  if (outside) flaws.push('outside-circuit');
  if (offTick) flaws.push('off-tick');
}

/** Tolerates rounding, as binary fractions only approximate decimal prices. True if the price or the tick is missing. */
function isOnTick(price: number, tick: number): boolean {
  const ticks = price / tick;
  return !(Math.abs(ticks - Math.round(ticks)) >= 1e-9 * Math.max(1, ticks));
}

/**
 * Marks rows of a stream by the age of their book. Such a row has the last book before its slot, and the slot as
 * timestamp.
 */
function findAge(flaws: Mark[], state: SymbolState, row: Observed, at: Instant): void {
  const { phase, resyncs } = state;
  const receivedAt = numberAt(row, RECEIVED_AT);
  if (phase !== null && receivedAt < phase.from) flaws.push('carried');
  if (phase?.name === 'CONTINUOUS' && at - receivedAt > AGED_AFTER_MS) flaws.push('aged');
  const before = state.resynced;
  while ((resyncs[state.resynced] ?? Infinity) <= at) state.resynced += 1;
  if (state.resynced > before) flaws.push('resynced');
}

function updateRuns(state: SymbolState, row: Observed, at: Instant): void {
  const { last, follows, trade, book, all } = state;
  const bookStands = follows && isAlike(last, row.numbers, BOOK);
  if (!bookStands) trade.set(row.numbers);
  updateRun(book, bookStands, at);
  updateRun(all, bookStands && isAlike(last, row.numbers, OTHERS), at);
  last.set(row.numbers);
  state.follows = true;
}

function updateRun(run: Run, isUnchanged: boolean, at: Instant): void {
  if (!isUnchanged) run.since = at;
  run.rows = isUnchanged ? run.rows + 1 : 1;
}

function hasLasted({ rows, since }: Run, at: Instant, atLeast: number): boolean {
  return rows >= MIN_RUN_ROWS && at - since >= atLeast;
}

/** Values that are missing in both count as equal. */
function isAlike(a: Float64Array, b: Float64Array, indexes: readonly number[]): boolean {
  for (const index of indexes) if (!Object.is(a[index], b[index])) return false;
  return true;
}

/** A volume belongs to the day of the last trade. If that is an earlier day, the other fields may be of that day too. */
function isOfEarlierDay({ dayBegins }: SymbolState, row: Observed): boolean {
  return numberAt(row, LAST_TRADE_AT) < dayBegins && numberAt(row, VOLUME) > 0;
}

function summaryOf(state: SymbolState): SymbolQuality {
  const { symbol, rows, continuousRows, counts, lastClose, previousClose } = state;
  const share = (mark: Mark): number => {
    const of = CONTINUOUS_MARKS.has(mark) ? continuousRows : rows;
    const faulty = mark === 'outside-session' ? state.unplanned : (counts.get(mark) ?? 0);
    return of === 0 ? 0 : (100 * faulty) / of;
  };
  return {
    symbol,
    rows,
    continuousRows,
    marks: countMarks(MARKS.map((mark) => ({ mark, rows: counts.get(mark) ?? 0 }))),
    frozenPercent: continuousRows === 0 ? null : Math.round(10 * share('frozen')) / 10,
    red: MARKS.filter((mark) => share(mark) > RED_ABOVE_PERCENT[mark]),
    previousCloseDiffers:
      lastClose !== null && Math.abs(previousClose - lastClose) > state.closeWithin,
  };
}

function countMarks(all: readonly { readonly mark: Mark; readonly rows: number }[]) {
  const present: Partial<Record<Mark, number>> = {};
  for (const { mark, rows } of all) if (rows > 0) present[mark] = rows;
  return present;
}

function indexesOf(wanted: Column['group']): readonly number[] {
  return COLUMNS.flatMap(({ group }, index) => (group === wanted ? [index] : []));
}

/** The closed list of marks, in the order of a cell. */
export const MARKS = [
  'crossed',
  'locked',
  'non-monotone',
  'zero-inside',
  'stale',
  'frozen',
  'outside-circuit',
  'off-tick',
  'outside-session',
  'carried',
  'aged',
  'resynced',
] as const;

type Mark = (typeof MARKS)[number];

/** Marks whose share is computed over the continuous rows. */
const CONTINUOUS_MARKS: ReadonlySet<Mark> = new Set(['stale', 'frozen', 'aged']);

/**
 * A symbol's day is red above this percentage of its rows (stale, frozen and aged: of its continuous rows). 100: never
 * red, because the mark only states where a row comes from. Impossible values must be rare, because they occur only as
 * momentary glitches; an illiquid symbol may be frozen for half of the day. The limits are this project's judgement,
 * without a source, so the manifest and `fyers check` show the counts as well.
 */
export const RED_ABOVE_PERCENT: Readonly<Record<Mark, number>> = {
  crossed: 0.1,
  locked: 1,
  'non-monotone': 0.1,
  'zero-inside': 0.1,
  stale: 20,
  frozen: 50,
  'outside-circuit': 0.1,
  'off-tick': 1,
  'outside-session': 0.1,
  carried: 100,
  aged: 50,
  resynced: 100,
};

/** For docs/data.md. */
export const MARK_MEANINGS: Readonly<
  Record<Mark, { readonly judged: string; readonly means: string }>
> = {
  crossed: { judged: 'CONTINUOUS', means: 'the best bid is above the best ask' },
  locked: { judged: 'CONTINUOUS', means: 'the best bid equals the best ask' },
  'non-monotone': {
    judged: 'every phase',
    means: 'a level is not worse than the one before it on its side',
  },
  'zero-inside': {
    judged: 'every phase',
    means:
      'a level without price or quantity precedes one that has both; in an auction a quantity without a price means market orders and is not a flaw',
  },
  stale: {
    judged: 'CONTINUOUS',
    means:
      'levels and totals have been the same for a minute or more (and three rows), though a trade happened meanwhile; or the last trade is of an earlier day although the row has a volume',
  },
  frozen: {
    judged: 'CONTINUOUS',
    means:
      'no value, from the levels to the volume, has changed for five minutes or more (and three rows)',
  },
  'outside-circuit': {
    judged: 'every phase',
    means: "a level's price, or the last price if it is of the day, is outside the circuit limits",
  },
  'off-tick': {
    judged: 'every phase',
    means:
      "such a price is not a multiple of the symbol's tick, if the day's symbol master has one",
  },
  'outside-session': {
    judged: '–',
    means:
      'received in no phase of its symbol; counts towards red only outside of the planned recording hours of all symbols',
  },
  carried: {
    judged: 'every phase',
    means: 'the book of a stream was last updated before the phase began',
  },
  aged: {
    judged: 'CONTINUOUS',
    means:
      'the book of a stream was last updated more than a minute before, though its connection was sound',
  },
  resynced: {
    judged: 'every phase',
    means: 'the first row of a stream after a gap or a new connection',
  },
};

/**
 * Fraction of the last price. A close without an auction is the average of the last half hour's trades, of which the last
 * price is one. A difference of five percent requires a move of about ten percent in that half hour, which would be news; a
 * bonus of one share for ten moves a price by nine percent, and a split by half or more.
 */
const MAX_AVERAGE_DIFFERENCE = 0.05;
/** Rupees: the tick of most shares, used if the tick is unknown. */
const USUAL_TICK_RUPEES = 0.05;
/** Binary fractions only approximate decimal ones. */
const ROUNDING_RUPEES = 0.001;

const OPTION = /\d(?:CE|PE)$/;

interface LastClose {
  readonly symbol: string;
  /** Rupees: the last price of the session before. */
  readonly price: number;
  /** Rupees; null if unknown. */
  readonly tick: number | null;
  /** Whether an auction determined that session's close. */
  readonly byAuction: boolean;
}

/**
 * Allowed difference in rupees between the broker's previous close and the last price of the session before; infinite if any
 * difference is normal.
 *
 * After an auction trading continues at its price until the end, so the last price equals the close to a tick, and small
 * corporate actions are visible. For every other share, a future (its settlement price is such an average as well) and an
 * index (computed from closes), the average sets the limit. An option's premium may halve in its last half hour, and a
 * bonus gives the option another strike and so another name: no limit is possible.
 */
export function closeWithin({ symbol, price, tick, byAuction }: LastClose): number {
  if (OPTION.test(symbol)) return Infinity;
  return byAuction ? (tick ?? USUAL_TICK_RUPEES) + ROUNDING_RUPEES : price * MAX_AVERAGE_DIFFERENCE;
}
