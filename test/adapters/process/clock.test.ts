import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from '../../../adapters/process/clock.ts';
import { HOUR, MINUTE, plus } from '../../../core/time.ts';
import { SEVEN } from '../../support/keeper-world.ts';

const signal = new AbortController().signal;

beforeEach(() => {
  vi.useFakeTimers({ now: SEVEN, toFake: ['Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

test('The clock resolves at once when the instant has passed', async () => {
  expect(systemClock.now()).toBe(SEVEN);
  await systemClock.sleepUntil(SEVEN, signal);
  await systemClock.sleepUntil(plus(SEVEN, -HOUR), signal);
});

test('The clock waits for a near instant', async () => {
  vi.useRealTimers();
  const at = plus(systemClock.now(), 20);
  await systemClock.sleepUntil(at, signal);
  expect(systemClock.now()).toBeGreaterThanOrEqual(at);
});

test('A clock that is set back meanwhile is not waited for again', async () => {
  const waiting = systemClock.sleepUntil(plus(SEVEN, 20), signal);
  vi.setSystemTime(plus(SEVEN, -HOUR));
  await waiting;
  expect(systemClock.now()).toBe(plus(SEVEN, -HOUR));
});

test("The clock rejects with the signal's reason, before and while it waits", async () => {
  const reason = new Error('stop');
  const later = plus(SEVEN, 5 * MINUTE);
  await expect(systemClock.sleepUntil(later, AbortSignal.abort(reason))).rejects.toBe(reason);
  const controller = new AbortController();
  const waiting = systemClock.sleepUntil(later, controller.signal);
  controller.abort(reason);
  await expect(waiting).rejects.toBe(reason);
});
