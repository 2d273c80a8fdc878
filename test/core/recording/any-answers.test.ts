// Mutates a real depth answer: nothing throws, an answer is a book or null, and a book has only numbers of the answer.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readDepthAnswer, refusalOf } from '../../../adapters/fyers/depth-answer.ts';
import { type Book, BOOK_VALUE_NAMES, bookValue } from '../../../core/recording/book.ts';
import { COLUMNS } from '../../../core/recording/columns.ts';
import { HOLE_REASONS } from '../../../core/recording/coverage.ts';
import { dayOf } from '../../../core/market/calendar.ts';
import { type Instant, istDate, istInstant } from '../../../core/time.ts';
import { DEPTH_SAMPLE } from '../../support/depth-sample.ts';

const SEED = 20_261_128;
const RUNS = 3_000;
const SYMBOL = 'NSE:SBIN-EQ';
const DATE = istDate('2026-11-25');
const day = dayOf(DATE);
if (day.kind === 'closed') throw new Error(`${DATE} is closed`);
const { plan: session } = day;

/** The answer's field for each column of a single value. */
const SCALARS = new Map(
  BOOK_VALUE_NAMES.map(bookValue).map(({ column, rest }) => [column, rest] as const),
);
const LEVEL_FIELDS: Readonly<Record<string, string>> = {
  px: 'price',
  qty: 'volume',
  orders: 'ord',
};
const NOT_IN_ANSWER = /^(?:timestamp|symbol|slot|requested_at|received_at|feed|sequence)$/;

const odd = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    undefined,
    true,
    '',
    '427.25',
    NaN,
    Infinity,
    -Infinity,
    -0,
    0,
    {},
    [],
  ),
  fc.double(),
  fc.integer(),
  fc.string(),
  fc.jsonValue(),
);
const moment = fc.record({
  receivedAt: fc.integer({ min: 0, max: 24 * 3_600 - 1 }).map((second): Instant => {
    return (istInstant(DATE, '00:00') + second * 1_000) as Instant;
  }),
  session: fc.constantFrom(session, null),
});

type Json = Record<string, unknown>;
type Mutation = (answer: Json) => void;

/** The objects and lists of the answer, outermost first. */
function placesIn(value: unknown): readonly Json[] {
  if (typeof value !== 'object' || value === null) return [];
  return [value as Json, ...Object.values(value).flatMap(placesIn)];
}

/** One change at any depth: another value, another name, no value, or another entry. */
const mutation: fc.Arbitrary<Mutation> = fc
  .record({
    place: fc.nat(),
    key: fc.nat(),
    value: odd,
    kind: fc.constantFrom('replace', 'rename', 'remove', 'text', 'scale', 'add'),
  })
  .map(({ place, key, value, kind }) => (answer: Json) => {
    const places = placesIn(answer);
    const target = places[place % places.length];
    const keys = Object.keys(target ?? {});
    const name = keys[key % Math.max(1, keys.length)];
    if (target === undefined || name === undefined) return;
    const before = target[name];
    if (kind === 'replace') target[name] = value;
    if (kind === 'add') target[`${name}2`] = value;
    if (kind === 'text') target[name] = String(before);
    if (kind === 'scale' && typeof before === 'number') target[name] = before * 1_000;
    if (kind !== 'rename' && kind !== 'remove') return;
    if (kind === 'rename') target[name.toUpperCase()] = before;
    if (Array.isArray(target)) target.splice(Number(name), 1);
    else Reflect.deleteProperty(target, name);
  });

const bodies = fc.oneof(
  { weight: 1, arbitrary: odd },
  {
    weight: 9,
    arbitrary: fc.array(mutation, { maxLength: 4 }).map((mutations) => {
      const answer = { s: 'ok', d: { [SYMBOL]: structuredClone(DEPTH_SAMPLE) }, message: '' };
      for (const mutate of mutations) mutate(answer);
      return answer;
    }),
  },
);

function at(value: unknown, key: string | number): unknown {
  return typeof value === 'object' && value !== null ? (value as Json)[key] : undefined;
}

function valueInAnswer(entry: unknown, column: string): unknown {
  const [, side, what, level] = /^(bid|ask)_(px|qty|orders)_(\d)$/.exec(column) ?? [];
  if (side !== undefined && what !== undefined) {
    const levels = at(entry, side === 'bid' ? 'bids' : 'ask');
    return at(at(levels, Number(level) - 1), LEVEL_FIELDS[what] ?? '');
  }
  if (column === 'last_trade_at') return Number(at(entry, 'ltt')) * 1_000;
  return at(entry, SCALARS.get(column) ?? '');
}

function foreignColumns(book: Book, body: unknown, receivedAt: Instant): readonly string[] {
  const entry = at(at(body, 'd'), SYMBOL);
  const row = {
    symbol: SYMBOL,
    slot: receivedAt,
    requestedAt: null,
    receivedAt,
    feed: 'rest',
    book,
  } as const;
  return COLUMNS.flatMap((column) => {
    if (NOT_IN_ANSWER.test(column.name)) return [];
    const cell = column.of(row);
    // 0 and -0 are equal.
    return cell === null || cell === valueInAnswer(entry, column.name) ? [] : [column.name];
  });
}

describe(`readDepthAnswer with any answer (seed ${String(SEED)})`, () => {
  test('returns a book with only numbers of the answer, or null with a known reason', () => {
    const seen = { books: 0, faulty: 0, holes: 0 };
    fc.assert(
      fc.property(bodies, moment, (body, when) => {
        const before = JSON.stringify(body);
        const reading = readDepthAnswer(SYMBOL, body, when);
        expect(JSON.stringify(body)).toBe(before);
        if (reading === null) {
          seen.holes += 1;
          const answered = {
            kind: 'answered',
            status: 200,
            body,
            rest: '',
            retryAfterMs: null,
            serverTime: null,
          } as const;
          expect(HOLE_REASONS).toContain(refusalOf(answered).reason);
          return;
        }
        seen.books += 1;
        if (reading.faults.length > 0) seen.faulty += 1;
        const foreign = foreignColumns(reading.book, body, when.receivedAt);
        expect(foreign, 'a column that is not of the broker belongs into NOT_IN_ANSWER').toEqual(
          [],
        );
        expect(new Set(reading.faults).size).toBe(reading.faults.length);
      }),
      { seed: SEED, numRuns: RUNS },
    );
    // Each outcome occurs often enough to be tested.
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(RUNS / 20);
  });
});
