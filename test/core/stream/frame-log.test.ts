import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  encodeMark,
  type FrameMark,
  frameLogHeader,
  type FrameRecord,
  parseMark,
  readFrameLog,
  receivedInstant,
  startFrameBatch,
} from '../../../core/stream/frame-log.ts';
import { instant } from '../../../core/time.ts';

const AT = instant(1_795_000_000_123);

const record = fc.record({
  kind: fc.constantFrom('frame', 'mark'),
  receivedAt: fc.integer({ min: 0, max: AT }).map(instant),
  socket: fc.nat(3),
  bytes: fc.uint8Array({ maxLength: 40 }),
});
const batches = fc.array(fc.array(record, { minLength: 1, maxLength: 4 }), { maxLength: 4 });
type Written = readonly Parameters<ReturnType<typeof startFrameBatch>['add']>[0][];

function fileOf(written: readonly Written[]): { file: Uint8Array; ends: readonly number[] } {
  const batch = startFrameBatch(crc32);
  const parts: Uint8Array[] = [frameLogHeader()];
  const ends = [frameLogHeader().length];
  for (const records of written) {
    for (const each of records) batch.add(each);
    parts.push(batch.take());
    ends.push((ends.at(-1) ?? 0) + (parts.at(-1)?.length ?? 0));
  }
  return { file: Buffer.concat(parts), ends };
}

function plain(records: Iterable<FrameRecord>) {
  return Array.from(records, (each) => ({
    ...each,
    receivedAt: receivedInstant(each),
    bytes: [...each.bytes],
  }));
}

const expected = (written: readonly Written[]) =>
  written.flat().map((each) => ({ ...each, bytes: [...each.bytes] }));

describe('A frame log', () => {
  test('is read as it was written', () => {
    fc.assert(
      fc.property(batches, (written) => {
        const { file } = fileOf(written);
        const read = readFrameLog(file, crc32);
        expect(read).toMatchObject({ wholeBytes: file.length, problem: null });
        expect(plain(read.records)).toEqual(expected(written));
      }),
    );
  });

  test('that is cut has the whole batches before the cut, and the place', () => {
    fc.assert(
      fc.property(batches, (written) => {
        const { file, ends } = fileOf(written);
        for (let cut = 0; cut < file.length; cut += 1) {
          const whole = ends.filter((end) => end <= cut);
          const read = readFrameLog(file.subarray(0, cut), crc32);
          expect(read.wholeBytes).toBe(whole.at(-1) ?? 0);
          expect(read.problem).toBe(whole.at(-1) === cut ? null : 'torn');
          expect(plain(read.records)).toEqual(
            expected(written.slice(0, Math.max(0, whole.length - 1))),
          );
        }
      }),
      { numRuns: 20 },
    );
  });

  test('with a changed byte anywhere has the batches before it only, and no other record', () => {
    fc.assert(
      fc.property(batches, fc.integer({ min: 1, max: 255 }), (written, change) => {
        const { file, ends } = fileOf(written);
        for (let at = 0; at < file.length; at += 1) {
          const changed = Uint8Array.from(file);
          changed[at] = (changed[at] ?? 0) ^ change;
          const whole = ends.filter((end) => end <= at);
          const read = readFrameLog(changed, crc32);
          expect(read.problem).not.toBeNull();
          expect(read.wholeBytes).toBe(whole.at(-1) ?? 0);
          expect(plain(read.records)).toEqual(
            expected(written.slice(0, Math.max(0, whole.length - 1))),
          );
        }
      }),
      { numRuns: 20 },
    );
  });

  test('of a later version, or another kind of file, is not read', () => {
    const { file } = fileOf([]);
    const later = Uint8Array.from(file);
    later[8] = 2;
    expect(readFrameLog(later, crc32)).toMatchObject({ problem: 'version', wholeBytes: 0 });
    expect(readFrameLog(Buffer.from('PAR1PAR1PAR1'), crc32)).toMatchObject({ problem: 'header' });
  });

  test('whose records do not fill a batch is damaged, even with a correct checksum', () => {
    const batch = startFrameBatch(crc32);
    batch.add({ kind: 'frame', receivedAt: AT, socket: 1, bytes: Buffer.from('abc') });
    const bytes = batch.take();
    const view = new DataView(bytes.buffer);
    view.setUint32(4, 2, true);
    view.setUint32(8, crc32(bytes.subarray(12), crc32(bytes.subarray(0, 8))), true);
    const file = Buffer.concat([frameLogHeader(), bytes]);
    const { problem, records } = readFrameLog(file, crc32);
    expect([problem, records.count, ...records]).toEqual(['damaged', 0]);
  });

  test('counts frames and bytes of the batch that is being filled', () => {
    const batch = startFrameBatch(crc32);
    expect(batch.bytes()).toBe(0);
    batch.add({ kind: 'mark', receivedAt: AT, socket: 1, bytes: new Uint8Array(1) });
    batch.add({ kind: 'frame', receivedAt: AT, socket: 1, bytes: new Uint8Array(100_000) });
    expect([batch.frames(), batch.bytes()]).toEqual([1, 12 + 13 + 1 + 13 + 100_000]);
    expect(batch.take()).toHaveLength(100_039);
    expect([batch.frames(), batch.bytes()]).toEqual([0, 0]);
  });

  test.each<FrameMark>([
    { mark: 'opened', name: 'tbt 1' },
    {
      mark: 'opened',
      name: 'hsm',
      login: { acknowledgeEvery: 2, liteCounts: { dp: null, sf: 1, if: 1 } },
    },
    { mark: 'closed' },
    { mark: 'bad-frame' },
    { mark: 'lost', frames: 7 },
  ])('has the mark %o', (mark) => {
    expect(parseMark(encodeMark(mark))).toEqual(mark);
  });

  test('skips the marks of a later release', () => {
    expect(parseMark(Buffer.from('{"mark":"later"}'))).toBeNull();
    expect(parseMark(Buffer.from('not JSON'))).toBeNull();
  });
});
