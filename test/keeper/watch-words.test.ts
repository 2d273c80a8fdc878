// Tests that messages about the session are true on every kind of day.
import { describe, expect, test } from 'vitest';
import type { WatchSlot } from '../../core/schedule.ts';
import { istDate, istInstant } from '../../core/time.ts';
import { loginMessage, sessionToday } from '../../core/token/messages.ts';
import { watch } from '../../keeper/watch.ts';
import { keeperWorld } from '../support/keeper-fixture.ts';

const MUHURAT = '2026-11-08';
const at = (date: string, time: string) => istInstant(istDate(date), time);
const EARLY = {
  overrides: [
    {
      date: istDate('2026-11-25'),
      phases: [{ name: 'CONTINUOUS' as const, from: '06:30', to: '08:00' }],
    },
  ],
};

async function runWatch(date: string, slot: WatchSlot, calendar = {}) {
  const world = keeperWorld({ settings: { calendar } });
  world.clock.set(at(date, slot));
  const { signal } = new AbortController();
  const outcome = await watch(world.ports, world.settings, slot, signal).catch(
    (caught: unknown) => caught,
  );
  return { outcome, messages: world.messages };
}

describe('The watch', () => {
  test.each(['08:45', '09:05', '09:30'] as const)(
    'is not urgent at %s if the session is in the evening, and states when it opens',
    async (slot) => {
      const { outcome, messages } = await runWatch(MUHURAT, slot);
      expect(outcome).toMatchObject({ code: 'operator.login' });
      const { subject = '', text = '' } = messages[0] ?? {};
      expect(subject).toBe(`${slot} IST: no Fyers token for Sun ${MUHURAT}`);
      expect(text).toContain("Today's session opens at 18:00 IST.");
      expect(text).toContain('Good until 19:45 IST.');
      expect(`${String(outcome)}${text}`).not.toMatch(/near|09:15|09:00/);
    },
  );

  test('rests if the session is already over', async () => {
    expect(await runWatch('2026-11-25', '08:45', EARLY)).toMatchObject({
      outcome: { kind: 'rested' },
      messages: [],
    });
    expect((await runWatch('2026-11-25', '07:20', EARLY)).outcome).toMatchObject({
      kind: 'looked',
    });
  });
});

describe('The message with the link', () => {
  const way = { kind: 'command' } as const;
  test('is valid until the next morning on a day off', () => {
    const day = istDate('2026-11-28');
    const { text, subject } = loginMessage({
      ...{ day, way, calendar: {}, urgency: 'first' },
      now: at(day, '07:00'),
      reason: 'no refresh token is stored',
    });
    expect(subject).toContain('Sat 2026-11-28');
    expect(text).toContain('There is no session today (weekend).');
    expect(text).toContain('Good until 06:00 IST tomorrow.');
  });

  test.each([
    [MUHURAT, '15:59', '15:59 IST', 'opens at 18:00'],
    [MUHURAT, '16:00', 'URGENT 16:00 IST', 'opens at 18:00'],
    [MUHURAT, '18:00', 'URGENT 18:00 IST', 'has been open since 18:00'],
    [MUHURAT, '19:45', '19:45 IST', 'is over'],
    ['2026-11-25', '06:59', '06:59 IST', 'opens at 09:00'],
    ['2026-11-25', '07:00', 'URGENT 07:00 IST', 'opens at 09:00'],
    ['2026-11-29', '08:45', '08:45 IST', 'no session today'],
  ])('on %s at %s begins with "%s"', (day, time, alert, words) => {
    const found = sessionToday(istDate(day), {}, at(day, time));
    expect(found.alert).toBe(alert);
    expect(found.words).toContain(words);
  });
});
