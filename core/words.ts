// Words that several commands put together in the same way.
import type { IstDate } from './time.ts';

/** `1 line`, `2 lines`, `1,532 lines`. */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}

/** `no day`, `one day, 2026-11-25`, `5 days from 2026-11-23 to 2026-11-27`; dates in their order. */
export function daysWords(dates: readonly IstDate[]): string {
  const [first, last] = [dates.at(0), dates.at(-1)];
  if (first === undefined || last === undefined) return 'no day';
  return dates.length === 1
    ? `one day, ${first}`
    : `${counted(dates.length, 'day')} from ${first} to ${last}`;
}
