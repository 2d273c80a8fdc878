// Computes the simulated market's hours by date and kind of instrument from its own table (`market.json`). On a date
// without a session books still move by the usual hours, so that tests can use sessions that are not in the table;
// only market status, history and the previous session's last trade treat the market as closed.
import table from './market.json' with { type: 'json' };
import { DAY, HOUR, MINUTE, isWeekend, istMidnight } from './time.ts';

/**
 * auction: shares that have derivatives · plain: the other shares, and the index · future: of the current month · option:
 * and later futures · expiring: contracts of an index on their last day
 */
export type Kind = keyof typeof table.hours;

/** Milliseconds after 00:00 IST. */
interface Span {
  readonly from: number;
  readonly to: number;
}

export interface Hours {
  /** Continuous matching. */
  readonly continuous: readonly Span[];
  /** Orders gather for an auction, and the book may cross. */
  readonly gathering: readonly Span[];
  /** Time of the closing auction's trade; null without one. */
  readonly matchAt: number | null;
  readonly postClose: Span | null;
}

interface Row {
  readonly preopen?: string;
  readonly continuous: readonly string[];
  readonly auction?: string;
  readonly postClose?: string;
}

const ROWS: Readonly<Record<Kind, readonly (Row & { readonly from: string })[]>> = table.hours;
const SESSIONS: Readonly<Record<string, Row | null>> = table.sessions;

export function hoursOn(now: number, kind: Kind): Hours {
  const date = dateText(now);
  const isShare = kind === 'auction' || kind === 'plain';
  const usual = ROWS[kind].findLast(({ from }) => from <= date);
  const special = SESSIONS[date] ?? null;
  const { continuous, ...rest }: Row = special ?? usual ?? { continuous: [] };
  // No source has the auctions or the post-close of derivatives in a special session.
  const others: Omit<Row, 'continuous'> = special === null || isShare ? rest : {};
  const spans = (...texts: readonly (string | undefined)[]) =>
    texts.flatMap((text) => (text === undefined ? [] : [spanOf(text)]));
  return {
    continuous: spans(...continuous),
    gathering: spans(others.preopen, others.auction),
    matchAt: spans(others.auction)[0]?.to ?? null,
    postClose: spans(others.postClose)[0] ?? null,
  };
}

/** True if the exchange trades on the date. */
export function isOpen(now: number): boolean {
  const date = dateText(now);
  return date in SESSIONS || (!isWeekend(now) && !table.holidays.includes(date));
}

/** The latest midnight before that of `now` whose date is a trading day. */
export function openDayBefore(now: number): number {
  let midnight = istMidnight(now) - DAY;
  while (!isOpen(midnight)) midnight -= DAY;
  return midnight;
}

/**
 * The broker's status for NSE's cash market or its derivatives. It follows the clock: on a holiday in September 2026
 * it was seen to be that of an ordinary evening. Whether a closing auction counts as open is a guess.
 */
export function statusAt(now: number, kind: 'auction' | 'future'): string {
  if (isWeekend(now) && !isOpen(now)) return 'CLOSED';
  const time = now - istMidnight(now);
  const { continuous, gathering, postClose } = hoursOn(now, kind);
  const opensAt = continuous[0]?.from ?? 0;
  const isIn = ({ from, to }: Span) => from <= time && time < to;
  if (time < opensAt) {
    if (gathering.some(isIn)) return 'PREOPEN';
    return gathering.some(({ to }) => to <= time) ? 'PREOPEN_CLOSED' : 'CLOSED';
  }
  const auction = gathering.find(({ from }) => from > opensAt);
  if (continuous.some(isIn) || (auction !== undefined && time < auction.to)) return 'OPEN';
  if (postClose === null || time < postClose.from) return 'CLOSED';
  return time < postClose.to ? 'POSTCLOSE_START' : 'POSTCLOSE_CLOSED';
}

/** `09:15-15:30` */
function spanOf(text: string): Span {
  const [from = 0, to = 0] = text.split('-').map((time) => {
    const [hour = 0, minute = 0] = time.split(':').map(Number);
    return hour * HOUR + minute * MINUTE;
  });
  return { from, to };
}

/** `2026-11-25`, in India. */
export function dateText(now: number): string {
  return new Date(istMidnight(now) + 12 * HOUR).toISOString().slice(0, 10);
}
