// The day's observations as CSV, one append and fdatasync a slot. A disk that fails gets a new file, never a second try.
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { CSV_HEADER, SCHEMA_VERSION, csvLine } from '../../core/depth/columns.ts';
import type { Row } from '../../core/depth/row.ts';
import { FyersError, toError } from '../../core/errors.ts';
import { type AppendFile, type Sync, openAppendFile } from './append-file.ts';

export interface DayLog {
  readonly cutBytes: number;
  /** replaced: the disk failed and the rows are in a new file. @throws FyersError `platform.disk` when that fails too */
  append(rows: readonly Row[]): Promise<'appended' | 'replaced'>;
  close(): Promise<void>;
}

const PART = new RegExp(`^day-(\\d+)\\.v${String(SCHEMA_VERSION)}\\.csv$`);
const partName = (n: number): string => `day-${String(n)}.v${String(SCHEMA_VERSION)}.csv`;

/** The files of the day's log in the order in which they were begun. */
export async function dayLogParts(folder: string): Promise<readonly string[]> {
  const numbers = (await readdir(folder)).flatMap((name) => PART.exec(name)?.[1] ?? []);
  return numbers
    .map(Number)
    .sort((a, b) => a - b)
    .map((n) => path.join(folder, partName(n)));
}

/** Continues the last file of the folder, or begins the first. */
export async function openDayLog(folder: string, sync?: Sync): Promise<DayLog> {
  let part = Math.max(0, (await dayLogParts(folder)).length - 1);
  let file = await openPart(folder, part, sync);
  const { cutBytes } = file;
  return {
    cutBytes,
    append: async (rows) => {
      const text = rows.map((row) => `${csvLine(row)}\n`).join('');
      try {
        await file.append(text);
        return 'appended';
      } catch {
        part += 1;
        file = await replace(file, folder, part, text, sync);
        return 'replaced';
      }
    },
    close: () => file.close(),
  };
}

async function openPart(folder: string, part: number, sync?: Sync): Promise<AppendFile> {
  const file = await openAppendFile(path.join(folder, partName(part)), sync);
  if (file.fresh) await file.append(`${CSV_HEADER}\n`);
  return file;
}

async function replace(
  failed: AppendFile,
  folder: string,
  part: number,
  text: string,
  sync?: Sync,
): Promise<AppendFile> {
  await failed.close().catch(() => undefined);
  try {
    const file = await openPart(folder, part, sync);
    await file.append(text);
    return file;
  } catch (caught) {
    const cause = toError(caught);
    throw new FyersError(
      'platform.disk',
      `The day log in ${folder} cannot be written: ${cause.message}.`,
      `Free space (\`df -h ${folder}\` shows it) or replace the disk, then start the harvester again.`,
      { cause },
    );
  }
}
