// Generates a moving order book as a pure function of seed, symbol and instant. Prices are whole paise on the tick of
// 5 paise.
import { type Hours, hoursOn, openDayBefore } from './hours.ts';
import { SECOND, istMidnight } from './time.ts';

export interface SimulatedLevel {
  readonly pricePaise: number;
  readonly quantity: number;
  readonly orders: number;
}

/**
 * The last trade and the day's totals; before the first trade everything except the price is zero, as with the
 * broker.
 */
interface Trade {
  readonly lastPaise: number;
  readonly lastQuantity: number;
  readonly openPaise: number;
  readonly highPaise: number;
  readonly lowPaise: number;
  readonly volume: number;
  readonly turnoverPaise: number;
}

export interface SimulatedBook extends Trade {
  /** Best first, five per side. */
  readonly bids: readonly SimulatedLevel[];
  readonly asks: readonly SimulatedLevel[];
  readonly totalBuyQuantity: number;
  readonly totalSellQuantity: number;
  /** Epoch seconds. */
  readonly lastTradeAt: number;
  readonly previousClosePaise: number;
  readonly lowerCircuitPaise: number;
  readonly upperCircuitPaise: number;
}

/** The levels of one side from the sixth to the fiftieth, which only the stream of fifty levels has. */
export function deepLevels(
  side: readonly SimulatedLevel[],
  step: number,
  key: string,
): readonly SimulatedLevel[] {
  const draw = drawer(key);
  let pricePaise = side.at(-1)?.pricePaise ?? 0;
  const deeper = Array.from({ length: DEEP_LEVELS - side.length }, () => {
    pricePaise += step;
    return { pricePaise, quantity: 1 + draw(9_000), orders: 1 + draw(60) };
  });
  return [...side, ...deeper];
}

const DEEP_LEVELS = 50;

/** One symbol's day: a trade each second of continuous trading, and one of the closing auction. */
interface Tape {
  readonly midnight: number;
  readonly hours: Hours;
  readonly previousClosePaise: number;
  /** Epoch seconds of the previous session's last trade. */
  readonly lastTradeBefore: number;
  readonly trades: readonly Trade[];
}

type Draw = (below: number) => number;

export const TICK = 5;
const LEVELS = 5;
const BOOK_CHANGES_EVERY_MS = 250;
const CIRCUIT = 0.1;

/**
 * Makes books of one seed. Caches each symbol's last tape, which does not affect the result.
 * @param hoursOf trading hours of a symbol; default: a share with a closing auction
 */
export function bookMaker(
  seed: string,
  hoursOf: (symbol: string, now: number) => Hours = (_, now) => hoursOn(now, 'auction'),
): (symbol: string, now: number) => SimulatedBook {
  const tapes = new Map<string, Tape>();
  return (symbol, now) => {
    const key = `${seed} ${symbol}`;
    let tape = tapes.get(symbol);
    if (tape?.midnight !== istMidnight(now)) {
      tape = makeTape(key, istMidnight(now), hoursOf(symbol, now));
      tapes.set(symbol, tape);
    }
    return bookAt(tape, drawer(`${key} ${String(Math.floor(now / BOOK_CHANGES_EVERY_MS))}`), now);
  };
}

function bookAt(tape: Tape, draw: Draw, now: number): SimulatedBook {
  const { previousClosePaise, midnight, hours } = tape;
  const time = now - midnight;
  const { count, lastAt } = tradesBy(hours, time);
  const trade = tape.trades[count - 1] ?? tradeBeforeOpen(previousClosePaise);
  // The sides may overlap only while orders are collected for an auction.
  const overlaps = hours.gathering.some(({ from, to }) => from <= time && time < to);
  const bid = trade.lastPaise + TICK * (overlaps ? draw(9) - 4 : -draw(3));
  const ask = overlaps ? trade.lastPaise + TICK * (draw(9) - 4) : bid + TICK * (1 + draw(3));
  return {
    ...trade,
    bids: makeSide(bid, -TICK, draw),
    asks: makeSide(ask, TICK, draw),
    totalBuyQuantity: 100_000 + draw(2_000_000),
    totalSellQuantity: 100_000 + draw(2_000_000),
    lastTradeAt: lastAt === null ? tape.lastTradeBefore : (midnight + lastAt) / SECOND,
    previousClosePaise,
    lowerCircuitPaise: roundToTick(previousClosePaise * (1 - CIRCUIT)),
    upperCircuitPaise: roundToTick(previousClosePaise * (1 + CIRCUIT)),
  };
}

