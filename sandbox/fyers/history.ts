// Answers `GET /data/history` with candles of the same trades that the books show.
import { isOpen } from './hours.ts';
import { refusal } from './refusals.ts';
import { success, type SimulatedResponse, type SimulatorState } from './state.ts';
import { DAY, HOUR, MINUTE, SECOND, istMidnight } from './time.ts';

const SECONDS = ['5S', '10S', '15S', '30S', '45S'];
const MINUTES = ['1', '2', '3', '5', '10', '15', '20', '30', '60', '120', '240'];
const DAYS = ['D', '1D'];
/** Maximum days of one request; data of seconds is only kept for about thirty trading days. */
const MAX_DAYS = { seconds: 30, minutes: 100, days: 366 };

/** After 00:00 IST. */
const UTC_MIDNIGHT = 5 * HOUR + 30 * MINUTE;

interface Candle {
  /** Epoch seconds of its start; a day's candle starts at 00:00 UTC. */
  readonly at: number;
  readonly open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
}

/**
 * Ends at the current time; returns `{"s":"no_data"}` for a range without trades. Weeks and months are refused,
 * because our clients do not request them.
 */
export function history(
  state: SimulatorState,
  query: URLSearchParams,
  now: number,
): SimulatedResponse {
  const symbol = query.get('symbol') ?? '';
  const everyMs = lengthOf(query.get('resolution') ?? '');
  const range = rangeIn(query);
  if (everyMs === null || range === null) return refusal('invalidInput');
  const [from, to] = range;
  if (to < from || (to - from) / DAY > maxDays(everyMs)) return refusal('invalidInput');
  if (!state.isListed(symbol, now)) return refusal('unknownSymbol');
  const until = Math.min(to, now);
  const candles: Candle[] = [];
  for (let midnight = istMidnight(from); midnight <= until; midnight += DAY) {
    if (isOpen(midnight)) candles.push(...candlesOf(state, symbol, { midnight, everyMs, now }));
  }
  const shown = candles.filter(({ at }) => at * SECOND >= from && at * SECOND <= until);
  if (shown.length === 0) return success({ s: 'no_data' });
  const withInterest = query.get('oi_flag') === '1';
  return success({
    s: 'ok',
    candles: shown.map(({ at, open, high, low, close, volume }) => [
      at,
      ...[open, high, low, close].map((paise) => paise / 100),
      volume,
      ...(withInterest ? [0] : []),
    ]),
  });
}

function candlesOf(
  { tradesOn }: SimulatorState,
  symbol: string,
  day: { readonly midnight: number; readonly everyMs: number; readonly now: number },
): readonly Candle[] {
  const { midnight, everyMs, now } = day;
  const trades = tradesOn(symbol, midnight).filter(({ at }) => at <= now);
  const opensAt = trades[0]?.at ?? midnight;
  const candles: Candle[] = [];
  for (const { at, pricePaise, quantity } of trades) {
    // Candles of minutes and seconds start with the session.
    const begins = everyMs === DAY ? midnight + UTC_MIDNIGHT : at - ((at - opensAt) % everyMs);
    const candle = candles.at(-1);
    if (candle?.at === begins / SECOND) {
      candle.high = Math.max(candle.high, pricePaise);
      candle.low = Math.min(candle.low, pricePaise);
      candle.close = pricePaise;
      candle.volume += quantity;
    } else {
      const [high, low, close] = [pricePaise, pricePaise, pricePaise];
      candles.push({ at: begins / SECOND, open: pricePaise, high, low, close, volume: quantity });
    }
  }
  return candles;
}

function lengthOf(resolution: string): number | null {
  if (DAYS.includes(resolution)) return DAY;
  if (MINUTES.includes(resolution)) return Number(resolution) * MINUTE;
  return SECONDS.includes(resolution) ? Number.parseInt(resolution, 10) * SECOND : null;
}

function maxDays(everyMs: number): number {
  if (everyMs === DAY) return MAX_DAYS.days;
  return everyMs >= MINUTE ? MAX_DAYS.minutes : MAX_DAYS.seconds;
}

/** `date_format` 0: epoch seconds · 1: dates, the last one with all its trades. */
function rangeIn(query: URLSearchParams): readonly [from: number, to: number] | null {
  const [from, to] = [query.get('range_from') ?? '', query.get('range_to') ?? ''];
  const isEpoch = query.get('date_format') === '0';
  if (isEpoch) {
    return /^\d{9,10}$/.test(from) && /^\d{9,10}$/.test(to)
      ? [Number(from) * SECOND, Number(to) * SECOND]
      : null;
  }
  if (query.get('date_format') !== '1') return null;
  const [first, last] = [midnightOf(from), midnightOf(to)];
  return Number.isNaN(first + last) ? null : [first, last + DAY - SECOND];
}

function midnightOf(date: string): number {
  return /^\d{4}-\d\d-\d\d$/.test(date) ? Date.parse(`${date}T00:00:00+05:30`) : NaN;
}
