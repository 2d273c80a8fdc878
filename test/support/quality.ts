// Makes rows to be judged, on a day whose phases the calendar knows.
import type { Book, Level } from '../../core/recording/book.ts';
import { COLUMNS } from '../../core/recording/columns.ts';
import { type Observed, observedOf } from '../../core/recording/observed.ts';
import type { QualityFacts } from '../../core/recording/quality.ts';
import { type Instant, istDate, istInstant } from '../../core/time.ts';
import { openPlan } from '../core/market/plans.ts';
import { sampleRow } from './depth.ts';

const DATE = istDate('2026-11-25');
const SYMBOL = 'NSE:SBIN-EQ';
export const at = (time: string): Instant => istInstant(DATE, time);
export const NOON = at('12:00');

/** Open by the calendar we ship: the closing auction of a share with derivatives, unless `plain`. */
export const session = (eligibility: 'auction' | 'plain' = 'auction') =>
  openPlan(DATE, { eligibility });

export const facts = (over: Partial<QualityFacts> = {}): QualityFacts => ({
  sessionOf: () => session(),
  planned: session(),
  tickOf: () => 0.05,
  lastCloseOf: () => null,
  closeWithinOf: () => 0.05,
  resyncsOf: () => [],
  ...over,
});

export const level = (price: number, quantity = 10): Level => ({ price, quantity, orders: 1 });

export function rowOf(slot: Instant, over: Partial<Book> = {}, symbol = SYMBOL): Observed {
  const row = sampleRow(symbol, slot, over);
  return observedOf(COLUMNS.map((column) => column.of(row)));
}
