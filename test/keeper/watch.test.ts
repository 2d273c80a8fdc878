import { describe, expect, test } from 'vitest';
import type { Proof } from '../../core/ports.ts';
import type { WatchSlot } from '../../core/schedule.ts';
import { DAY, type Instant, MINUTE, istDate, istInstant, plus } from '../../core/time.ts';
import {
  NEW_LOGIN_STATE,
  formatLoginState,
  NEW_STATE,
  formatTokenState,
} from '../../core/token/state.ts';
import { appFingerprint, oldAppFingerprint } from '../../core/token/digest.ts';
import { linkPath } from '../../core/token/login/link.ts';
import { loginMessage, sessionToday } from '../../core/token/messages.ts';
import { watch } from '../../keeper/watch.ts';
import {
  APP,
  LINK_KEY,
  LIVE,
  LOGIN,
  NEW,
  SEVEN,
  SIGNER,
  type World,
  accessToken,
  keeperWorld,
} from '../support/keeper-fixture.ts';

const DAY_DATE = istDate('2026-11-25');
const at = (time: string): Instant => istInstant(DAY_DATE, time);
const runWatch = (world: World, slot: WatchSlot) => {
  world.clock.set(at(slot));
  return watch(world.ports, world.settings, slot, new AbortController().signal);
};
const createWorldWithToken = (proof: Proof, token = NEW): World => {
  const world = keeperWorld();
  world.parameters.set('FYERS_ACCESS_TOKEN', token);
  world.proofs.set(token, proof);
  return world;
};

describe('The watch', () => {
  test.each(['07:20', '08:45', '09:05', '09:30'] as const)(
    'sends nothing at %s if the token is live',
    async (slot) => {
      const world = createWorldWithToken(LIVE);
      expect(await runWatch(world, slot)).toEqual({ kind: 'looked', token: 'live' });
      expect(world.messages).toEqual([]);
      expect(world.writes).toEqual([]);
    },
  );

  test.each([
    ['2026-11-30', '07:20', [], null],
    ['2026-12-07', '07:20', [], 'ends soon'],
    ['2026-12-07', '08:45', [], null],
    ['2026-12-08', '07:20', [], null],
    ['2027-01-04', '07:20', [], 'is not complete'],
    ['2027-01-04', '07:20', [{ year: 2027, complete: true }], null],
  ] as const)(
    'checks the list of holidays on %s at %s with own days %j: %s',
    async (date, slot, overrides, words) => {
      const world = keeperWorld();
      const token = accessToken(istInstant(istDate(date), '07:00'), 1);
      world.parameters.set('FYERS_ACCESS_TOKEN', token);
      world.proofs.set(token, LIVE);
      world.clock.set(istInstant(istDate(date), slot));
      const settings = { ...world.settings, calendar: { overrides } };
      await watch(world.ports, settings, slot, new AbortController().signal);
      expect(world.messages.map(({ subject }) => subject)).toEqual(
        words === null ? [] : [`The list of market holidays ${words}`],
      );
      for (const { text } of world.messages) {
        expect(text).toContain(words === 'ends soon' ? 'until 2026-12-31' : 'of 2027');
        expect(text).toContain('fyers calendar --help');
      }
    },
  );

  test('sends nothing at 07:20 if the token has expired', async () => {
    const world = keeperWorld();
    expect(await runWatch(world, '07:20')).toEqual({ kind: 'looked', token: 'expired' });
    expect(world.messages).toEqual([]);
  });

  test.each([
    ['08:45', 'opens at 09:00 IST'],
    ['09:05', 'has been open since 09:00 IST'],
    ['09:30', 'has been open since 09:00 IST'],
  ] as const)(
    'sends an urgent message with the link at %s, and then fails: the session %s',
    async (slot, words) => {
      const world = keeperWorld();
      await expect(runWatch(world, slot)).rejects.toMatchObject({
        code: 'operator.login',
        message: expect.stringContaining(words) as unknown,
      });
      expect(world.messages[0]?.text).toContain(words);
      expect(world.messages).toEqual([
        {
          subject: `URGENT ${slot} IST: no Fyers token for Wed 2026-11-25`,
          text: expect.stringContaining(
            `\n${LOGIN.loginUrl}${linkPath(SIGNER, DAY_DATE)}\n`,
          ) as unknown,
        },
      ]);
    },
  );

  test.each<[string, World, string]>([
    [
      'a dead token',
      createWorldWithToken({ kind: 'dead' }),
      'Fyers refuses the stored access token',
    ],
    [
      "another account's token",
      createWorldWithToken({ kind: 'live', fyId: 'XB00002' }),
      'another Fyers account',
    ],
    [
      'a token that dies too early',
      createWorldWithToken(LIVE, accessToken(plus(SEVEN, -DAY))),
      'has expired',
    ],
  ])('treats %s as missing', async (_title, world, words) => {
    world.parameters.set('FYERS_TOKEN_STATE', formatTokenState({ ...NEW_STATE, fyId: 'XA00001' }));
    await expect(runWatch(world, '08:45')).rejects.toMatchObject({ code: 'operator.login' });
    expect(world.messages[0]?.text).toContain(words);
  });

  test('fails if Fyers is unreachable, and sends a message without a link', async () => {
    const world = keeperWorld();
    world.parameters.set('FYERS_ACCESS_TOKEN', NEW);
    world.proofs.set(NEW, Array<Proof>(99).fill({ kind: 'unreachable' }));
    await expect(runWatch(world, '08:45')).rejects.toMatchObject({ code: 'broker.unreachable' });
    expect(world.messages.map(({ text }) => text)).toEqual([
      expect.stringMatching(
        /^Fyers could not be reached(?:(?!https?:)[^])*Code broker\.unreachable/,
      ),
    ]);
    expect(world.clock.now() - at('08:45')).toBeLessThanOrEqual(MINUTE);
  });

  test.each([
    ['a refresh', 'FYERS_TOKEN_STATE', appFingerprint(LINK_KEY, APP)],
    ['a login', 'FYERS_LOGIN_STATE', appFingerprint(LINK_KEY, APP)],
    ['a refresh of an earlier version', 'FYERS_TOKEN_STATE', oldAppFingerprint(APP)],
    ['a login of an earlier version', 'FYERS_LOGIN_STATE', oldAppFingerprint(APP)],
  ] as const)(
    'reports an app secret that was refused at %s, and sends no link',
    async (_title, name, input) => {
      const world = keeperWorld();
      const latch = { reason: 'app-secret', input } as const;
      world.parameters.set(
        name,
        name === 'FYERS_TOKEN_STATE'
          ? formatTokenState({ ...NEW_STATE, latch })
          : formatLoginState({ ...NEW_LOGIN_STATE, refusedApp: input }),
      );
      await expect(runWatch(world, '09:05')).rejects.toMatchObject({ code: 'operator.app-secret' });
      expect(world.messages.map(({ text }) => text)).toEqual([
        expect.stringContaining('pulumi config set --secret secretKey'),
      ]);
      expect(world.messages[0]?.text).not.toContain(LOGIN.loginUrl);
    },
  );

  test('fails at 07:20 if no subscription is confirmed, with or without a token', async () => {
    for (const world of [keeperWorld(), createWorldWithToken(LIVE)]) {
      world.listener = false;
      await expect(runWatch(world, '07:20')).rejects.toMatchObject({ code: 'operator.channel' });
    }
  });

  test('rests on a day off even if `days` is all', async () => {
    const world = keeperWorld({ settings: { days: 'all' } });
    world.clock.set(istInstant(istDate('2026-11-29'), '08:45'));
    const signal = new AbortController().signal;
    expect(await watch(world.ports, world.settings, '08:45', signal)).toMatchObject({
      kind: 'rested',
    });
    expect(world.calls).toEqual([]);
    expect(world.messages).toEqual([]);
  });

  test('needs neither the PIN nor a claim', async () => {
    const world = createWorldWithToken(LIVE);
    const { secrets, claims, ...ports } = world.ports;
    const signal = new AbortController().signal;
    expect(secrets).toBeDefined();
    expect(claims).toBeDefined();
    world.clock.set(at('08:45'));
    expect(await watch(ports, world.settings, '08:45', signal)).toMatchObject({ token: 'live' });
  });
});

