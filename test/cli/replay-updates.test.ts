// Tests `./fyers replay --updates`: the updates and gaps of a stream's day, in their time.
import { expect, test } from 'vitest';
import { OPENS_AT } from '../support/depth.ts';
import { recordDay } from '../support/recorded-day.ts';
import { closed, INFY, level, message, opened, snapshot } from '../support/recorded-stream.ts';
import { recordStreamDay, SBIN } from '../support/recorded-stream.ts';
import { virtualClock } from '../support/virtual-clock.ts';
import { openStagePerTest } from './cli-harness.ts';

const clock = virtualClock(OPENS_AT);
const cli = openStagePerTest(() => ({ clock }));

const SEGMENTS = [
  [opened(0), snapshot(1_000, 1), snapshot(1_500, 2 ** 40, { symbol: INFY, feedTime: 2n ** 60n })],
  [message(11_000, 2, { bids: [level(0, 427.25, 1_007)] }), closed(12_000)],
  [opened(20_000), snapshot(21_000, 1)],
];

test('Updates and gaps come in their order, with the levels that changed', async () => {
  await recordStreamDay({ dataDir: cli.dataDir, segments: SEGMENTS });
  const { code, out } = await cli.run('replay', '--updates', '--json');
  expect(code).toBe(0);
  const lines = out.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines.map(({ kind, symbol, reason }) => [kind, symbol, reason])).toEqual([
    ['update', SBIN, 'first'],
    ['update', INFY, 'first'],
    ['update', SBIN, null],
    ['gap', SBIN, 'closed'],
    ['gap', INFY, 'closed'],
    ['update', SBIN, 'reconnect'],
    // The log ends without the end of its connection.
    ['gap', SBIN, 'stopped'],
  ]);
  expect(lines[1]).toMatchObject({ feedTime: '1152921504606846976', sequence: 2 ** 40 });
  expect(lines[2]).toMatchObject({
    ...{ receivedAt: '2026-11-25T09:00:11.000+05:30', socket: 'tbt 1', sequence: 2, number: 2 },
    levels: [{ side: 'bid', level: 0, price: 427.25, quantity: 1_007, orders: 1 }],
  });
  expect(lines[3]).toMatchObject({ receivedAt: '2026-11-25T09:00:12.000+05:30' });
});

test('Without --json each line is text; --symbols selects', async () => {
  await recordStreamDay({ dataDir: cli.dataDir, segments: SEGMENTS });
  const { out } = await cli.run('replay', '--updates', '--symbols', 'sbin');
  expect(out.split('\n').map((line) => line.slice(0, 50))).toEqual([
    '09:00:01.000 NSE:SBIN-EQ whole book (first): bid 1',
    '09:00:11.000 NSE:SBIN-EQ bid 1 427.25 x 1,007',
    expect.stringMatching(/^09:00:12.000 NSE:SBIN-EQ gap, closed: /),
    '09:00:21.000 NSE:SBIN-EQ whole book (reconnect): b',
    expect.stringMatching(/^09:00:21.000 NSE:SBIN-EQ gap, stopped: /),
  ]);
  for (const args of [
    ['--updates', '--symbols', 'TCS'],
    ['--symbols', 'SBIN'],
  ]) {
    expect(await cli.run('replay', ...args)).toMatchObject({ code: 2, out: '' });
  }
});

test('Waits as the day did, or so many times less', async () => {
  await recordStreamDay({ dataDir: cli.dataDir, segments: SEGMENTS });
  const waited = async (...args: readonly string[]) => {
    const before = clock.now();
    expect((await cli.run('replay', '--updates', ...args)).code).toBe(0);
    return clock.now() - before;
  };
  expect(await waited('--speed', '1')).toBe(20_000);
  expect(await waited('--speed', '8')).toBe(2_500);
  expect(await waited()).toBe(0);
});

test('A polled day has no updates', async () => {
  await recordDay({ dataDir: cli.dataDir });
  const { code, out, err } = await cli.run('replay', '--updates');
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain('--feed tbt');
});
