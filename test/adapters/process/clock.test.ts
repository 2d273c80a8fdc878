import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from '../../../adapters/process/clock.ts';
import { HOUR, MINUTE, plus } from '../../../core/time.ts';
import { SEVEN } from '../../support/keeper-fixture.ts';

const signal = new AbortController().signal;

beforeEach(() => {
  vi.useFakeTimers({ now: SEVEN, toFake: ['Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

test('sleepUntil resolves at once if the instant has passed', async () => {
  expect(systemClock.now()).toBe(SEVEN);
  await systemClock.sleepUntil(SEVEN, signal);
  await systemClock.sleepUntil(plus(SEVEN, -HOUR), signal);
});

test('sleepUntil waits for an instant in the future', async () => {
  vi.useRealTimers();
  const at = plus(systemClock.now(), 20);
  await systemClock.sleepUntil(at, signal);
  expect(systemClock.now()).toBeGreaterThanOrEqual(at);
});

test('sleepUntil does not wait longer if the clock is set back', async () => {
  const waiting = systemClock.sleepUntil(plus(SEVEN, 20), signal);
  vi.setSystemTime(plus(SEVEN, -HOUR));
  await waiting;
  expect(systemClock.now()).toBe(plus(SEVEN, -HOUR));
});

test('sleepUntil rejects with the reason of its signal, before and while it waits', async () => {
  const reason = new Error('stop');
  const later = plus(SEVEN, 5 * MINUTE);
  await expect(systemClock.sleepUntil(later, AbortSignal.abort(reason))).rejects.toBe(reason);
  const controller = new AbortController();
  const waiting = systemClock.sleepUntil(later, controller.signal);
  controller.abort(reason);
  await expect(waiting).rejects.toBe(reason);
});
