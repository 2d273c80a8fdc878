// Tests the buttons that send the link again, for strangers on the public page and for the owner on
// the page of a link.
import { describe, expect, test } from 'vitest';
import { FyersError } from '../../../core/errors.ts';
import { DAY, HOUR, MINUTE, SECOND, istDate, istInstant, plus } from '../../../core/time.ts';
import { linkPath } from '../../../core/token/login/link.ts';
import { LINK, NEW, processOf, visit } from '../../support/logins.ts';
import { LIVE, SEVEN, SIGNER, type World, keeperWorld } from '../../support/keeper-fixture.ts';

const CLOSES = istInstant(istDate('2026-11-25'), '16:00');
const SUNDAY = istInstant(istDate('2026-11-29'), '10:00');
const YESTERDAY = `/${linkPath(SIGNER, istDate('2026-11-24'))}`;

function addLiveToken(world: World): World {
  world.parameters.set('FYERS_ACCESS_TOKEN', NEW);
  world.proofs.set(NEW, LIVE);
  return world;
}

describe('The public button', () => {
  test('sends the link to the channels and does not show it', async () => {
    const world = keeperWorld();
    expect((await visit(world, '/')).body).toContain('<form method="post" action="/ask">');
    const page = await visit(world, '/ask', 'POST');
    expect(page).toMatchObject({ status: 200, title: 'The request was received' });
    expect(page.body).not.toContain(LINK);
    expect(world.messages.map(({ text }) => text)).toEqual([expect.stringContaining(LINK)]);
  });

  test('gives a stranger the same answer after the same time, whatever the state of the token', async () => {
    const dead = keeperWorld();
    dead.parameters.set('FYERS_ACCESS_TOKEN', NEW);
    const unreachable = keeperWorld();
    unreachable.parameters.set('FYERS_ACCESS_TOKEN', NEW);
    unreachable.proofs.set(NEW, { kind: 'unreachable' });
    const absent = keeperWorld();
    absent.parameters.delete('FYERS_ACCESS_TOKEN');
    const worlds = [addLiveToken(keeperWorld()), keeperWorld(), dead, absent];
    const seen = await Promise.all(
      worlds.map(async (world) => {
        const first = await visit(world, '/ask', 'POST');
        const took = world.clock.waitedMs();
        world.clock.set(plus(SEVEN, MINUTE));
        return { first, took, second: await visit(world, '/ask', 'POST') };
      }),
    );
    for (const each of seen) expect(each).toEqual(seen[0]);
    expect(seen[0]).toMatchObject({
      first: { status: 200 },
      took: 3 * SECOND,
      second: { status: 429 },
    });
    expect(worlds.map(({ messages }) => messages.length)).toEqual([0, 1, 1, 1]);
    expect(await visit(unreachable, '/ask', 'POST')).toEqual(seen[0]?.first);
    expect(unreachable.clock.waitedMs() % (3 * SECOND)).toBe(0);
  });

  test('waits between two messages: five minutes, and half an hour after six in a day', async () => {
    const world = keeperWorld();
    const press = async (ms: number) => {
      world.clock.set(plus(SEVEN, ms));
      return (await visit(world, '/ask', 'POST')).status;
    };
    for (let sent = 0; sent < 6; sent += 1) {
      if (sent > 0) expect(await press(sent * 5 * MINUTE - 1)).toBe(429);
      expect(await press(sent * 5 * MINUTE)).toBe(200);
    }
    for (let sent = 1; sent <= 3; sent += 1) {
      expect(await press(25 * MINUTE + sent * 30 * MINUTE - 1)).toBe(429);
      expect(await press(25 * MINUTE + sent * 30 * MINUTE)).toBe(200);
    }
    expect(world.messages).toHaveLength(9);
    expect(await press(DAY)).toBe(200);
    expect(await press(DAY + 5 * MINUTE)).toBe(200);
  });

  test('neither blocks nor floods the owner if strangers press it all day', async () => {
    const world = keeperWorld();
    const owner = [];
    for (let minute = 0; minute < 8 * 60; minute += 1) {
      world.clock.set(plus(SEVEN, minute * MINUTE));
      await visit(world, '/ask', 'POST');
      if (minute % 120 === 119) owner.push(await visit(world, YESTERDAY, 'POST'));
    }
    expect(owner.map(({ title }) => title)).toEqual(Array(4).fill('The link was sent'));
    expect(world.messages.length).toBeLessThan(30);
    const last = world.messages.length;
    world.clock.set(plus(world.clock.now(), 30 * MINUTE - 1));
    await visit(world, '/ask', 'POST');
    expect(world.messages.length, 'the wait on the public page').toBe(last + 1);
  });

  test('sends nothing on a day off, after the session, or while the token is live', async () => {
    const world = keeperWorld();
    world.clock.set(SUNDAY);
    expect(await visit(world, '/ask', 'POST')).toMatchObject({ title: 'No market today' });
    world.clock.set(plus(CLOSES, HOUR));
    expect(await visit(world, '/ask', 'POST')).toMatchObject({ title: 'The session is over' });
    world.clock.set(SEVEN);
    expect(await visit(addLiveToken(world), '/ask', 'POST')).toMatchObject({ status: 200 });
    expect(world.messages).toEqual([]);
  });
});

