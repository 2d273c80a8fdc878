// Tests the section of `./fyers report` on a stream.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { startStreamFigures } from '../../core/stream/stream-figures.ts';
import { encodeMark } from '../../core/stream/frame-log.ts';
import { HOUR, MINUTE, plus } from '../../core/time.ts';
import { OPENS_AT } from '../support/depth.ts';
import { recordDay } from '../support/recorded-day.ts';
import {
  closed,
  INFY,
  opened,
  type Received,
  recordStreamDay,
  SBIN,
  snapshot,
} from '../support/recorded-stream.ts';
import { openStagePerTest } from './cli-harness.ts';

const cli = openStagePerTest();

/** Two books, one of which is closed from minute 2 to minute 3. */
const RECEIVED = [
  ...[opened(0), opened(0, 2)],
  ...[snapshot(1_000, 1), snapshot(30_000, 1, { symbol: INFY, socket: 2 }), snapshot(61_400, 2)],
  ...[closed(2 * MINUTE), opened(3 * MINUTE - 5), snapshot(3 * MINUTE, 1)],
  snapshot(3 * MINUTE + 30_000, 2),
  // After the session.
  ...[closed(7 * HOUR + MINUTE), closed(7 * HOUR + MINUTE, 2)],
];

interface Figures {
  readonly delay: unknown;
  readonly symbols: unknown;
  readonly gaps: unknown;
  readonly minutes: readonly { readonly messagesPerSecond: number }[];
}

async function figuresOf(...argv: readonly string[]) {
  const { out } = await cli.run('report', '--json', ...argv);
  return (JSON.parse(out) as { readonly stream?: Figures }).stream;
}

test('shows depth, messages, gaps and delay, and the figures as JSON', async () => {
  await recordStreamDay({ dataDir: cli.dataDir, segments: [RECEIVED], minutes: 10 });
  const stream = await figuresOf();
  expect(stream).toMatchObject({
    symbol: SBIN,
    gaps: [
      {
        ...{ symbol: SBIN, reason: 'closed', from: '2026-11-25T09:02:00.000+05:30' },
        to: '2026-11-25T09:03:00.000+05:30',
      },
    ],
    delay: { unit: 's', count: 4, median: 0, longest: 400 },
    symbols: [
      { symbol: SBIN, updates: 3, soundMs: 419 * MINUTE - 1_000, sessionMs: 7 * HOUR },
      { symbol: INFY, updates: 1, soundMs: 419.5 * MINUTE },
    ],
  });
  expect(stream).not.toHaveProperty('depth');
  expect(stream?.minutes.map(({ messagesPerSecond }) => 60 * messagesPerSecond)).toEqual([2, 1, 2]);
  expect((await cli.run('report')).code).toBe(0);
  const html = await readFile(path.join(cli.folder, 'report-2026-11-25.html'), 'utf8');
  for (const text of ['<h2>Stream</h2>', 'Depth of SBIN', 'Messages a second', 'closed']) {
    expect(html).toContain(text);
  }
  expect(html).not.toContain('NaN');
  expect(html).not.toMatch(/<script|<link|<img|@import|url\(/);
});

test('draws the depth of the named symbol', async () => {
  await recordStreamDay({ dataDir: cli.dataDir, segments: [RECEIVED], minutes: 10 });
  expect(await figuresOf('--symbol', 'infy')).toMatchObject({ symbol: INFY });
  expect(await cli.run('report', '--symbol', 'TCS')).toMatchObject({
    code: 2,
    out: expect.not.stringContaining('page') as string,
  });
});

test('has no section for a polled day', async () => {
  await recordDay({ dataDir: cli.dataDir });
  expect(await figuresOf()).toBeUndefined();
  await cli.run('report');
  const html = await readFile(path.join(cli.folder, 'report-2026-11-25.html'), 'utf8');
  expect(html).not.toContain('Stream');
  expect((await cli.run('report', '--symbol', 'SBIN', '--force')).code).toBe(2);
});

function figuresFrom(received: readonly Received[]) {
  const until = plus(OPENS_AT, 10 * MINUTE);
  const figures = startStreamFigures({
    ...{ symbols: [SBIN], symbol: SBIN, topics: new Map(), from: OPENS_AT, until },
  });
  for (const { at, socket, content } of received) {
    const isFrame = content instanceof Uint8Array;
    const bytes = isFrame ? content : encodeMark(content);
    figures.add({ kind: isFrame ? 'frame' : 'mark', receivedAt: at * 1_000, socket, bytes });
  }
  return figures.figures();
}

test('has a column for each interval at whose end the book is sound', () => {
  const { depth } = figuresFrom(RECEIVED);
  expect(depth.map(({ from }) => (from - OPENS_AT) / MINUTE)).toEqual([0, 1, 3, 4, 5, 6, 7, 8, 9]);
  expect(depth[0]?.bids).toHaveLength(50);
});

test.each([
  [(at: number) => Math.floor((at - 1_500) / 1_000), 's', 2_000],
  [(at: number) => at - 7, 'ms', 7],
  [(at: number) => (at - 7) * 1_000, 'µs', 7],
  [(at: number) => BigInt(at - 7) * 1_000_000n, 'ns', 7],
] as const)('takes the unit of the feed time from its digits: %#', (feedTimeAt, unit, delay) => {
  const sent = snapshot(1_000, 1);
  const { delay: found } = figuresFrom([
    opened(0),
    snapshot(1_000, 1, { feedTime: feedTimeAt(sent.at) }),
  ]);
  expect(found).toMatchObject({ unit, count: 1, median: delay, longest: delay });
});

test('has no delay for a feed time of an unknown unit', () => {
  expect(figuresFrom([opened(0), snapshot(1_000, 1, { feedTime: 12_345 })]).delay).toBeNull();
});
