// Writes a day folder as the harvester leaves it with a stream: its plan, and segments of frames.
import { writeFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { dayFolders } from '../../adapters/recordings/data-folder.ts';
import type { frameSegments } from '../../adapters/recordings/frame-segments.ts';
import {
  type FrameRecord,
  frameLogHeader,
  receivedInstant,
  startFrameBatch,
} from '../../core/stream/frame-log.ts';
import { type Instant, instant, istDateAt } from '../../core/time.ts';
import { NO_FACTS, shortSession } from './depth.ts';

interface StreamDay {
  readonly dataDir: string;
  readonly feed: 'tbt' | 'hsm';
  readonly symbols: readonly string[];
  readonly records: readonly FrameRecord[];
  /** By symbol; needed for HSM. */
  readonly fyTokens?: Readonly<Record<string, string>>;
}

const RECORDS_OF_A_SEGMENT = 500;

export async function recordStreamDay(day: StreamDay) {
  const { dataDir, feed, symbols, records } = day;
  const [first] = records;
  if (first === undefined) throw new Error('a day needs a record');
  const at = receivedInstant(first);
  const date = istDateAt(at);
  const days = dayFolders(dataDir);
  const open = await days.open(date);
  const session = { ...shortSession(at), session: 'short', source: 'test' };
  const { opensAt, closesAt } = session;
  await open.record([
    {
      ...{ event: 'plan', at, symbols: [...symbols], everySeconds: 5, opensAt, closesAt, from: at },
      ...{ feed, session: 'short', certainty: 'sourced', source: 'test' },
    },
    ...symbols.map((symbol) => ({
      ...{ event: 'symbol' as const, at, symbol, ...NO_FACTS },
      fyToken: day.fyTokens?.[symbol] ?? null,
    })),
  ]);
  await open.close();
  const segments = days.frames(date);
  for (let from = 0; from < records.length; from += RECORDS_OF_A_SEGMENT) {
    await writeSegment(
      segments,
      instant(at + from),
      records
        .slice(from, from + RECORDS_OF_A_SEGMENT)
        .map((record) => ({ ...record, receivedAt: receivedInstant(record) })),
    );
  }
  return { date, segments };
}

type BatchRecord = Parameters<ReturnType<typeof startFrameBatch>['add']>[0];

export async function writeSegment(
  segments: ReturnType<typeof frameSegments>,
  from: Instant,
  records: readonly BatchRecord[],
): Promise<void> {
  const batch = startFrameBatch(crc32);
  for (const record of records) batch.add(record);
  const raw = await segments.placeFor(from);
  await writeFile(raw, Buffer.concat([frameLogHeader(), batch.take()]));
  await segments.seal(raw);
}
