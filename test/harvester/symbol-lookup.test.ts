// When the names are looked up, on a clock that is moved by hand.
import { describe, expect, test } from 'vitest';
import { type Instant, MINUTE, SECOND, plus } from '../../core/time.ts';
import { dayNaming } from '../../harvester/symbol-lookup.ts';
import { type DayNames, type Naming, unresolved } from '../../harvester/symbols.ts';
import { OPENS_AT, shortSession } from '../support/depth.ts';
import { virtualClock } from '../support/virtual-clock.ts';

const WHOLE: DayNames = { ...unresolved(['NSE:SBIN-EQ'], null) };
const LESS: DayNames = { ...WHOLE, problems: ['NSE_CM.csv: answered HTTP 503'] };
const LEAST: DayNames = { ...LESS, unknown: [{ alias: 'FUT:NIFTY', why: 'nobody knows' }] };

/** Passes by every minute from `from` on; answers the minutes before the opening at which it was asked, and its times. */
async function waited(from: number, answers: readonly DayNames[]) {
  const clock = virtualClock(plus(OPENS_AT, -from * MINUTE), () => undefined);
  const asked: number[] = [];
  const timeouts: number[] = [];
  const naming: Naming = (_date, { timeoutMs }) => {
    asked.push((OPENS_AT - clock.now()) / MINUTE);
    timeouts.push(timeoutMs / SECOND);
    return Promise.resolve(answers[asked.length - 1] ?? LEAST);
  };
  const sampling = { symbols: [], everySeconds: 5 };
  const { signal } = new AbortController();
  const names = dayNaming({ naming, sampling, signal, clock }, shortSession());
  for (let now: Instant = clock.now(); now < OPENS_AT; now = plus(now, MINUTE)) {
    clock.set(now);
    await names.step.pass(now);
  }
  clock.set(OPENS_AT);
  return { found: await names.found(), asked, timeouts };
}

describe('The names of a day', () => {
  test('are looked up once, half an hour before the opening, when all of them is known', async () => {
    expect(await waited(45, [WHOLE])).toEqual({ found: WHOLE, asked: [30], timeouts: [60] });
  });

  test('are looked up again while something lacks', async () => {
    expect(await waited(45, [LEAST, LESS, WHOLE])).toMatchObject({
      found: WHOLE,
      asked: [30, 20, 10],
    });
  });

  test('stay what they were when another look finds less', async () => {
    expect(await waited(45, [LESS, LEAST])).toMatchObject({ found: LESS, asked: [30, 20, 10] });
  });

  test('cost no slot when the wait is short', async () => {
    // Two lists and the prices, one after the other, are over half a minute before the opening.
    expect(await waited(2, [LESS])).toMatchObject({ asked: [2], timeouts: [30] });
  });

  test('are looked up in a hurry when the session has begun', async () => {
    expect(await waited(0, [LESS])).toEqual({ found: LESS, asked: [0], timeouts: [8] });
  });
});
