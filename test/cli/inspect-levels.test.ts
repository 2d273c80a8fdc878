import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { segmentsSince } from '../../cli/shared/frames.ts';
import { istDate, istInstant, SECOND } from '../../core/time.ts';
import { IN_BUCKET, startBucket } from '../support/day-in-bucket.ts';
import {
  closed,
  INFY,
  level,
  message,
  opened,
  recordStreamDay,
  SBIN,
  snapshot,
} from '../support/recorded-stream.ts';
import { recordDay } from '../support/recorded-day.ts';
import { openStagePerTest } from './cli-harness.ts';

let bucket: Awaited<ReturnType<typeof startBucket>>;
beforeEach(async () => {
  bucket = await startBucket();
});
afterEach(() => bucket[Symbol.asyncDispose]());
const cli = openStagePerTest(() => ({ aws: bucket.aws }));

/** A reconnection, and two sockets. */
const SEGMENTS = [
  [
    ...[opened(0), opened(5, 2), snapshot(100, 1), snapshot(110, 1, { symbol: INFY, socket: 2 })],
    message(10_000, 2, { bids: [level(0, 427.25, 7)] }),
  ],
  [message(20_000, 3, { bids: [level(0, 427.25, 8)] }), closed(25_000)],
  [opened(30_000), snapshot(30_200, 1), message(30_250, 2, { asks: [level(49, 429.8, 9)] })],
  [message(40_000, 3, { asks: [level(0, 427.35, 11)] }), closed(50_000), closed(50_000, 2)],
];

interface Answer {
  readonly bids: readonly { readonly level: number; readonly quantity: number }[];
  readonly asks: readonly { readonly level: number; readonly quantity: number }[];
  readonly [key: string]: unknown;
}

async function json(...argv: readonly string[]) {
  const { code, out, err } = await cli.run('inspect', ...argv, '--json');
  return { code, err, answer: JSON.parse(out) as Answer };
}

