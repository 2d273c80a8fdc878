// What the last recorded day ended with, from its own log: nothing is kept beside it that could differ.
import { cellIndex } from '../core/depth/columns.ts';
import { plansIn } from '../core/depth/day-events.ts';
import { keyOf, numberAt } from '../core/depth/observed.ts';
import type { SessionPlan } from '../core/market/phases.ts';
import { type Instant, type IstDate, MINUTE, plus } from '../core/time.ts';
import type { Days } from './ports.ts';

/** A row of these last minutes shows the last price, which is an auction's close: trading is over by then under every rule. */
const LAST = 10 * MINUTE;
const LTP = cellIndex('ltp');

/**
 * The last price of each symbol, rupees, at the end of the session before `date`. Empty where that session was not
 * recorded to its end: the price of another moment is no close.
 */
export async function lastCloses(
  days: Pick<Days, 'dates' | 'folder'>,
  date: IstDate,
  nextSession: (after: Instant) => SessionPlan,
): Promise<ReadonlyMap<string, number>> {
  const closes = new Map<string, number>();
  const before = (await days.dates()).findLast((each) => each < date);
  if (before === undefined) return closes;
  const folder = days.folder(before);
  const plan = plansIn(await folder.events()).at(-1);
  if (plan === undefined || nextSession(plan.closesAt).date !== date) return closes;
  const from = plus(plan.closesAt, -LAST);
  for await (const block of folder.rows()) {
    for (const row of block) {
      if (row === null) continue;
      const { symbol, slot } = keyOf(row);
      const price = numberAt(row, LTP);
      if (slot >= from && !Number.isNaN(price)) closes.set(symbol, price);
    }
  }
  return closes;
}
