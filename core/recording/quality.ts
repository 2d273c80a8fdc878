// What is wrong with a row, as far as the row itself, its symbol's earlier rows and the calendar tell. Nothing is dropped.
import { type Phase, phaseAt, type SessionPlan } from '../market/phases.ts';
import { isIndex } from '../market/symbol-plan.ts';
import { instant, type Instant, istInstant, MINUTE } from '../time.ts';
import { ASKS, bestOf, BIDS, hasGap, isMonotone } from './book-cells.ts';
import { cellIndex, type Column, COLUMNS } from './columns.ts';
import { numberAt, type Observed, symbolOf } from './observed.ts';

const TIMESTAMP = cellIndex('timestamp');
const LAST_PRICE = cellIndex('ltp');
const VOLUME = cellIndex('volume');
const LAST_TRADE_AT = cellIndex('last_trade_at');
const PREVIOUS_CLOSE = cellIndex('previous_close');
const LOWER_CIRCUIT = cellIndex('lower_circuit');
const UPPER_CIRCUIT = cellIndex('upper_circuit');
const LEVEL_PRICES = [...BIDS.prices, ...ASKS.prices];
/** Levels and totals. */
const BOOK = indexesOf('book');
/** Any of these moves with a trade. */
const TRADE = [LAST_PRICE, LAST_TRADE_AT, cellIndex('last_trade_qty'), VOLUME];
/** Whatever the broker says of a symbol beside its book: what the recorder writes of itself is not. */
const OTHERS = indexesOf('market');

/** As long as a state must last, and as many rows as must show it, before it is stale or frozen. */
const STALE_AFTER = MINUTE;
const FROZEN_AFTER = 5 * MINUTE;
const ROWS_AT_LEAST = 3;

export interface QualityFacts {
  /** By today's knowledge of the calendar: shares, and contracts, of one day need not have the same phases. */
  readonly sessionOf: (symbol: string) => SessionPlan;
  /** Hours that were to be recorded of all symbols alike; null: the market was closed, and no row is as it should be. */
  readonly planned: Pick<SessionPlan, 'opensAt' | 'closesAt'> | null;
  /** Rupees; null is not judged. */
  readonly tickOf: (symbol: string) => number | null;
  /** Rupees: what the last recorded day ended with; null is not judged. */
  readonly lastCloseOf: (symbol: string) => number | null;
  /** Rupees by which the broker's previous close may differ from it: `closeWithin`. */
  readonly closeWithinOf: (symbol: string) => number;
}

interface Judgement {
  /** Of the receive time; null outside of every phase. */
  readonly phase: Phase | null;
  /** In the order of {@link MARKS}. */
  readonly marks: readonly Mark[];
  /** The same as the column holds it: names joined by a space, null without any. */
  readonly text: string | null;
}

interface SymbolQuality {
  readonly symbol: string;
  readonly rows: number;
  readonly continuousRows: number;
  readonly marks: Readonly<Partial<Record<Mark, number>>>;
  /** Percent of the continuous rows, to a tenth; null without such a row. */
  readonly frozenPercent: number | null;
  /** Marks of more rows than may have them: somebody should look before this symbol's day is used. */
  readonly red: readonly Mark[];
  /** Such as a bonus or a split: the first continuous row's previous close is too far from what the last recorded day ended with. */
  readonly previousCloseDiffers: boolean;
}

export interface QualitySummary {
  /** Any symbol is. */
  readonly red: boolean;
  readonly marks: Readonly<Partial<Record<Mark, number>>>;
  /** In the order of their first rows. */
  readonly symbols: readonly SymbolQuality[];
}

/** A day's rows in the order in which they were written, one by one. It has state, one row's worth a symbol. */
export interface Quality {
  /** The reference's 25 values without the others will do. */
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
        state = stateOf(symbol, facts);
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
      return { red: all.some(({ red }) => red.length > 0), marks: counted(marks), symbols: all };
    },
  };
}

/** What a symbol has shown so far. `run…` is of the current state in the current continuous phase. */
interface SymbolState {
  readonly symbol: string;
  readonly session: SessionPlan;
  readonly planned: QualityFacts['planned'];
  readonly hasBook: boolean;
  readonly dayBegins: Instant;
  /** NaN is not judged. */
  readonly tick: number;
  readonly lastClose: number | null;
  readonly closeWithin: number;
  readonly counts: Map<Mark, number>;
  rows: number;
  /** Outside of the session, and of the hours that were to be recorded. */
  unplanned: number;
  continuousRows: number;
  /** Of the first continuous row; NaN without one. */
  previousClose: number;
  phase: Phase | null;
  /** The numbers of the last continuous row, if `follows`: if not, the next one begins a phase. */
  readonly last: Float64Array;
  follows: boolean;
  /** What the book has been since its first row: that row's trade. */
  readonly trade: Float64Array;
  readonly book: Run;
  readonly all: Run;
}

