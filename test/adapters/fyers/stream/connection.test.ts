import { expect, test } from 'vitest';
import { StreamConnection, type Target } from '../../../../adapters/fyers/stream/connection.ts';
import { HOUR, type Instant, parseInstant, plus, SECOND } from '../../../../core/time.ts';

const NINE = parseInstant('2026-11-25T09:00:00+05:30');

function setUp(target: () => Promise<Target>) {
  const clock = { at: NINE, now: (): Instant => clock.at };
  const closed: string[] = [];
  const connection = new StreamConnection({
    clock,
    random: () => 0,
    wire: {
      target,
      opened: () => undefined,
      frame: () => false,
      text: () => undefined,
      lost: () => undefined,
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
  return { clock, closed, pass };
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
