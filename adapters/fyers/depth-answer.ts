// Parses Fyers' depth answer (Fyers API v3, "Market Depth": `ask` is singular there, and a level's
// quantity is `volume`).
//
// An answer is a book if `bids` and `ask` are arrays and at least one price or quantity is a usable
// number. Within a book each field is judged separately: a missing, mistyped or implausible field
// is null, and its name is added to the faults. Some absences are part of the contract and are not
// faults: price 0 for a price that does not exist yet, trade time 0 before the first trade, levels
// of 0 and 0 that pad a short side, open interest without its flag, and fields that an index does
// not have. Before continuous trading, and in auctions, last trades may be from an earlier day and
// orders may have no price.
import {
  classifyAnswer,
  describeAnswer,
  isPermissionRefused,
  isTokenRefused,
} from '../../core/broker-answer.ts';
import { phaseAt, type SessionPlan } from '../../core/market/phases.ts';
import { isIndex } from '../../core/market/symbol-plan.ts';
import {
  type Book,
  bookValue,
  bookValues,
  type BookValueName,
  isFilled,
  type Level,
  LEVELS,
} from '../../core/recording/book.ts';
import type { HoleReason } from '../../core/recording/coverage.ts';
import type { DepthField } from '../../core/recording/field-faults.ts';
import {
  DAY,
  instant,
  type Instant,
  istDateAt,
  istInstant,
  MINUTE,
  SECOND,
} from '../../core/time.ts';
import type { FyersReply } from './http.ts';

/** When an answer arrived, which determines the plausible values. */
export interface AnswerMoment {
  readonly receivedAt: Instant;
  /** Null outside every session. */
  readonly session: SessionPlan | null;
}

export interface DepthReading {
  readonly book: Book;
  /**
   * Fields that are null in the book because the answer's value is unusable, without duplicates.
   */
  readonly faults: readonly DepthField[];
}

/** More than twice the highest price of any instrument on NSE. */
const MAX_PRICE_RUPEES = 5_000_000;
/** A hundred times the shares of the largest company. */
const MAX_COUNT = 1_000_000_000_000;
/** This machine's clock may be behind the exchange's. */
const CLOCK_TOLERANCE_MS = MINUTE;
/**
 * An older trade time is implausible: an instrument without trades for so long is no longer listed.
 */
const OLDEST_TRADE_MS = 366 * DAY;

type Fields = Readonly<Record<string, unknown>>;

/** Null if the body contains no book of `symbol`. */
export function readDepthAnswer(
  symbol: string,
  body: unknown,
  moment: AnswerMoment,
): DepthReading | null {
  const answer = bodyOf(symbol, body);
  if (answer === null) return null;
  const { bids, ask } = answer;
  if (!Array.isArray(bids) || !Array.isArray(ask)) return null;
  const reader = readerOf(answer, isIndex(symbol));
  const isContinuous =
    moment.session !== null && phaseAt(moment.session, moment.receivedAt)?.name === 'CONTINUOUS';
  const values = bookValues(reader.value);
  const book: Book = {
    symbol,
    bids: reader.levels('bids', bids, isContinuous),
    asks: reader.levels('ask', ask, isContinuous),
    lastTradeAt: reader.tradeTime(moment, values.volume),
    ...values,
    sequence: null,
  };
  return reader.hasNumber() ? { book, faults: reader.faults() } : null;
}

