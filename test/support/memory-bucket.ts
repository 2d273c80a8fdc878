// A bucket in memory that keeps what it is given, and can be down, hang, or answer with a failure for what it has stored.
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { createHash } from 'node:crypto';
import { FyersError } from '../../core/errors.ts';
import type { ObjectStore } from '../../core/ports.ts';

export interface MemoryBucket extends ObjectStore {
  readonly stored: ReadonlyMap<string, Buffer>;
  /** Called before each call; what it throws or awaits is what the caller sees. */
  before: (call: 'put' | 'get', key: string) => void | Promise<void>;
  /** Called after a put has stored. */
  after: (key: string) => void | Promise<void>;
  /** Another bucket with what is in this one now. */
  copy(): MemoryBucket;
  /** Names of the day's pieces, `day` or `events`, as they sort. */
  pieces(log: 'day' | 'events'): readonly string[];
  /** The lines of those pieces in their order, without headers. */
  lines(log: 'day' | 'events'): readonly string[];
}

export function memoryBucket(stored = new Map<string, Buffer>()): MemoryBucket {
  const pieces = (log: 'day' | 'events') =>
    [...stored.keys()].filter((key) => path.basename(key).startsWith(`${log}-`)).toSorted();
  const bucket: MemoryBucket = {
    stored,
    before: () => undefined,
    after: () => undefined,
    async putOnce(key, file, sha256) {
      await bucket.before('put', key);
      const bytes = await readFile(file);
      const kept = stored.get(key);
      if (createHash('sha256').update(bytes).digest('hex') !== sha256) {
        throw new Error(`${key} does not have its checksum`);
      }
      if (kept !== undefined) return kept.equals(bytes) ? 'same' : 'different';
      stored.set(key, bytes);
      await bucket.after(key);
      return 'stored';
    },
    async get(key, toFile) {
      await bucket.before('get', key);
      const kept = stored.get(key);
      if (kept !== undefined) await writeFile(toFile, kept);
      return kept !== undefined;
    },
    copy: () => memoryBucket(new Map(stored)),
    pieces,
    lines: (log) =>
      pieces(log).flatMap((key) =>
        gunzipSync(stored.get(key) ?? '')
          .toString('utf8')
          .split('\n')
          .filter((line) => line !== '' && !line.startsWith('timestamp,')),
      ),
  };
  return bucket;
}

export function unreachable(): never {
  throw new FyersError('platform.store', 'The bucket cannot be reached.', 'Try again.');
}
