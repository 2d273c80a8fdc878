// Derives the phases of each kind of symbol in a special session, such as muhurat or an exercise on a Saturday. What is
// written of such a session is written of shares that close by auction, and often ends with its continuous trading. From
// 7 December 2026 a rule says what follows: the closing auction keeps its ten minutes, derivatives trade five minutes longer
// than it, and five minutes later the post-close begins, which lasts ten.
import type { IstDate } from '../time.ts';
import { CALENDAR, type PhaseTimes, type Rule } from './calendar-data.ts';

type Shares = Rule['shares'][number];

/** The last rule that had begun, if any: derivatives had no pre-open at first. Dates before all rules have the first ones. */
export function ruleOn(date: IstDate, part: Rule['part'], shares: Shares): readonly Rule[] {
  const on = date < CALENDAR.coveredFrom ? CALENDAR.coveredFrom : date;
  const rule = CALENDAR.rules.findLast(
    (each) => each.part === part && each.shares.includes(shares) && each.from <= on,
  );
  return rule === undefined ? [] : [rule];
}

/**
 * @param written phases as the exchange announces them, for shares that close by auction
 * @returns the phases, and the source of those that were added
 */
export function specialTimes(
  date: IstDate,
  written: readonly PhaseTimes[],
  shares: Shares,
): { readonly times: readonly PhaseTimes[]; readonly source: string | null } {
  const times = timesOf(date, written, shares);
  const isLonger = (times.at(-1)?.to ?? '') > (written.at(-1)?.to ?? '');
  return { times, source: isLonger ? (closingOn(date, shares)?.source ?? null) : null };
}

function timesOf(
  date: IstDate,
  written: readonly PhaseTimes[],
  shares: Shares,
): readonly PhaseTimes[] {
  const last = written.findLastIndex(isContinuous);
  // Nothing is known of such a session but its hours.
  if (last === -1) return written;
  const [trading, after] = [written.slice(0, last + 1), written.slice(last + 1)];
  const follows = extended(trading, closingOn(date, shares)?.phases ?? []);
  if (shares === 'auction') return after.length > 0 ? written : follows;
  if (shares === 'plain') {
    return after.length > 0 ? [...trading, ...withoutAuction(after)] : follows;
  }
  const tail = after.length > 0 && after.every(({ name }) => name === 'UNKNOWN') ? after : null;
  const own = tail === null ? follows : [...trading, ...tail];
  const hasPreopen = ruleOn(date, 'preopen', shares).length > 0;
  return hasPreopen
    ? own.filter(({ name }) => name !== 'BLOCK_DEAL')
    : own.slice(own.findIndex(isContinuous));
}

function isContinuous({ name }: PhaseTimes): boolean {
  return name === 'CONTINUOUS';
}

function closingOn(date: IstDate, shares: Shares) {
  return CALENDAR.closings.findLast((each) => each.from <= date && each.shares.includes(shares));
}

/** With the phases that follow; without them if they would not end on the same day. */
function extended(
  trading: readonly PhaseTimes[],
  closing: (typeof CALENDAR.closings)[number]['phases'],
): readonly PhaseTimes[] {
  const all = [...trading];
  for (const { name, minutes, randomCloseAfter, certainty } of closing) {
    const before = all.at(-1);
    const from = before?.to ?? '';
    const to = clockAfter(from, minutes);
    if (before === undefined || to === null) return trading;
    if (before.name === name) {
      all[all.length - 1] = { ...before, to };
      continue;
    }
    const random = randomCloseAfter === undefined ? null : clockAfter(from, randomCloseAfter);
    all.push({
      name,
      from,
      to,
      ...(random === null ? {} : { randomCloseFrom: random }),
      ...(certainty === undefined ? {} : { certainty }),
    });
  }
  return all;
}

/** Null from midnight on. */
function clockAfter(time: string, minutes: number): string | null {
  const [hour = 0, minute = 0] = time.split(':').map(Number);
  const total = hour * 60 + minute + minutes;
  const text = (value: number) => String(value).padStart(2, '0');
  return total < 24 * 60 ? `${text(Math.floor(total / 60))}:${text(total % 60)}` : null;
}

/** The same time for shares whose closing price is an average: the auction's phases are one. */
function withoutAuction(after: readonly PhaseTimes[]): readonly PhaseTimes[] {
  if (!after.some(isOfAuction)) return after;
  const last = after.findLastIndex((each) => isOfAuction(each) || each.name === 'TRANSITION');
  const [first, end] = [after.findIndex(isOfAuction), after[last]];
  const from = after[first]?.from;
  if (from === undefined || end === undefined) return after;
  const calculation = { name: 'CLOSE_CALC', from, to: end.to, certainty: 'inferred' } as const;
  return [...after.slice(0, first), calculation, ...after.slice(last + 1)];
}

function isOfAuction({ name }: PhaseTimes): boolean {
  return name.startsWith('CAS_');
}
