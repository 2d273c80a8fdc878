// Reads the days in the bucket without the program's readers: Parquet file, holes of the event log, and manifest.
import { readFile } from 'node:fs/promises';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import * as z from 'zod/mini';

const manifestCounts = z.object({
  expected: z.number(),
  received: z.number(),
  explained: z.number(),
  unexplained: z.number(),
  leftOut: z.record(z.string(), z.number()),
});

const hole = z.object({
  event: z.literal('hole'),
  reason: z.string(),
  symbols: z.array(z.string()),
  from: z.string(),
  to: z.string(),
});

interface RecordedHole {
  readonly reason: string;
  readonly symbols: readonly string[];
  /** Epoch milliseconds; `to` is outside. */
  readonly from: number;
  readonly to: number;
}

export interface RecordedDate {
  readonly manifest: z.infer<typeof manifestCounts>;
  /** `symbol slot`, the slot in epoch milliseconds. */
  readonly rows: readonly string[];
  readonly holes: readonly RecordedHole[];
}

/** @param objects the file of each key. @returns the recorded days by date */
export async function readObjects(
  objects: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, RecordedDate>> {
  const recorded = new Map<string, RecordedDate>();
  for (const [key, manifestFile] of objects) {
    const [, prefix = '', date = ''] = /^(.*date=([\d-]+)\/.*)manifest\.json$/.exec(key) ?? [];
    if (date === '') continue;
    const place = (name: string): string => {
      const file = objects.get(`${prefix}${name}`);
      if (file === undefined) throw new Error(`${date} has a manifest and no ${name}`);
      return file;
    };
    recorded.set(date, {
      manifest: manifestCounts.parse(JSON.parse(await readFile(manifestFile, 'utf8'))),
      rows: await rowsIn(place('parquet/depth.parquet')),
      holes: holesIn(gunzipSync(await readFile(place('events.jsonl.gz'))).toString()),
    });
  }
  return recorded;
}

const row = z.object({ symbol: z.string(), slot: z.date() });

async function rowsIn(file: string): Promise<readonly string[]> {
  const rows = await parquetReadObjects({
    file: await asyncBufferFromFile(file),
    columns: ['symbol', 'slot'],
    compressors: { ZSTD: (bytes) => zstdDecompressSync(bytes) },
  });
  return rows.map((each) => {
    const { symbol, slot } = row.parse(each);
    return `${symbol} ${String(slot.getTime())}`;
  });
}

/** Skips incomplete lines, which a disk leaves that fails during a write. */
function holesIn(log: string): readonly RecordedHole[] {
  const lines = log.split('\n').filter((line) => /"event":"hole".*}$/.test(line));
  return lines.map((line) => {
    const { reason, symbols, from, to } = hole.parse(JSON.parse(line));
    return { reason, symbols, from: Date.parse(from), to: Date.parse(to) };
  });
}
