// A moving order book: a function of seed, symbol and instant alone. Prices are whole paise on the tick of 5 paise.
import { HOUR, MINUTE, SECOND, istMidnight } from './time.ts';

export interface SimulatedLevel {
  readonly pricePaise: number;
  readonly quantity: number;
  readonly orders: number;
}

/** The last trade and the day up to it; before the first trade all but the price is zero, as the broker shows it. */
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
  /** Best first, five a side. */
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

/** One symbol's day: a trade each second from the open. */
interface Tape {
  readonly midnight: number;
  readonly previousClosePaise: number;
  readonly trades: readonly Trade[];
}

type Draw = (below: number) => number;

const TICK = 5;
const LEVELS = 5;
/** Continuous trading lasts at least from 09:15 to 15:15 under every rule in force since 2025. */
const OPENS = 9 * HOUR + 15 * MINUTE;
const TRADES = (6 * HOUR) / SECOND;
const BOOK_CHANGES_EVERY_MS = 250;
const CIRCUIT = 0.1;

/** Books of one seed. Keeps each symbol's last tape, which changes nothing in what it answers. */
export function bookMaker(seed: string): (symbol: string, now: number) => SimulatedBook {
  const tapes = new Map<string, Tape>();
  return (symbol, now) => {
    const key = `${seed} ${symbol}`;
    let tape = tapes.get(symbol);
    if (tape?.midnight !== istMidnight(now)) {
      tape = makeTape(key, istMidnight(now));
      tapes.set(symbol, tape);
    }
    return bookAt(tape, drawer(`${key} ${String(Math.floor(now / BOOK_CHANGES_EVERY_MS))}`), now);
  };
}

function bookAt(tape: Tape, draw: Draw, now: number): SimulatedBook {
  const { previousClosePaise } = tape;
  const opensAt = tape.midnight + OPENS;
  const elapsed = Math.floor((now - opensAt) / SECOND);
  const latest = Math.min(elapsed, TRADES - 1);
  const trade = tape.trades[latest] ?? unopened(previousClosePaise);
  const continuous = elapsed === latest && elapsed >= 0;
  // Before and after continuous trading orders gather for an auction, so the sides may overlap.
  const bid = trade.lastPaise + TICK * (continuous ? -draw(3) : draw(9) - 4);
  const ask = continuous ? bid + TICK * (1 + draw(3)) : trade.lastPaise + TICK * (draw(9) - 4);
  return {
    ...trade,
    bids: sideFrom(bid, -TICK, draw),
    asks: sideFrom(ask, TICK, draw),
    totalBuyQuantity: 100_000 + draw(2_000_000),
    totalSellQuantity: 100_000 + draw(2_000_000),
    lastTradeAt: elapsed < 0 ? opensAt / SECOND - 18 * 3600 : opensAt / SECOND + latest,
    previousClosePaise,
    lowerCircuitPaise: onTick(previousClosePaise * (1 - CIRCUIT)),
    upperCircuitPaise: onTick(previousClosePaise * (1 + CIRCUIT)),
  };
}

function sideFrom(best: number, step: number, draw: Draw): readonly SimulatedLevel[] {
  let pricePaise = best - step;
  return Array.from({ length: LEVELS }, (_, level) => {
    pricePaise += step * (level === 0 ? 1 : 1 + draw(2));
    return { pricePaise, quantity: 1 + draw(9_000), orders: 1 + draw(60) };
  });
}

function makeTape(key: string, midnight: number): Tape {
  // The symbol's own level for all days, and a little of the day's.
  const draw = drawer(`${key} ${String(midnight)}`);
  const previousClosePaise = onTick(20_000 + drawer(key)(250_000) + draw(2_000));
  const first = onTick(previousClosePaise * (0.99 + draw(21) / 1_000));
  let trade = unopened(first);
  const trades = Array.from({ length: TRADES }, (_, second) => {
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
  return { midnight, previousClosePaise, trades };
}

function unopened(lastPaise: number): Trade {
  const nothing = { openPaise: 0, highPaise: 0, lowPaise: 0, volume: 0, turnoverPaise: 0 };
  return { lastPaise, lastQuantity: 0, ...nothing };
}

function onTick(paise: number): number {
  return Math.round(paise / TICK) * TICK;
}

/** Whole numbers from 0 to below the bound: mulberry32 from the FNV-1a hash of the key. */
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