describe('A button that cannot send', () => {
  const CLAIM_OF_SENDING = /was sent already|The link was sent<|was done/;

  test.each([
    ['the public page', '/ask'],
    ['the page of a link', YESTERDAY],
  ])('names the command if no subscription is confirmed, at each press: %s', async (_name, url) => {
    for (const world of [keeperWorld(), addLiveToken(keeperWorld())]) {
      world.listener = false;
      const at = processOf(world);
      for (let n = 0; n < 3; n += 1) {
        const page = await at.visit(url, 'POST');
        expect(page).toMatchObject({ status: 409, title: 'No subscription is confirmed' });
        expect(page.body).toContain('./fyers confirm');
        expect(page.body).not.toMatch(CLAIM_OF_SENDING);
      }
      expect(world.messages).toEqual([]);
      expect(world.writes).toEqual([]);
      world.listener = true;
      world.clock.set(plus(SEVEN, 10 * SECOND));
      expect(await at.visit(url, 'POST')).toMatchObject({ status: 200 });
    }
  });

  test('does not claim that it sent a message that no channel accepted', async () => {
    const world = keeperWorld();
    const { notifier } = world.ports;
    const failing = {
      ...world,
      ports: {
        ...world.ports,
        notifier: {
          ...notifier,
          send: () => Promise.reject(new FyersError('platform.message', 'No.', 'Look.')),
        },
      },
    };
    const at = processOf(failing);
    const pages = [await at.visit('/ask', 'POST'), await at.visit('/ask', 'POST')];
    pages.push(await at.visit('/ask', 'POST'));
    expect(pages.map(({ status }) => status)).toEqual([503, 429, 429]);
    for (const { body } of pages) {
      expect(body).not.toMatch(CLAIM_OF_SENDING);
      expect(body).toContain('./fyers test-alert');
    }
    expect(world.events).toContainEqual(
      expect.objectContaining({ event: 'run-failed', facts: { code: 'platform.message' } }),
    );
  });

  test('sends the link if the recipients of a channel cannot be read', async () => {
    const world = keeperWorld();
    const hasListener = () => Promise.reject(new Error('throttled'));
    const ports = { ...world.ports, notifier: { ...world.ports.notifier, hasListener } };
    expect(await visit({ ...world, ports }, YESTERDAY, 'POST')).toMatchObject({
      title: 'The link was sent',
    });
  });

  test('does not claim that it sent a link while the token is live', async () => {
    const world = addLiveToken(keeperWorld());
    const at = processOf(world);
    for (const url of ['/ask', YESTERDAY]) {
      await at.visit(url, 'POST');
      const next = await at.visit(url, 'POST');
      expect(next.status).toBe(429);
      expect(next.body).not.toMatch(CLAIM_OF_SENDING);
    }
    expect(world.messages).toEqual([]);
  });
});
