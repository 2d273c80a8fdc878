import { describe, expect, test } from 'vitest';
import { type Instant, MINUTE, SECOND, plus } from '../../core/time.ts';
import { createSymbolLookup } from '../../harvester/symbol-lookup.ts';
import { type DayNames, type ResolveNames, unresolved } from '../../harvester/symbols.ts';
import { OPENS_AT, shortSession } from '../support/depth.ts';
import { virtualClock } from '../support/virtual-clock.ts';

const COMPLETE: DayNames = { ...unresolved(['NSE:SBIN-EQ'], null) };
const WITHOUT_MASTER: DayNames = { ...COMPLETE, problems: ['NSE_CM.csv: answered HTTP 503'] };
const WITHOUT_CONTRACT: DayNames = {
  ...WITHOUT_MASTER,
  unknown: [{ alias: 'FUT:NIFTY', why: 'unknown' }],
};

/** Passes every minute from `from` on. Returns the minutes before the opening of each lookup, and its timeouts. */
async function passMinutes(from: number, answers: readonly DayNames[]) {
  const clock = virtualClock(plus(OPENS_AT, -from * MINUTE), () => undefined);
  const lookups: number[] = [];
  const timeouts: number[] = [];
  const resolveNames: ResolveNames = (_date, { timeoutMs }) => {
    lookups.push((OPENS_AT - clock.now()) / MINUTE);
    timeouts.push(timeoutMs / SECOND);
    return Promise.resolve(answers[lookups.length - 1] ?? WITHOUT_CONTRACT);
  };
  const sampling = { symbols: [], everySeconds: 5 };
  const { signal } = new AbortController();
  const lookup = createSymbolLookup({ resolveNames, sampling, signal, clock }, shortSession());
  for (let now: Instant = clock.now(); now < OPENS_AT; now = plus(now, MINUTE)) {
    clock.set(now);
    await lookup.step.runIfDue(now);
  }
  clock.set(OPENS_AT);
  return { found: await lookup.found(), lookups, timeouts };
}

describe('createSymbolLookup', () => {
  test('looks up once, half an hour before the opening, if the answer is complete', async () => {
    expect(await passMinutes(45, [COMPLETE])).toEqual({
      found: COMPLETE,
      lookups: [30],
      timeouts: [60],
    });
  });

  test('looks up again while the answer is incomplete', async () => {
    expect(await passMinutes(45, [WITHOUT_CONTRACT, WITHOUT_MASTER, COMPLETE])).toMatchObject({
      found: COMPLETE,
      lookups: [30, 20, 10],
    });
  });

  test('keeps the better answer if a later lookup finds less', async () => {
    expect(await passMinutes(45, [WITHOUT_MASTER, WITHOUT_CONTRACT])).toMatchObject({
      found: WITHOUT_MASTER,
      lookups: [30, 20, 10],
    });
  });

  test('shortens the timeout if the wait is short', async () => {
    // Four masters and the prices, one after the other, end 20 s before the opening.
    expect(await passMinutes(2, [WITHOUT_MASTER])).toMatchObject({ lookups: [2], timeouts: [20] });
  });

  test('looks up with a timeout of 8 s if the session has begun', async () => {
    expect(await passMinutes(0, [WITHOUT_MASTER])).toEqual({
      found: WITHOUT_MASTER,
      lookups: [0],
      timeouts: [8],
    });
  });
});
