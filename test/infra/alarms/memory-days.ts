// Keeps the harvester's days in memory, which is faster for a month than the disk.
import { type Cell, COLUMNS, type Row } from '../../../core/recording/columns.ts';
import type { DayEvent } from '../../../core/recording/day-events.ts';
import { observedOf } from '../../../core/recording/observed.ts';
import type { IstDate } from '../../../core/time.ts';
import type { Days } from '../../../harvester/ports.ts';

export interface MemoryDaysOptions {
  readonly diskUsedPercent: () => number;
  /** Reports whether closed days are in the bucket. */
  readonly shipped: () => boolean;
}

const SYMBOL = COLUMNS.findIndex(({ name }) => name === 'symbol');
const SLOT = COLUMNS.findIndex(({ name }) => name === 'slot');

/** A day that is not shipped has no manifest either. */
export function memoryDays({ diskUsedPercent, shipped }: MemoryDaysOptions): Days {
  const all = new Map<IstDate, { events: DayEvent[]; rows: Row[] }>();
  const dayOf = (date: IstDate) => {
    const day = all.get(date) ?? { events: [], rows: [] };
    all.set(date, day);
    return day;
  };
  const never = () => Promise.reject(new Error('never'));
  return {
    open: (date) => {
      const { events, rows } = dayOf(date);
      return Promise.resolve({
        cutBytes: 0,
        ends: () => null,
        append: (more) => {
          rows.push(...more);
          return Promise.resolve('appended');
        },
        record: (more) => {
          events.push(...more);
          return Promise.resolve();
        },
        close: () => Promise.resolve(),
      });
    },
    folder: (date) => ({
      events: () => Promise.resolve([...(all.get(date)?.events ?? [])]),
      rows: async function* () {
        await Promise.resolve();
        for (const { symbol, slot } of all.get(date)?.rows ?? []) {
          const cells: Cell[] = new Array<Cell>(COLUMNS.length).fill(null);
          [cells[SYMBOL], cells[SLOT]] = [symbol, slot];
          yield [observedOf(cells)];
        }
      },
      writeParquet: never,
      updateSpill: () => {
        throw new Error('no compaction');
      },
      zipLogs: never,
      quarantine: never,
      manifest: () => Promise.resolve(null),
      writeManifest: never,
      manifestFacts: never,
      pathOf: (name) => name,
      frames: {
        ...{ pathOf: (name) => name, facts: never, read: never, markUploaded: never },
        ...{ names: () => Promise.resolve([]), uploaded: () => Promise.resolve([]) },
        recover: () => Promise.resolve([]),
        hasRaw: () => Promise.resolve(false),
      },
      shipped: () => Promise.resolve(shipped() ? 'shipped' : null),
      markShipped: never,
    }),
    uploads: (date) => ({
      state: () => Promise.resolve(null),
      save: never,
      cut: never,
      remove: never,
      pathOf: (name) => `${date}/${name}`,
      placeFor: never,
      takeOver: never,
      forgetFetched: never,
    }),
    putAside: never,
    dates: () => Promise.resolve([...all.keys()].toSorted()),
    diskUsedPercent: () => Promise.resolve(diskUsedPercent()),
    makeRoom: () => Promise.resolve([]),
  };
}
