// What is wrong with a row, as far as the row itself, its symbol's earlier rows and the calendar tell. Nothing is dropped.
import { type Phase, type SessionPlan, phaseAt } from '../market/phases.ts';
import { type Instant, MINUTE, instant, istInstant } from '../time.ts';
import { ASKS, BIDS, bestOf, hasGap, isMonotone } from './book-cells.ts';
import { COLUMNS, type Cell, cellIndex } from './columns.ts';
import { MARKS, type Mark, RED_ABOVE_PERCENT } from './marks.ts';

const SYMBOL = cellIndex('symbol');
const TIMESTAMP = cellIndex('timestamp');
const LAST_PRICE = cellIndex('ltp');
const VOLUME = cellIndex('volume');
const LAST_TRADE_AT = cellIndex('last_trade_at');
const PREVIOUS_CLOSE = cellIndex('previous_close');
const LOWER_CIRCUIT = cellIndex('lower_circuit');
const UPPER_CIRCUIT = cellIndex('upper_circuit');
const SIDES = [BIDS, ASKS];
const LEVEL_PRICES = SIDES.flatMap(({ prices }) => prices);
/** Levels and totals. */
const BOOK = indexesOf((name) => /^(?:bid|ask)_|^total_/.test(name));
/** Any of these moves with a trade. */
const TRADE = [LAST_PRICE, LAST_TRADE_AT, cellIndex('last_trade_qty'), VOLUME];
/** Whatever the broker says of a symbol: all but what the recorder writes of itself. */
const ALL = indexesOf(
  (name) => !/^(?:timestamp|symbol|slot|requested_at|received_at|feed|sequence)$/.test(name),
);

/** As long as a state must last, and as many rows as must show it, before it is stale or frozen. */
const STALE_AFTER = MINUTE;
const FROZEN_AFTER = 5 * MINUTE;
const ROWS_AT_LEAST = 3;

export interface QualityFacts {
  /** By today's knowledge of the calendar: shares, and contracts, of one day need not have the same phases. */
  readonly sessionOf: (symbol: string) => SessionPlan;
  /** Rupees; null is not judged. */
  readonly tickOf: (symbol: string) => number | null;
  /** Rupees: what the last recorded day ended with; null is not judged. */
  readonly lastCloseOf: (symbol: string) => number | null;
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
  /** Such as a bonus or a split: the first continuous row's previous close is not what the last recorded day ended with. */
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
  /** @param cells in the order of `COLUMNS`; the reference's 25 with null for the others will do. */
  judge(cells: readonly Cell[]): Judgement;
  summary(): QualitySummary;
}

