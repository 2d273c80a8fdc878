// Makes files as the Python original leaves them.
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { REFERENCE_CSV_HEADER, referenceCsvLine } from '../../core/recording/csv-files.ts';
import type { Row } from '../../core/recording/columns.ts';
import { DAY, istDate, istInstant, plus } from '../../core/time.ts';
import { sampleRow } from './depth.ts';
import { moving } from './recorded-day.ts';

export const OLD_DAY = istDate('2025-12-24');

/** Rounds of the Python original: one every 5.25 seconds from 09:15:05.25 on, so many days later. */
export function oldRows(count: number, days = 0): readonly Row[] {
  return Array.from({ length: count }, (_, index) => {
    const at = plus(istInstant(OLD_DAY, '09:15'), 5_250 * (index + 1));
    const row = sampleRow('NSE:SBIN-EQ', at, moving(index));
    return { ...row, receivedAt: plus(at, days * DAY) };
  });
}

/** Its name in the folder. */
export async function oldFile(
  folder: string,
  rows: readonly Row[],
  more: readonly string[] = [],
  date: string = OLD_DAY,
): Promise<string> {
  const lines = [
    REFERENCE_CSV_HEADER,
    ...rows.flatMap((row) => referenceCsvLine(row) ?? []),
    ...more,
    '',
  ];
  const name = `market_depth_${date}.csv`;
  await writeFile(path.join(folder, name), lines.join('\n'));
  return name;
}
