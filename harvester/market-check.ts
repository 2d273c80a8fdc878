// Compares the calendar with the broker's market status, until the broker has answered once in a session. A difference is
// reported, and recording goes on.
import { marketDiffers } from '../core/depth/events.ts';
import type { SessionPlan } from '../core/market/phases.ts';
import type { Clock, Events } from '../core/ports.ts';
import { MINUTE, SECOND, plus } from '../core/time.ts';
import type { RecordingDay } from './day.ts';
import { type Due, due } from './due.ts';
import type { Bounds } from './ports.ts';

/** The status that the broker gives; null where it does not tell. Never throws. */
export type MarketStatus = (bounds: Bounds) => Promise<string | null>;

/** Into continuous trading, when every source says the same on an ordinary day. */
const AFTER = 5 * MINUTE;
/** Without an answer (no token yet, a line that is down, a permission that the app lacks) it is asked again that often. */
const AGAIN = 5 * MINUTE;
/** It is asked between two slots. */
const TIMEOUT_MS = 2 * SECOND;

/** Documented, and none of them is continuous trading; `CLOSED` is the sample's word, `CLOSE` the table's. */
const WITHOUT_TRADING: ReadonlySet<string> = new Set([
  'CLOSE',
  'CLOSED',
  'PREOPEN',
  'PREOPEN_CLOSED',
  'POSTCLOSE_START',
  'POSTCLOSE_CLOSED',
]);

export interface MarketCheckOptions {
  readonly clock: Clock;
  readonly events: Events;
  readonly signal: AbortSignal;
  readonly marketStatus?: MarketStatus;
}

export function marketCheck(
  { clock, events, signal, marketStatus }: MarketCheckOptions,
  session: SessionPlan,
  day: Pick<RecordingDay, 'note'>,
): Due {
  const trading = session.phases.find(({ name }) => name === 'CONTINUOUS');
  let answer: string | null = null;
  return due(plus(trading?.from ?? session.closesAt, AFTER), AGAIN, async () => {
    if (answer !== null || trading === undefined || marketStatus === undefined) return;
    if (clock.now() >= trading.to) return;
    const status = await marketStatus({ timeoutMs: TIMEOUT_MS, signal });
    answer = status;
    if (status === null || status === 'OPEN') return;
    events.emit(marketDiffers(status, WITHOUT_TRADING.has(status)));
    await day.note('market-status', `The broker says ${status} where the calendar says CONTINUOUS`);
  });
}