/** The symbol's own part, unless the broker marks it or the whole answer as an error. */
function bodyOf(symbol: string, body: unknown): Fields | null {
  if (!isObject(body) || body['s'] !== 'ok' || !isObject(body['d'])) return null;
  const answer = Object.hasOwn(body['d'], symbol) ? body['d'][symbol] : null;
  return isObject(answer) && (answer['s'] ?? 'ok') === 'ok' ? answer : null;
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Checks single values, and collects the fields whose value is unusable. */
function valueReader(mayLackFields: boolean) {
  const faults = new Set<DepthField>();
  let hasNumber = false;
  const addFault = (field: DepthField): null => {
    faults.add(field);
    return null;
  };
  const addFaultUnlessOptional = (field: DepthField): null =>
    mayLackFields ? null : addFault(field);
  /** Adding 0 turns JSON's negative zero into zero. */
  const numberOf = (
    field: DepthField,
    value: unknown,
    isValid: (value: unknown) => value is number,
  ): number | null => {
    if (isMissing(value)) return addFaultUnlessOptional(field);
    return isValid(value) ? value + 0 : addFault(field);
  };
  /**
   * Records that the answer has a usable price or quantity, including zero; without any it has no
   * book.
   */
  const noted = (number: number | null): number | null => {
    hasNumber ||= number !== null;
    return number;
  };
  return {
    addFault,
    addFaultUnlessOptional,
    priceOf: (field: DepthField, value: unknown) => noted(numberOf(field, value, isPrice)),
    countOf: (field: DepthField, value: unknown) => noted(numberOf(field, value, isCount)),
    ordersOf: (field: DepthField, value: unknown) => numberOf(field, value, isCount),
    hasNumber: () => hasNumber,
    faults: () => [...faults],
  };
}

/** Reads the fields of one answer and collects the unusable ones. */
function readerOf(answer: Fields, mayLackFields: boolean) {
  const { addFault, addFaultUnlessOptional, priceOf, countOf, ordersOf, hasNumber, faults } =
    valueReader(mayLackFields);
  const levelOf = (side: 'bids' | 'ask', entry: unknown, isContinuous: boolean): Level => {
    const level: Fields = isObject(entry) ? entry : {};
    const price = priceOf(`${side}.price`, level['price']);
    const quantity = countOf(`${side}.volume`, level['volume']);
    const isPadding = price === 0 && (quantity ?? 0) === 0;
    const orders = ordersOf(`${side}.ord`, level['ord']);
    if (isPadding) return { price: null, quantity: null, orders: null };
    // Only in an auction may an order have no price: a market order.
    if (price === 0 && isContinuous) return { price: addFault(`${side}.price`), quantity, orders };
    return { price, quantity, orders };
  };
  const openInterest = (): number | null => {
    const { oi, oiflag } = answer;
    if (typeof oiflag === 'boolean') {
      // Without the flag the instrument has no open interest, and the zero next to it is not an
      // observation.
      if (oiflag) return countOf('oi', oi);
      return isMissing(oi) || isCount(oi) ? null : addFault('oi');
    }
    if (!isMissing(oiflag)) return addFault('oiflag');
    if (isMissing(oi)) return null;
    if (!isCount(oi)) return addFault('oi');
    // A number without a flag: the flag may have been renamed.
    return oi === 0 ? null : addFault('oiflag');
  };
  return {
    value: (name: BookValueName): number | null => {
      const { rest: field, kind } = bookValue(name);
      if (field === null) return null;
      if (field === 'oi') return openInterest();
      if (kind === 'count') return countOf(field, answer[field]);
      // A price is never zero: the broker writes 0 for a price that does not exist yet.
      const price = priceOf(field, answer[field]);
      return price === 0 ? null : price;
    },
    levels(side: 'bids' | 'ask', entries: readonly unknown[], isContinuous: boolean) {
      const levels = Array.from(entries.slice(0, LEVELS), (entry) =>
        levelOf(side, entry, isContinuous),
      );
      return levels.slice(0, 1 + levels.findLastIndex(isFilled));
    },
    tradeTime(moment: AnswerMoment, volume: number | null): Instant | null {
      const seconds = answer['ltt'];
      if (isMissing(seconds)) return addFaultUnlessOptional('ltt');
      if (seconds === 0) return null;
      return isTradeTime(seconds, moment, volume) ? instant(seconds * SECOND) : addFault('ltt');
    },
    hasNumber,
    faults,
  };
}

function isMissing(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

function isPrice(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < MAX_PRICE_RUPEES;
}

/** Zero is a valid count; a fraction is not. */
function isCount(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) < MAX_COUNT;
}

/**
 * Epoch seconds, not in the future. After the start of continuous trading, a trade must be from the
 * same day, unless the volume is 0, because then nothing has traded yet.
 */
function isTradeTime(
  seconds: unknown,
  { receivedAt, session }: AnswerMoment,
  volume: number | null,
): seconds is number {
  if (!Number.isInteger(seconds)) return false;
  const at = Number(seconds) * SECOND;
  if (at > receivedAt + CLOCK_TOLERANCE_MS || at < receivedAt - OLDEST_TRADE_MS) return false;
  const trading = session?.phases.find(({ name }) => name === 'CONTINUOUS');
  const mayBeEarlier = trading === undefined || receivedAt < trading.from || volume === 0;
  return mayBeEarlier || at >= istInstant(istDateAt(receivedAt), '00:00');
}

// Maps a depth call without a book to a hole reason, by the class of the answer
// (`core/broker-answer.ts`).

export interface Refusal {
  readonly reason: HoleReason;
  readonly retryAfterMs?: number;
  /** The broker's message, for the log; absent if there was no answer. */
  readonly detail?: string;
  /** Calls that would get the same answer: `account` means every call of the account. */
  readonly concerns: 'call' | 'symbol' | 'token' | 'account';
}

/** Fyers API v3, "Error codes": an invalid symbol. */
const UNKNOWN_SYMBOL = -300;

/**
 * This URL is not served, which does not affect other calls: a firewall would answer differently.
 */
const NOT_SERVED: ReadonlySet<number> = new Set([404, 405, 410]);

/**
 * Classifies a reply without a book.
 *
 * @param sent values that the detail must not repeat
 */
export function refusalOf(reply: FyersReply, sent: readonly string[] = []): Refusal {
  if (reply.kind === 'silent') return { reason: 'timeout', concerns: 'call' };
  if (reply.kind === 'unreachable') {
    return { reason: 'unreachable', concerns: 'call', detail: reply.problem };
  }
  const detail = describeAnswer(reply, sent);
  const found = classifyAnswer(reply);
  switch (found.kind) {
    case 'ok':
    case 'malformed':
      return { reason: 'malformed-answer', concerns: 'call', detail };
    case 'rate-limited':
      return {
        reason: 'rate-limited',
        concerns: 'account',
        detail,
        ...(found.retryAfterMs === null ? {} : { retryAfterMs: found.retryAfterMs }),
      };
    case 'refused':
      if (found.code === UNKNOWN_SYMBOL) {
        return { reason: 'unknown-symbol', concerns: 'symbol', detail };
      }
      if (isTokenRefused(reply)) return { reason: 'token-refused', concerns: 'token', detail };
      return {
        reason: 'broker-error',
        concerns: isPermissionRefused(reply) ? 'token' : 'symbol',
        detail,
      };
    case 'not-fyers':
      return {
        reason: 'broker-error',
        concerns: NOT_SERVED.has(reply.status) ? 'call' : 'account',
        detail,
      };
    case 'unavailable':
    case 'unanswered':
      return { reason: 'broker-error', concerns: 'call', detail };
  }
}
