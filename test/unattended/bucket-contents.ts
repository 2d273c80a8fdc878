// Reads the days in the bucket without the program's readers: Parquet file, holes of the event log, and manifest.
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { parquetReadObjects } from 'hyparquet';
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

/** @param objects by key. @returns the recorded days by date */
export async function readObjects(
  objects: ReadonlyMap<string, Buffer>,
): Promise<ReadonlyMap<string, RecordedDate>> {
  const recorded = new Map<string, RecordedDate>();
  for (const [key, manifest] of objects) {
    const [, prefix = '', date = ''] = /^(.*date=([\d-]+)\/.*)manifest\.json$/.exec(key) ?? [];
    if (date === '') continue;
    const contentOf = (name: string): Buffer => {
      const content = objects.get(`${prefix}${name}`);
      if (content === undefined) throw new Error(`${date} has a manifest and no ${name}`);
      return content;
    };
    recorded.set(date, {
      manifest: manifestCounts.parse(JSON.parse(manifest.toString())),
      rows: await rowsIn(contentOf('parquet/depth.parquet')),
      holes: holesIn(gunzipSync(contentOf('events.jsonl.gz')).toString()),
    });
  }
  return recorded;
}

const row = z.object({ symbol: z.string(), slot: z.date() });

async function rowsIn(parquet: Buffer): Promise<readonly string[]> {
  const rows = await parquetReadObjects({
    file: new Uint8Array(parquet).buffer,
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
