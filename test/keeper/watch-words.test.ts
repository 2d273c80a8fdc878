// What is said of the session must be true on every kind of day.
import { describe, expect, test } from 'vitest';
import type { WatchSlot } from '../../core/schedule.ts';
import { istDate, istInstant } from '../../core/time.ts';
import { loginMessage, sessionToday } from '../../core/token/login/message.ts';
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

async function looked(date: string, slot: WatchSlot, calendar = {}) {
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
    'says at %s of an evening session when it opens, and calls nothing urgent or near',
    async (slot) => {
      const { outcome, messages } = await looked(MUHURAT, slot);
      expect(outcome).toMatchObject({ code: 'operator.login' });
      const { subject = '', text = '' } = messages[0] ?? {};
      expect(subject).toBe(`${slot} IST: no Fyers token for Sun ${MUHURAT}`);
      expect(text).toContain("Today's session opens at 18:00 IST.");
      expect(text).toContain('Good until 19:45 IST.');
      expect(`${String(outcome)}${text}`).not.toMatch(/near|09:15|09:00/);
    },
  );

  test.each([
    ['08:45', 'opens at 09:00 IST'],
    ['09:05', 'has been open since 09:00 IST'],
    ['09:30', 'has been open since 09:00 IST'],
  ] as const)('says at %s of an ordinary day that its session %s', async (slot, words) => {
    const { outcome, messages } = await looked('2026-11-25', slot);
    expect(String(outcome)).toContain(words);
    expect(messages[0]?.subject).toBe(`URGENT ${slot} IST: no Fyers token for Wed 2026-11-25`);
    expect(messages[0]?.text).toContain(words);
  });

  test('rests after a session that is over before it looks', async () => {
    expect(await looked('2026-11-25', '08:45', EARLY)).toMatchObject({
      outcome: { kind: 'rested' },
      messages: [],
    });
    expect((await looked('2026-11-25', '07:20', EARLY)).outcome).toMatchObject({ kind: 'looked' });
  });
});

describe('The message with the link', () => {
  const way = { kind: 'command' } as const;
  test('is good until the morning after on a day off with a token of its own', () => {
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
  ])(
    'on %s at %s begins with "%s" where it wants to be read at once',
    (day, time, alert, words) => {
      const found = sessionToday(istDate(day), {}, at(day, time));
      expect(found.alert).toBe(alert);
      expect(found.words).toContain(words);
    },
  );
});
