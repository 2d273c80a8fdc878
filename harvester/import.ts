// Imports a day of the reference implementation's CSV: assigns its rows to slots of the five-second
// grid, and writes a reason for every slot without a row.
import { inReferenceCsvHours } from '../core/recording/csv-files.ts';
import type { Row } from '../core/recording/columns.ts';
import { type SessionPlan, slotAtOrAfter } from '../core/market/phases.ts';
import type { Clock, Logger } from '../core/ports.ts';
import { type IstDate, SECOND, istDateAt, plus } from '../core/time.ts';
import { closeDayLog, planEvent } from './day.ts';
import type { Days } from './ports.ts';

/** Message of the `started` event of an imported day. */
export const IMPORTED = 'Imported';

/**
 * The interval that the reference implementation is configured for, although its rounds take
 * longer.
 */
const EVERY_SECONDS = 5;
const BATCH_ROWS = 500;

export interface ImportOptions {
  readonly days: Days;
  readonly clock: Clock;
  readonly events: Logger;
  readonly date: IstDate;
  readonly session: SessionPlan;
  /** In file order, from the beginning at each call; null for a line that is not a row. */
  readonly rows: () => AsyncIterable<Row | null>;
  readonly onRow: (rows: number) => void;
}

export interface Imported {
  readonly rows: number;
  readonly unreadable: number;
  /**
   * Rows of this date outside the reference implementation's recording hours: rows from a call that
   * ran past the close, and the first books of the next morning, which it stamps with the end of
   * this day.
   */
  readonly outsideHours: number;
  /** Rows of other days in the file. */
  readonly otherDays: ReadonlyMap<IstDate, number>;
}

/** Imports and ends the day without compacting it. Creates no day if no row is imported. */
export async function importDay(options: ImportOptions): Promise<Imported> {
  const { days, clock, date, session } = options;
  const { symbols, ...left } = await surveyFile(options);
  if (symbols.length === 0) return { ...left, rows: 0 };
  let imported = 0;
  const logs = await days.open(date);
  const sampling = { symbols, everySeconds: EVERY_SECONDS };
  try {
    await logs.record([
      planEvent({ clock, sampling, feed: 'rest' }, session, session.opensAt),
      { event: 'started', at: clock.now(), message: IMPORTED },
    ]);
    let batch: Row[] = [];
    for await (const row of options.rows()) {
      if (row === null || !isImportedRow(row, date)) continue;
      batch.push(moveToGrid(row, session));
      options.onRow((imported += 1));
      if (batch.length < BATCH_ROWS) continue;
      await logs.append(batch);
      batch = [];
    }
    if (batch.length > 0) await logs.append(batch);
  } finally {
    await logs.close();
  }
  await closeDayLog(options, date);
  return { ...left, rows: imported };
}

/**
 * Scans the file. Every symbol in it is expected from the opening on, even if it first appears
 * late.
 */
async function surveyFile({ rows, date }: ImportOptions) {
  const symbols = new Set<string>();
  const otherDays = new Map<IstDate, number>();
  let [unreadable, outsideHours] = [0, 0];
  for await (const row of rows()) {
    const day = row === null ? null : istDateAt(row.receivedAt);
    if (row === null || day === null) unreadable += 1;
    else if (day !== date) otherDays.set(day, (otherDays.get(day) ?? 0) + 1);
    else if (isImportedRow(row, date)) symbols.add(row.symbol);
    else outsideHours += 1;
  }
  return { symbols: [...symbols].sort(), unreadable, outsideHours, otherDays };
}

function isImportedRow({ receivedAt }: Row, date: IstDate): boolean {
  return istDateAt(receivedAt) === date && inReferenceCsvHours(receivedAt);
}

/** Moves a row to the slot in which its round began. */
function moveToGrid(row: Row, session: SessionPlan): Row {
  const next = slotAtOrAfter(session, EVERY_SECONDS, row.receivedAt) ?? session.closesAt;
  return { ...row, slot: next === row.receivedAt ? next : plus(next, -EVERY_SECONDS * SECOND) };
}
