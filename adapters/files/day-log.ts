// The day's observations as CSV, one append and fdatasync a slot. A disk that fails gets a new file, never a second try.
import { CSV_HEADER, SCHEMA_VERSION, csvLine } from '../../core/depth/columns.ts';
import type { Row } from '../../core/depth/row.ts';
import type { Disk } from './disk.ts';
import { type PartLog, type PartNames, openPartLog } from './part-log.ts';

export interface DayLog extends Omit<PartLog, 'append'> {
  /** replaced: the disk failed and the rows are in a new file. @throws FyersError `platform.disk` when that fails too */
  append(rows: readonly Row[]): Promise<'appended' | 'replaced'>;
}

const PART = new RegExp(`^day-(\\d+)\\.v${String(SCHEMA_VERSION)}\\.csv$`);

export const DAY_LOG: PartNames = {
  what: 'day log',
  nameOf: (part) => `day-${String(part)}.v${String(SCHEMA_VERSION)}.csv`,
  partOf: (name) => {
    const part = PART.exec(name)?.[1];
    return part === undefined ? null : Number(part);
  },
  earlier: `earlier.v${String(SCHEMA_VERSION)}.csv`,
  header: `${CSV_HEADER}\n`,
};

/** Continues the last file of the folder, or begins the first. */
export async function openDayLog(folder: string, disk?: Disk): Promise<DayLog> {
  const log = await openPartLog(folder, DAY_LOG, disk);
  return { ...log, append: (rows) => log.append(rows.map((row) => `${csvLine(row)}\n`).join('')) };
}