/** Rows that show the same. */
interface Run {
  since: number;
  rows: number;
}

function stateOf(symbol: string, facts: QualityFacts): SymbolState {
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
  if (continuous) continuousFlaws(flaws, state, row, at);
  bookFlaws(flaws, state, row, continuous);
  if (phase === null) flaws.push('outside-session');
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

/** A future's day is shorter than the grid's: its rows after that are marked, and asking for them was no fault. */
function isPlanned({ planned }: SymbolState, at: Instant): boolean {
  return planned !== null && planned.opensAt <= at && at < planned.closesAt;
}

/** Only where orders match as they come: an auction's book crosses by design, and after the close nothing need move. */
function continuousFlaws(flaws: Mark[], state: SymbolState, row: Observed, at: Instant): void {
  const [bid, ask] = [bestOf(row, BIDS), bestOf(row, ASKS)];
  if (bid >= ask) flaws.push(bid > ask ? 'crossed' : 'locked');
  follow(state, row, at);
  const { book, all, trade, hasBook } = state;
  const bookStands = hasBook && lasts(book, at, STALE_AFTER);
  if (bookStands && !alike(trade, row.numbers, TRADE)) flaws.push('stale');
  else if (isOfAnEarlierDay(state, row)) flaws.push('stale');
  if (lasts(all, at, FROZEN_AFTER)) flaws.push('frozen');
}

function bookFlaws(
  flaws: Mark[],
  { tick, dayBegins }: SymbolState,
  row: Observed,
  continuous: boolean,
): void {
  if (!isMonotone(row, BIDS) || !isMonotone(row, ASKS)) flaws.push('non-monotone');
  if (hasGap(row, BIDS, continuous) || hasGap(row, ASKS, continuous)) flaws.push('zero-inside');
  const [lower, upper] = [numberAt(row, LOWER_CIRCUIT), numberAt(row, UPPER_CIRCUIT)];
  let [outside, offTick] = [false, false];
  const look = (price: number): void => {
    outside ||= price < lower || price > upper;
    offTick ||= !isOnTick(price, tick);
  };
  for (const index of LEVEL_PRICES) {
    const price = numberAt(row, index);
    if (price > 0) look(price);
  }
  // The last price may be an earlier day's, of other limits and another tick.
  if (numberAt(row, LAST_TRADE_AT) >= dayBegins) look(numberAt(row, LAST_PRICE));
  if (outside) flaws.push('outside-circuit');
  if (offTick) flaws.push('off-tick');
}

/** Prices are decimal fractions that binary ones only come near. Without a price, or a tick, there is nothing to say. */
function isOnTick(price: number, tick: number): boolean {
  const ticks = price / tick;
  return !(Math.abs(ticks - Math.round(ticks)) >= 1e-9 * Math.max(1, ticks));
}

function follow(state: SymbolState, row: Observed, at: Instant): void {
  const { last, follows, trade, book, all } = state;
  const bookStands = follows && alike(last, row.numbers, BOOK);
  if (!bookStands) trade.set(row.numbers);
  goOn(book, bookStands, at);
  goOn(all, bookStands && alike(last, row.numbers, OTHERS), at);
  last.set(row.numbers);
  state.follows = true;
}

function goOn(run: Run, stands: boolean, at: Instant): void {
  if (!stands) run.since = at;
  run.rows = stands ? run.rows + 1 : 1;
}

function lasts({ rows, since }: Run, at: Instant, atLeast: number): boolean {
  return rows >= ROWS_AT_LEAST && at - since >= atLeast;
}

/** What is missing in both is alike, too. */
function alike(a: Float64Array, b: Float64Array, indexes: readonly number[]): boolean {
  for (const index of indexes) if (!Object.is(a[index], b[index])) return false;
  return true;
}

/** A volume is the day's; beside a last trade of an earlier day it is that day's, and so may be the rest. */
function isOfAnEarlierDay({ dayBegins }: SymbolState, row: Observed): boolean {
  return numberAt(row, LAST_TRADE_AT) < dayBegins && numberAt(row, VOLUME) > 0;
}

function summaryOf(state: SymbolState): SymbolQuality {
  const { symbol, rows, continuousRows, counts, lastClose, previousClose } = state;
  const share = (mark: Mark): number => {
    const of = mark === 'frozen' || mark === 'stale' ? continuousRows : rows;
    const faulty = mark === 'outside-session' ? state.unplanned : (counts.get(mark) ?? 0);
    return of === 0 ? 0 : (100 * faulty) / of;
  };
  return {
    symbol,
    rows,
    continuousRows,
    marks: counted(MARKS.map((mark) => ({ mark, rows: counts.get(mark) ?? 0 }))),
    frozenPercent: continuousRows === 0 ? null : Math.round(10 * share('frozen')) / 10,
    red: MARKS.filter((mark) => share(mark) > RED_ABOVE_PERCENT[mark]),
    previousCloseDiffers:
      lastClose !== null && Math.abs(previousClose - lastClose) > state.closeWithin,
  };
}

function counted(all: readonly { readonly mark: Mark; readonly rows: number }[]) {
  const present: Partial<Record<Mark, number>> = {};
  for (const { mark, rows } of all) if (rows > 0) present[mark] = rows;
  return present;
}

function indexesOf(wanted: Column['group']): readonly number[] {
  return COLUMNS.flatMap(({ group }, index) => (group === wanted ? [index] : []));
}

// The closed list of what a row can be marked with, in the order in which a row's marks stand in its cell.

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
] as const;