export function startQuality(facts: QualityFacts): Quality {
  const symbols = new Map<string, SymbolState>();
  return {
    judge(cells) {
      const symbol = String(cells[SYMBOL]);
      let state = symbols.get(symbol);
      if (state === undefined) {
        state = stateOf(symbol, facts);
        symbols.set(symbol, state);
      }
      return judge(state, cells);
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
  readonly dayBegins: Instant;
  readonly tick: number | null;
  readonly lastClose: number | null;
  readonly counts: Map<Mark, number>;
  rows: number;
  continuousRows: number;
  previousClose: Cell;
  phase: Phase | null;
  /** The last continuous row; null where the next one begins a phase. */
  last: readonly Cell[] | null;
  book: Run;
  all: Run;
}

/** Rows that show the same, from `first` on. */
interface Run {
  readonly first: readonly Cell[];
  readonly since: number;
  rows: number;
}

function stateOf(symbol: string, facts: QualityFacts): SymbolState {
  const session = facts.sessionOf(symbol);
  const none = { first: [], since: 0, rows: 0 };
  return {
    symbol,
    session,
    dayBegins: istInstant(session.date, '00:00'),
    tick: facts.tickOf(symbol),
    lastClose: facts.lastCloseOf(symbol),
    counts: new Map(),
    rows: 0,
    continuousRows: 0,
    previousClose: null,
    phase: null,
    last: null,
    book: none,
    all: none,
  };
}

function judge(state: SymbolState, cells: readonly Cell[]): Judgement {
  const at = instant(Number(cells[TIMESTAMP]));
  const { phase: before } = state;
  const same = before !== null && before.from <= at && at < before.to;
  const phase = same ? before : phaseAt(state.session, at);
  if (!same) state.last = null;
  state.phase = phase;
  const continuous = phase?.name === 'CONTINUOUS';
  const flaws = [
    ...(continuous ? continuousFlaws(state, cells, at) : []),
    ...bookFlaws(state, cells, continuous),
    ...(phase === null ? (['outside-session'] as const) : []),
  ];
  state.rows += 1;
  if (continuous) {
    if (state.continuousRows === 0) state.previousClose = cells[PREVIOUS_CLOSE] ?? null;
    state.continuousRows += 1;
  }
  for (const mark of flaws) state.counts.set(mark, (state.counts.get(mark) ?? 0) + 1);
  if (flaws.length === 0) return { phase, marks: flaws, text: null };
  const marks = MARKS.filter((mark) => flaws.includes(mark));
  return { phase, marks, text: marks.join(' ') };
}

/** Only where orders match as they come: an auction's book crosses by design, and after the close nothing need move. */
function continuousFlaws(state: SymbolState, cells: readonly Cell[], at: Instant): Mark[] {
  const flaws: Mark[] = [];
  const [bid, ask] = [bestOf(cells, BIDS), bestOf(cells, ASKS)];
  if (bid !== null && ask !== null && bid >= ask) flaws.push(bid > ask ? 'crossed' : 'locked');
  follow(state, cells, at);
  const { book, all } = state;
  if (lasts(book, at, STALE_AFTER) && !alike(book.first, cells, TRADE)) flaws.push('stale');
  else if (isOfAnEarlierDay(state, cells)) flaws.push('stale');
  if (lasts(all, at, FROZEN_AFTER)) flaws.push('frozen');
  return flaws;
}

function bookFlaws(
  { tick, dayBegins }: SymbolState,
  cells: readonly Cell[],
  continuous: boolean,
): Mark[] {
  const flaws: Mark[] = [];
  if (SIDES.some((side) => !isMonotone(cells, side))) flaws.push('non-monotone');
  if (SIDES.some((side) => hasGap(cells, side, continuous))) flaws.push('zero-inside');
  const [lower, upper] = [cells[LOWER_CIRCUIT], cells[UPPER_CIRCUIT]];
  const outside = (price: number): boolean =>
    (typeof lower === 'number' && price < lower) || (typeof upper === 'number' && price > upper);
  // The last price may be an earlier day's, of other limits and another tick.
  const traded = Number(cells[LAST_TRADE_AT] ?? 0) >= dayBegins;
  const prices = pricesOf(cells, traded);
  if (prices.some(outside)) flaws.push('outside-circuit');
  if (tick !== null && prices.some((price) => !isOnTick(price, tick))) flaws.push('off-tick');
  return flaws;
}

function pricesOf(cells: readonly Cell[], withLast: boolean): readonly number[] {
  const prices: number[] = [];
  for (const index of LEVEL_PRICES) {
    const price = cells[index];
    if (typeof price === 'number' && price > 0) prices.push(price);
  }
  const last = withLast ? cells[LAST_PRICE] : null;
  if (typeof last === 'number') prices.push(last);
  return prices;
}

/** Prices are decimal fractions that binary ones only come near. */
function isOnTick(price: number, tick: number): boolean {
  const ticks = price / tick;
  return Math.abs(ticks - Math.round(ticks)) < 1e-6 * Math.max(1, ticks);
}

function follow(state: SymbolState, cells: readonly Cell[], at: Instant): void {
  const { last } = state;
  if (last !== null && alike(last, cells, BOOK)) state.book.rows += 1;
  else state.book = { first: cells, since: at, rows: 1 };
  if (last !== null && alike(last, cells, ALL)) state.all.rows += 1;
  else state.all = { first: cells, since: at, rows: 1 };
  state.last = cells;
}

function lasts({ rows, since }: Run, at: Instant, atLeast: number): boolean {
  return rows >= ROWS_AT_LEAST && at - since >= atLeast;
}

function alike(a: readonly Cell[], b: readonly Cell[], indexes: readonly number[]): boolean {
  for (const index of indexes) if (a[index] !== b[index]) return false;
  return true;
}

/** A volume is the day's; beside a last trade of an earlier day it is that day's, and so may be the rest. */
function isOfAnEarlierDay({ dayBegins }: SymbolState, cells: readonly Cell[]): boolean {
  const [tradedAt, volume] = [cells[LAST_TRADE_AT], cells[VOLUME]];
  return typeof tradedAt === 'number' && tradedAt < dayBegins && Number(volume ?? 0) > 0;
}

function summaryOf(state: SymbolState): SymbolQuality {
  const { symbol, rows, continuousRows, counts, lastClose, previousClose } = state;
  const share = (mark: Mark): number => {
    const of = mark === 'frozen' || mark === 'stale' ? continuousRows : rows;
    return of === 0 ? 0 : (100 * (counts.get(mark) ?? 0)) / of;
  };
  return {
    symbol,
    rows,
    continuousRows,
    marks: counted(MARKS.map((mark) => ({ mark, rows: counts.get(mark) ?? 0 }))),
    frozenPercent: continuousRows === 0 ? null : Math.round(10 * share('frozen')) / 10,
    red: MARKS.filter((mark) => share(mark) > RED_ABOVE_PERCENT[mark]),
    previousCloseDiffers:
      lastClose !== null &&
      typeof previousClose === 'number' &&
      Math.abs(previousClose - lastClose) > 0.001,
  };
}

function counted(all: readonly { readonly mark: Mark; readonly rows: number }[]) {
  const present: Partial<Record<Mark, number>> = {};
  for (const { mark, rows } of all) if (rows > 0) present[mark] = rows;
  return present;
}

function indexesOf(isOne: (name: string) => boolean): readonly number[] {
  return COLUMNS.flatMap(({ name }, index) => (isOne(name) ? [index] : []));
}
