// Keeps objects in memory, as a bucket that can be unreachable, hang, or fail after it has stored an object.
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { FyersError } from '../../core/errors.ts';
import type { ObjectStore } from '../../core/ports.ts';

export interface MemoryBucket extends ObjectStore {
  readonly stored: ReadonlyMap<string, Buffer>;
  /** Runs before each call, which waits for it and rejects with its error. */
  before: (call: 'put' | 'get', key: string) => void | Promise<void>;
  /** Runs after a put has stored. */
  after: (key: string) => void | Promise<void>;
  /** Returns a bucket with the present objects. */
  copy(): MemoryBucket;
  /** Returns the sorted keys of the day's segments. */
  pieces(log: 'day' | 'events'): readonly string[];
  /** Returns the lines of those segments in order, without headers. */
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

export function throwUnreachable(): never {
  throw new FyersError('platform.store', 'The bucket cannot be reached.', 'Try again.');
}
