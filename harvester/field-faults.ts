// Counts the fields that the rows of a day lack, in the day's event log, and reports the first of a day to the operator.
import type { DayEvent, FieldFaultsEvent } from '../core/depth/day-events.ts';
import { fieldsUnusable } from '../core/depth/events.ts';
import { type DepthField, fieldFaultsIn } from '../core/depth/field-faults.ts';
import type { Clock, Events, Taken } from '../core/ports.ts';
import { type Instant, type IstDate, MINUTE } from '../core/time.ts';
import type { Journal } from './journal.ts';

export interface FieldFaultLog {
  /** Of rows that were stored. A field that is new to the day is written at once. */
  saw(stored: readonly Taken[]): Promise<void>;
  /** Writes what was counted since the last line. */
  flush(): Promise<void>;
}

export interface FieldFaultLogOptions {
  readonly clock: Clock;
  readonly events: Events;
  readonly journal: Pick<Journal, 'record'>;
  readonly date: IstDate;
  /** What earlier processes have written of the day. */
  readonly past: readonly DayEvent[];
}

/** A crash loses no more of the counts than that, and a day with a fault in every row has a hundred lines of them. */
const WRITE_EVERY_MS = 5 * MINUTE;

export function fieldFaultLog(options: FieldFaultLogOptions): FieldFaultLog {
  const { clock, events, journal, date } = options;
  const known = new Set<DepthField>(fieldFaultsIn(options.past).map(({ field }) => field));
  let writtenAt: Instant = clock.now();
  let rows: Partial<Record<DepthField, number>> = {};
  const symbols = new Set<string>();
  const flush = async (): Promise<void> => {
    if (symbols.size === 0) return;
    const line: FieldFaultsEvent = {
      event: 'field-faults',
      at: clock.now(),
      symbols: [...symbols],
      rows,
    };
    writtenAt = clock.now();
    rows = {};
    symbols.clear();
    await journal.record([line]);
  };
  return {
    async saw(stored) {
      const fresh = new Set<DepthField>();
      for (const taken of stored) {
        if (taken.kind === 'hole') continue;
        for (const field of taken.faults ?? []) {
          rows[field] = (rows[field] ?? 0) + 1;
          symbols.add(taken.symbol);
          if (!known.has(field)) fresh.add(field);
        }
      }
      if (fresh.size > 0) {
        events.emit(fieldsUnusable(date, [...fresh], { isFirst: known.size === 0 }));
        for (const field of fresh) known.add(field);
      }
      // Either way round: the clock may have been set.
      const isDue = Math.abs(clock.now() - writtenAt) >= WRITE_EVERY_MS;
      if (fresh.size > 0 || isDue) await flush();
    },
    flush,
  };
}
