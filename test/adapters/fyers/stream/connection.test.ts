// Tests the rules of a connection on a clock of the test, without a feed.
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { StreamConnection, type Target } from '../../../../adapters/fyers/stream/connection.ts';
import { HOUR, type Instant, parseInstant, plus, SECOND } from '../../../../core/time.ts';

const NINE = parseInstant('2026-11-25T09:00:00+05:30');

function setUp(target: () => Promise<Target>, random = 0) {
  const clock = { at: NINE, now: (): Instant => clock.at };
  const closed: string[] = [];
  const connection: StreamConnection = new StreamConnection({
    clock,
    random: () => random,
    wire: {
      target,
      opened: () => {
        connection.accept();
      },
      frame: () => false,
      text: () => undefined,
      dropState: () => undefined,
      ping: 'ping',
    },
    events: { opened: () => undefined, closed: (detail) => closed.push(detail) },
  });
  const pass = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second += 1) {
      clock.at = plus(clock.at, SECOND);
      connection.step();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { clock, closed, connection, pass };
}

test('A connection whose address no socket can have is closed, and tried again', async () => {
  const { closed, pass } = setUp(() =>
    Promise.resolve({ url: 'ws://127.0.0.1:9/#x', headers: {} }),
  );
  await pass(10);
  expect(closed.length).toBeGreaterThan(1);
});

test('A clock that is set back by an hour costs a connection no hour', async () => {
  const { clock, closed, pass } = setUp(() => Promise.reject(new Error('no address')));
  await pass(60);
  const before = closed.length;
  clock.at = plus(clock.at, -HOUR);
  await pass(180);
  expect(closed.length).toBeGreaterThan(before + 1);
});

test('The delay after failures doubles to a minute', async () => {
  const asked: number[] = [];
  const { clock, pass } = setUp(() => {
    asked.push((clock.now() - NINE) / SECOND);
    return Promise.reject(new Error('no address'));
  }, 1);
  await pass(200);
  const delays = asked.slice(1).map((second, index) => second - (asked[index] ?? 0));
  expect(delays).toEqual([2, 4, 8, 16, 32, 60, 60]);
});

test('A connection is silent 15 s after the last frame or pong, and is closed', async () => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, autoPong: false });
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  const url = `ws://127.0.0.1:${String(address.port)}`;
  const { clock, closed, connection, pass } = setUp(() => Promise.resolve({ url, headers: {} }));
  await pass(1);
  await expect.poll(() => connection.isOpen).toBe(true);
  await pass(15);
  expect([closed, connection.problemAt(clock.now())]).toEqual([[], null]);
  await pass(1);
  expect(closed).toEqual(['neither data nor a pong']);
  expect(connection.problemAt(clock.now())).toBe('silent');
  await connection[Symbol.asyncDispose]();
  server.close();
});