type Mark = (typeof MARKS)[number];

/**
 * A symbol's day is red above it. Percent of the symbol's rows; of its continuous ones for stale and frozen. What
 * cannot be right may be the glitch of a moment and no more; what an illiquid symbol does by itself may be half of the day. The limits are this project's judgement, taken from no source: the counts stand beside them in
 * the manifest and in `fyers check`.
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
};

/** For the README's table. */
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
      'a level without price or quantity stands before one that has both; in an auction a quantity without a price is market orders and no flaw',
  },
  stale: {
    judged: 'CONTINUOUS',
    means:
      'levels and totals have been the same for a minute or more (and three rows), though a trade happened meanwhile; or the last trade is of an earlier day beside a volume',
  },
  frozen: {
    judged: 'CONTINUOUS',
    means:
      'nothing at all, from the levels to the volume, has changed for five minutes or more (and three rows)',
  },
  'outside-circuit': {
    judged: 'every phase',
    means: "a level's price, or the last price if it is of the day, is outside the circuit limits",
  },
  'off-tick': {
    judged: 'every phase',
    means: "such a price is no multiple of the symbol's tick, if the day's symbol master gave one",
  },
  'outside-session': {
    judged: '–',
    means:
      'received in no phase of its symbol; towards red only outside of the hours that were to be recorded of all symbols',
  },
};

// When a previous close of the broker's says that something happened to a symbol: a bonus, a split, or another contract.

/**
 * Of the last price. Where no auction finds it, a close is the average of the last half hour's trades, and the last price
 * is one of them. Five percent between the two take a run of some ten percent in that half hour, which is a news item of
 * its own; a bonus of one share for ten moves a price by nine, and a split by half or more.
 */
const AVERAGE_WITHIN = 0.05;
/** Rupees: that of most shares, where nobody told. */
const USUAL_TICK = 0.05;
/** Binary fractions only come near to decimal ones. */
const ROUNDING = 0.001;

const OPTION = /\d(?:CE|PE)$/;

interface LastClose {
  readonly symbol: string;
  /** Rupees: the last price of the session before. */
  readonly price: number;
  /** Rupees; null where nobody told. */
  readonly tick: number | null;
  /** Whether that session's close was found by auction. */
  readonly byAuction: boolean;
}

/**
 * Rupees by which the broker's previous close may differ from the last price of the session before; infinite: they may
 * differ by anything.
 *
 * What the auction finds is traded at until the end, so the last price is the close, to a tick, and smaller things show
 * too. Every other share, a future, whose settlement price is such an average as well, and an index, which is computed from
 * closes, differ by what the average does. An option's premium may halve in its last half hour, and a bonus gives the
 * option another strike and so another name: of it nothing can be told.
 */
export function closeWithin({ symbol, price, tick, byAuction }: LastClose): number {
  if (OPTION.test(symbol)) return Infinity;
  return byAuction ? (tick ?? USUAL_TICK) + ROUNDING : price * AVERAGE_WITHIN;
}