/** Returns the number of trades up to a time of day, and the time of the last one. */
function tradesBy(
  { continuous, matchAt }: Hours,
  time: number,
): { readonly count: number; readonly lastAt: number | null } {
  let [count, lastAt]: [number, number | null] = [0, null];
  for (const { from, to } of continuous) {
    if (time < from) break;
    const seconds = Math.floor((Math.min(time, to - 1) - from) / SECOND);
    count += seconds + 1;
    lastAt = from + seconds * SECOND;
  }
  return matchAt !== null && time >= matchAt
    ? { count: count + 1, lastAt: matchAt }
    : { count, lastAt };
}

export interface TimedTrade {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly pricePaise: number;
  readonly quantity: number;
}

/** Returns all trades of the instant's day, earliest first; the same trades as in {@link bookMaker}'s books. */
export function tradesOn(
  seed: string,
  symbol: string,
  now: number,
  hours: Hours,
): readonly TimedTrade[] {
  const midnight = istMidnight(now);
  const { trades } = makeTape(`${seed} ${symbol}`, midnight, hours);
  const times = hours.continuous.flatMap(({ from, to }) =>
    Array.from({ length: Math.ceil((to - from) / SECOND) }, (_, second) => from + second * SECOND),
  );
  if (hours.matchAt !== null) times.push(hours.matchAt);
  return trades.map(({ lastPaise, lastQuantity }, index) => ({
    at: midnight + (times[index] ?? 0),
    pricePaise: lastPaise,
    quantity: lastQuantity,
  }));
}

function makeSide(best: number, step: number, draw: Draw): readonly SimulatedLevel[] {
  let pricePaise = best - step;
  return Array.from({ length: LEVELS }, (_, level) => {
    pricePaise += step * (level === 0 ? 1 : 1 + draw(2));
    return { pricePaise, quantity: 1 + draw(9_000), orders: 1 + draw(60) };
  });
}

function makeTape(key: string, midnight: number, hours: Hours): Tape {
  // A level of the symbol for all days, plus a small daily change.
  const draw = drawer(`${key} ${String(midnight)}`);
  const previousClosePaise = roundToTick(20_000 + drawer(key)(250_000) + draw(2_000));
  const first = roundToTick(previousClosePaise * (0.99 + draw(21) / 1_000));
  let trade = tradeBeforeOpen(first);
  const length = tradesBy(hours, Infinity).count;
  const trades = Array.from({ length }, (_, second) => {
    const step = second === 0 ? 0 : TICK * (draw(5) - 2);
    const leaves =
      Math.abs(trade.lastPaise + step - previousClosePaise) > previousClosePaise * 0.08;
    const lastPaise = trade.lastPaise + (leaves ? -step : step);
    const lastQuantity = 1 + draw(800);
    trade = {
      lastPaise,
      lastQuantity,
      openPaise: first,
      highPaise: Math.max(trade.highPaise, lastPaise),
      lowPaise: second === 0 ? lastPaise : Math.min(trade.lowPaise, lastPaise),
      volume: trade.volume + lastQuantity,
      turnoverPaise: trade.turnoverPaise + lastQuantity * lastPaise,
    };
    return trade;
  });
  const before = openDayBefore(midnight);
  const { lastAt } = tradesBy(hoursOn(before, 'plain'), Infinity);
  const lastTradeBefore = (before + (lastAt ?? 0)) / SECOND;
  return { midnight, hours, previousClosePaise, lastTradeBefore, trades };
}

function tradeBeforeOpen(lastPaise: number): Trade {
  const nothing = { openPaise: 0, highPaise: 0, lowPaise: 0, volume: 0, turnoverPaise: 0 };
  return { lastPaise, lastQuantity: 0, ...nothing };
}

function roundToTick(paise: number): number {
  return Math.round(paise / TICK) * TICK;
}

/** Returns whole numbers from 0 to below the bound: mulberry32 seeded with the FNV-1a hash of the key. */
function drawer(key: string): Draw {
  let state = 0x811c9dc5;
  for (const character of key) state = Math.imul(state ^ character.charCodeAt(0), 0x01000193);
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) % below;
  };
}