const MUHURAT = '2026-11-08';
const EARLY = {
  overrides: [
    {
      date: istDate('2026-11-25'),
      phases: [{ name: 'CONTINUOUS' as const, from: '06:30', to: '08:00' }],
    },
  ],
};

async function watchOn(date: string, slot: WatchSlot, calendar = {}) {
  const world = keeperWorld({ settings: { calendar } });
  world.clock.set(istInstant(istDate(date), slot));
  const { signal } = new AbortController();
  const outcome = await watch(world.ports, world.settings, slot, signal).catch(
    (caught: unknown) => caught,
  );
  return { outcome, messages: world.messages };
}

describe('The watch on any kind of day', () => {
  test.each(['08:45', '09:05', '09:30'] as const)(
    'is not urgent at %s if the session is in the evening, and states when it opens',
    async (slot) => {
      const { outcome, messages } = await watchOn(MUHURAT, slot);
      expect(outcome).toMatchObject({ code: 'operator.login' });
      const { subject = '', text = '' } = messages[0] ?? {};
      expect(subject).toBe(`${slot} IST: no Fyers token for Sun ${MUHURAT}`);
      expect(text).toContain("Today's session opens at 18:00 IST.");
      expect(text).toContain('The link works until 19:45 IST.');
      expect(`${String(outcome)}${text}`).not.toMatch(/near|09:15|09:00/);
    },
  );

  test('rests if the session is already over', async () => {
    expect(await watchOn('2026-11-25', '08:45', EARLY)).toMatchObject({
      outcome: { kind: 'rested' },
      messages: [],
    });
    expect((await watchOn('2026-11-25', '07:20', EARLY)).outcome).toMatchObject({
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
      now: istInstant(day, '07:00'),
      reason: 'no refresh token is stored',
    });
    expect(subject).toContain('Sat 2026-11-28');
    expect(text).toContain('There is no session today (weekend).');
    expect(text).toContain('Log in by 06:00 IST tomorrow.');
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
    const found = sessionToday(istDate(day), {}, istInstant(istDate(day), time));
    expect(found.alert).toBe(alert);
    expect(found.words).toContain(words);
  });
});
