// Compares our harvester with the reference's loop: the slots of a day, the files that they are in,
// and the cost of a dead token.
import { dayOf } from '../core/market/calendar.ts';
import {
  DAY,
  type Instant,
  type IstDate,
  MINUTE,
  SECOND,
  istDate,
  istDateAt,
  istInstant,
  plus,
} from '../core/time.ts';
import { type Harvested, fiveSeconds, harvested } from './harvested.ts';
import type { Measure } from './measure.ts';
import { referenceRounds } from './reference-harvester.ts';

const EVERY = 5 * SECOND;
const SYMBOLS = fiveSeconds().symbols.length;
/** A day with continuous trading from 09:15 to 15:30, the hours that the reference assumes. */
const MONDAY = istDate('2026-01-05');
/** From a Friday over a weekend and Republic Day to a Tuesday. */
const FRIDAY = istDate('2026-01-23');
const TUESDAY = istDate('2026-01-27');
const FRESH = (now: Instant): Instant => plus(now, -SECOND);

export async function slotsMeasures(): Promise<readonly Measure[]> {
  const measures: Measure[] = [];
  for (const callMs of [0, 100, 300]) measures.push(await measureFilledSlots(callMs));
  return [
    ...measures,
    ...(await measureFiveDays()),
    await measureStalledCall(),
    await measureDeadToken('yesterday’s token', (now) => plus(now, -DAY)),
    await measureDeadToken('a token that the broker has revoked', FRESH),
    await measureTokenDelay(),
  ];
}

/**
 * A slot counts if it has all symbols; a round of the reference counts for the slot in which it
 * begins.
 */
async function measureFilledSlots(callMs: number): Promise<Measure> {
  const [from, until] = [istInstant(MONDAY, '09:15'), istInstant(MONDAY, '15:30')];
  const day = await harvested({ from: plus(from, -DAY), sessions: 1, callMs, tokenAt: FRESH });
  const ours = Map.groupBy(rowsIn(day, MONDAY), (slot) => slot);
  const complete = [...ours].filter(
    ([slot, rows]) => rows.length === SYMBOLS && slot >= from && slot < until,
  );
  const rounds = referenceRounds(from, until, SYMBOLS, () => callMs);
  return {
    what: `slots filled 09:15–15:30, ${String(SYMBOLS)} symbols, ${String(callMs)} ms a call`,
    unit: 'slots',
    ours: complete.length,
    baseline: new Set(rounds.map(({ at }) => Math.floor((at - from) / EVERY))).size,
    aim: { exactly: (until - from) / EVERY },
  };
}

/** The first books are in the day's own file if a row of that file was requested at the opening. */
async function measureFiveDays(): Promise<readonly Measure[]> {
  const from = istInstant(FRIDAY, '08:45');
  const ours = await harvested({ from, sessions: 2, callMs: 0, tokenAt: FRESH });
  const rounds = referenceRounds(from, istInstant(TUESDAY, '16:00'), SYMBOLS, () => 0);
  const mornings = [FRIDAY, TUESDAY];
  const first = (date: IstDate) => istInstant(date, '09:15');
  return [
    {
      what: 'mornings of two whose books of 09:15 are in that day’s file',
      unit: 'days',
      ours: mornings.filter((date) => rowsIn(ours, date).includes(first(date))).length,
      baseline: mornings.filter((date) =>
        rounds.some((one) => one.file === date && one.at === first(date)),
      ).length,
      aim: { exactly: 2 },
    },
    {
      what: 'rows of a Saturday, a Sunday and a holiday',
      unit: 'rows',
      ours: [...ours.slots.values()].flat().filter((at) => !isTradingDay(istDateAt(at))).length,
      baseline: SYMBOLS * rounds.filter(({ at }) => !isTradingDay(istDateAt(at))).length,
      aim: { exactly: 0 },
    },
  ];
}

const isTradingDay = (date: IstDate): boolean => dayOf(date).kind === 'open';

/** A call at 15:29:50 that gets no answer for 1,900 seconds. */
async function measureStalledCall(): Promise<Measure> {
  const at = plus(istInstant(MONDAY, '15:29'), 50 * SECOND);
  const hit = once((now) => now >= at);
  const ours = await harvested({
    from: istInstant(MONDAY, '08:45'),
    sessions: 1,
    callMs: 0,
    tokenAt: FRESH,
    answer: (now) => (hit(now) ? 'nothing' : 'book'),
  });
  const held = once((now) => now >= at);
  const rounds = referenceRounds(
    istInstant(MONDAY, '09:15'),
    istInstant(MONDAY, '18:00'),
    SYMBOLS,
    (now) => (held(now) ? 1_900 * SECOND : 0),
  );
  const close = istInstant(MONDAY, '16:00');
  return {
    what: 'rows after the market closed (16:00), one call without an answer at 15:29:50',
    unit: 'rows',
    ours: rowsIn(ours, MONDAY).filter((slot) => slot >= close).length,
    baseline: SYMBOLS * rounds.filter((round) => round.at >= close).length,
    aim: { exactly: 0 },
  };
}

/** Returns true only once, the first time that the condition holds. */
function once(isSo: (now: Instant) => boolean): (now: Instant) => boolean {
  let done = false;
  return (now) => {
    if (done || !isSo(now)) return false;
    done = true;
    return true;
  };
}

async function measureDeadToken(
  which: string,
  tokenAt: (now: Instant) => Instant,
): Promise<Measure> {
  const callMs = 50;
  const from = istInstant(MONDAY, '08:45');
  const ours = await harvested({ from, sessions: 1, callMs, tokenAt, answer: () => 'refused' });
  const rounds = referenceRounds(from, istInstant(MONDAY, '18:00'), SYMBOLS, () => callMs);
  return {
    what: `calls in a day with ${which}, ${String(callMs)} ms a call`,
    unit: 'calls',
    ours: ours.calls,
    baseline: SYMBOLS * rounds.length,
    aim: null,
  };
}

/**
 * The shortest session, whose harvester holds yesterday's token until a login in its second half
 * hour.
 */
async function measureTokenDelay(): Promise<Measure> {
  const from = istInstant(istDate('2026-11-08'), '17:50');
  const lags: number[] = [];
  for (let slot = 0; slot < MINUTE; slot += EVERY) {
    // Just too late for the read at the start of that slot.
    const publishedAt = plus(from, 40 * MINUTE + slot + 1);
    const tokenAt = (now: Instant) => plus(now, now < publishedAt ? -DAY : -SECOND);
    const day = await harvested({ from, sessions: 1, callMs: 100, tokenAt });
    const [first = Infinity] = rowsIn(day, istDateAt(from));
    lags.push(first - publishedAt);
  }
  return {
    what: 'from token published to token in use, at worst',
    unit: 'ms',
    ours: Math.max(...lags),
    baseline: null,
    aim: { atMost: MINUTE },
  };
}

const rowsIn = ({ slots }: Harvested, date: IstDate): readonly Instant[] => slots.get(date) ?? [];
