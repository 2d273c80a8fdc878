import { describe, expect, test } from 'vitest';
import { UNUSED, countCall, type Usage } from '../../../sandbox/fyers/limits.ts';
import { APP, NOON, SEVEN, authorizationAt, get, simulator } from './simulator.ts';

/** Counts calls at the given instants. @returns the usage and the waits */
function countCalls(usage: Usage, instants: readonly number[]) {
  const waits: (number | null)[] = [];
  let current = usage;
  for (const now of instants) {
    const counted = countCall(current, now);
    current = counted.usage;
    waits.push(counted.waitMs);
  }
  return { usage: current, waits };
}

const spaced = (count: number, from: number, everyMs: number) =>
  Array.from({ length: count }, (_, index) => from + index * everyMs);

/** Exceeds the limit of one minute by one call, at ten calls a second. */
const violation = (from: number) => spaced(201, from, 100);

describe('The limits of an account', () => {
  test('allow ten calls a second and hold the eleventh', () => {
    expect(countCalls(UNUSED, spaced(11, NOON, 0)).waits).toEqual([
      ...Array<null>(10).fill(null),
      1_000,
    ]);
    expect(countCalls(UNUSED, [...spaced(10, NOON, 0), NOON + 999]).waits.at(-1)).toBe(1);
    expect(countCalls(UNUSED, [...spaced(10, NOON, 0), NOON + 1_000]).waits.at(-1)).toBeNull();
  });

  test('allow 200 calls a minute and hold the next until the window has moved', () => {
    const { waits } = countCalls(UNUSED, violation(NOON));
    expect(waits.filter((wait) => wait === null)).toHaveLength(200);
    expect(waits.at(-1)).toBe(40_000);
    expect(countCalls(UNUSED, [...spaced(200, NOON, 100), NOON + 59_999]).waits.at(-1)).toBe(1);
    expect(countCalls(UNUSED, [...spaced(200, NOON, 100), NOON + 60_000]).waits.at(-1)).toBeNull();
  });

  test('forgive three exceeded minutes and block the rest of the day after the fourth', () => {
    const minutes = [0, 1, 2, 3].flatMap((index) => violation(NOON + index * 120_000));
    const later = NOON + 3_600_000;
    const forgiven = countCalls(UNUSED, minutes.slice(0, 3 * 201)).usage;
    const blocked = countCalls(UNUSED, minutes).usage;
    const midnight = Date.parse('2026-11-26T00:00:00+05:30');
    expect(countCall(forgiven, later).waitMs).toBeNull();
    expect(countCall(blocked, later).waitMs).toBe(midnight - later);
    expect(countCall(blocked, midnight - 1).waitMs).toBe(1);
    expect(countCall(blocked, midnight).waitMs).toBeNull();
  });

  test('count a storm within one minute as one strike', () => {
    const { usage } = countCalls(UNUSED, spaced(500, NOON, 100));
    expect(usage.strikes).toHaveLength(1);
  });

  test('allow 100,000 calls a day', () => {
    const full = { ...UNUSED, midnight: SEVEN - 7 * 3_600_000, callsToday: 99_999 };
    const last = countCall(full, NOON);
    expect(last.waitMs).toBeNull();
    expect(countCall(last.usage, NOON + 60_000).waitMs).toBe(12 * 3_600_000 - 60_000);
  });

  test('are reset if the clock is set back', () => {
    const { usage } = countCalls(UNUSED, spaced(10, NOON, 0));
    expect(countCall(usage, NOON).waitMs).not.toBeNull();
    expect(countCall(usage, NOON - 1).waitMs).toBeNull();
  });
});

describe('A call over the limit', () => {
  test('is answered with 429, the broker’s body and Retry-After in seconds', () => {
    const state = simulator();
    const address = '/data/depth?symbol=NSE:SBIN-EQ';
    const answers = spaced(11, NOON, 0).map((now) =>
      get(state, address, now, authorizationAt(SEVEN)),
    );
    expect(answers.at(-1)).toMatchObject({
      status: 429,
      headers: { 'retry-after': '1' },
      body: { message: 'request limit reached', code: 429, s: 'error' },
    });
    expect(state.ledger.get('NSE:SBIN-EQ')?.books).toBe(10);
    expect(state.requests.at(-1)).toMatchObject({ at: NOON, status: 429, code: 429 });
  });

  test('is counted over all endpoints of one account, but not for another account', () => {
    const other = { ...APP, id: 'ZZZZ1234EF-100', fyId: 'XB00002' };
    const state = simulator({ apps: [APP, other] });
    for (let count = 0; count < 5; count += 1) {
      get(state, '/data/depth?symbol=NSE:SBIN-EQ', NOON, authorizationAt(SEVEN));
      get(state, '/data/marketStatus', NOON, authorizationAt(SEVEN));
    }
    expect(get(state, '/api/v3/profile', NOON, authorizationAt(SEVEN)).status).toBe(429);
    expect(get(state, '/api/v3/profile', NOON, authorizationAt(SEVEN, other)).status).toBe(200);
  });
});