describe('fyers inspect --levels', () => {
  test('shows the book of a millisecond, with all levels of both sides', async () => {
    await recordStreamDay({ dataDir: cli.dataDir, segments: SEGMENTS });
    const { code, answer } = await json('SBIN', '--at', '09:00:30.249', '--levels', '50');
    expect(code).toBe(0);
    expect([answer.bids.length, answer.asks.length]).toEqual([50, 50]);
    expect(answer.asks[49]?.quantity).toBe(149);
    expect(answer).toMatchObject({
      ...{ symbol: SBIN, at: '2026-11-25T09:00:30.249+05:30', phase: 'PREOPEN_ENTRY', ageMs: 49 },
      ...{ receivedAt: '2026-11-25T09:00:30.200+05:30', sequence: 1, socket: 'tbt 1' },
      feedTime: Math.floor(istInstant(istDate('2026-11-25'), '09:00:30') / SECOND),
    });
    const later = await json('SBIN', '--at', '09:00:30.250', '--levels', '50');
    expect(later.answer).toMatchObject({ sequence: 2, ageMs: 0 });
    expect(later.answer.asks[49]?.quantity).toBe(9);
    const { out } = await cli.run('inspect', 'SBIN', '--at', '09:00:30.250', '--levels', '50');
    const lines = out.split('\n');
    expect(lines).toContain('NSE:SBIN-EQ  2026-11-25 09:00:30.250 IST  PREOPEN_ENTRY');
    const rows = lines.map((line) => line.trim().split(/\s+/));
    expect(rows).toContainEqual(['1', '100', '427.25', '1', '427.35', '100', '1']);
    expect(rows).toContainEqual(['1', '149', '424.80', '50', '429.80', '9', '1']);
  });

  test('shows the best levels only, and the last sound book without a time', async () => {
    await recordStreamDay({ dataDir: cli.dataDir, segments: [...SEGMENTS, [closed(50_000)]] });
    const { code, answer } = await json('SBIN', '--levels', '3');
    expect(code).toBe(0);
    expect(answer.bids.map(({ level }) => level)).toEqual([0, 1, 2]);
    expect(answer.asks[0]?.quantity).toBe(11);
    expect(answer).toMatchObject({ receivedAt: '2026-11-25T09:00:40.000+05:30', ageMs: 0 });
  });

  test('finds a book of a connection that is older than the last opening', async () => {
    await recordStreamDay({ dataDir: cli.dataDir, segments: SEGMENTS });
    const { answer } = await json('INFY', '--at', '09:00:45', '--levels', '5');
    expect(answer).toMatchObject({ socket: 'tbt 2', sequence: 1 });
    expect(answer.bids).toHaveLength(5);
  });

  test('names the reason where the book is not sound, and its last sound time', async () => {
    await recordStreamDay({ dataDir: cli.dataDir, segments: SEGMENTS });
    const { code, answer } = await json('SBIN', '--at', '09:00:30.100', '--levels', '50');
    expect(code).toBe(2);
    expect(answer).toMatchObject({
      ...{ reason: 'closed', soundUntil: '2026-11-25T09:00:25.000+05:30', bids: [], asks: [] },
    });
    const failed = await cli.run('inspect', 'SBIN', '--at', '09:00:30.100', '--levels', '50');
    expect(failed).toMatchObject({ code: 2, out: expect.not.stringContaining('427') as string });
    expect(failed.err).toContain('last sound at 09:00:25.000');
    // The next step works.
    const [, next = ''] = /`\.\/fyers inspect ([^`]+)`/.exec(failed.err) ?? [];
    const { answer: last } = await json(...next.split(' '));
    expect(last).toMatchObject({ sequence: 3, reason: null });
    expect(last.bids[0]?.quantity).toBe(8);
  });

  test('has no book before the first snapshot', async () => {
    await recordStreamDay({ dataDir: cli.dataDir, segments: SEGMENTS });
    const { code, answer } = await json('SBIN', '--at', '09:00:00.050', '--levels', '50');
    expect(code).toBe(2);
    expect(answer).toMatchObject({ reason: null, soundUntil: null, bids: [] });
  });

  test('reads a day that is not compacted yet', async () => {
    await recordStreamDay({ dataDir: cli.dataDir, segments: SEGMENTS, state: 'ended' });
    expect((await json('SBIN', '--levels', '50')).answer).toMatchObject({ sequence: 3 });
  });

  test('reports a book of a recorder that died as not sound after its last frame', async () => {
    const [first = []] = SEGMENTS;
    await recordStreamDay({ dataDir: cli.dataDir, segments: [first] });
    const args = ['--levels', '50'];
    expect(await json('SBIN', '--at', '09:00:05', ...args)).toMatchObject({ code: 0 });
    expect(await json('SBIN', '--at', '09:00:55', ...args)).toMatchObject({
      code: 2,
      answer: { reason: 'stopped', soundUntil: '2026-11-25T09:00:10.000+05:30' },
    });
  });

  test('begins with the last opening of each socket', async () => {
    const date = istDate('2026-11-25');
    const names = ['090000', '090100', '091500', '120000', '120100'].map(
      (time, index) => `frames-${time}-000${String(index + 1)}.bin.zst`,
    );
    const since = (...times: readonly string[]) => {
      const openings = times.map((time, n) => [String(n), istInstant(date, time)] as const);
      return segmentsSince(names, date, new Map(openings)).length;
    };
    expect([since(), since('09:00:03'), since('12:00:30')]).toEqual([5, 5, 3]);
    expect(since('12:00:30', '09:16:00')).toBe(4);
    const { folder } = await recordStreamDay({
      dataDir: cli.dataDir,
      segments: SEGMENTS.with(1, []).slice(2),
    });
    const [first = ''] = await folder.frames.names();
    expect(first).toMatch(/^frames-090030-/);
    await writeFile(folder.pathOf('frames-090000-0009.bin.zst'), 'damaged');
    await writeFile(folder.pathOf('frames-090010-0010.bin.zst'), 'damaged');
    const { err, code } = await json('SBIN', '--at', '09:00:41', '--levels', '50');
    expect(code).toBe(0);
    expect(err).not.toContain('0009');
  });

  test('reads only the needed segments of a day in the bucket', async () => {
    const segments = [...SEGMENTS.slice(0, 2), [message(26_000, 4, {})], ...SEGMENTS.slice(2)];
    const ofSocket = segments.map((all) => all.filter(({ socket }) => socket === 1));
    const { folder, date } = await recordStreamDay({ dataDir: cli.dataDir, segments: ofSocket });
    await bucket.ship(cli.dataDir, date);
    const [first = ''] = await folder.frames.names();
    await rm(cli.dataDir, { recursive: true });
    const args = ['--date', '2026-11-25', ...IN_BUCKET, '--levels', '50'];
    expect((await json('SBIN', '--at', '09:00:21', ...args)).answer).toMatchObject({ sequence: 3 });
    const unsound = await json('SBIN', '--at', '09:00:30.100', ...args);
    expect(unsound).toMatchObject({ code: 2, answer: { reason: 'closed' } });
    bucket.damage(date, first, null);
    const { code, answer } = await json('SBIN', '--at', '09:00:31', ...args);
    expect(code).toBe(0);
    expect(answer).toMatchObject({ sequence: 2, socket: 'tbt 1' });
    const missing = await cli.run('inspect', 'SBIN', '--at', '09:00:21', ...args);
    expect(missing.code).toBe(2);
    expect(missing.err).toContain(first);
  });

  test('is refused for a day without frames, and for a wrong number or time', async () => {
    await recordDay({ dataDir: cli.dataDir });
    const { code, out, err } = await cli.run('inspect', 'SBIN', '--levels', '50');
    expect({ code, out }).toMatchObject({ code: 2 });
    expect(err).toContain('--feed tbt');
    for (const levels of ['0', '51', '-1', '5.5', 'all', '']) {
      expect((await cli.run('inspect', 'SBIN', '--levels', levels)).code, levels).toBe(2);
    }
    await recordStreamDay({ dataDir: path.join(cli.folder, 'b'), segments: SEGMENTS });
    for (const at of ['09:00.250', '09:00:30.25', '09:00:61.000', 'noon', '09:00:30.']) {
      const ran = await cli.run('inspect', 'SBIN', '--levels', '5', '--at', at, '--data', 'b');
      expect(ran.code, at).toBe(2);
      expect(ran.err).toContain(`--at "${at}"`);
    }
    const unknown = await cli.run('inspect', 'TCS', '--levels', '5', '--data', 'b');
    expect(unknown).toMatchObject({ code: 2 });
    expect((await cli.run('inspect', 'SBIN', '--at', '09:00:30.250', '--data', 'b')).code).toBe(2);
  });
});
