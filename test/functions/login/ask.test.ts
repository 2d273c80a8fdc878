// The page to keep as a bookmark, and what a flood of junk may cost: nothing.
import { describe, expect, test } from 'vitest';
import { DAY, HOUR, MINUTE, istDate, istInstant, plus } from '../../../core/time.ts';
import { LINK, NEW, callback, exchanging, visit } from '../../support/logins.ts';
import { LIVE, SEVEN, keeperWorld } from '../../support/keeper-world.ts';

const CLOSES = istInstant(istDate('2026-11-25'), '16:00');
const SUNDAY = istInstant(istDate('2026-11-29'), '10:00');

describe('The page to keep as a bookmark', () => {
  test('has the link sent to the channels, and shows none of it', async () => {
    const world = keeperWorld();
    expect((await visit(world, '/')).body).toContain('<form method="post" action="/ask">');
    const page = await visit(world, '/ask', 'POST');
    expect(page).toMatchObject({ status: 200, title: 'The link was sent' });
    expect(page.body).not.toContain(LINK);
    expect(world.messages.map(({ text }) => text)).toEqual([expect.stringContaining(LINK)]);
  });

  test('sends no second one within five minutes, and six a day', async () => {
    const world = keeperWorld();
    for (let sent = 1; sent <= 6; sent += 1) {
      expect(await visit(world, '/ask', 'POST')).toMatchObject({ status: 200 });
      world.clock.set(plus(world.clock.now(), 5 * MINUTE - 1));
      expect(await visit(world, '/ask', 'POST')).toMatchObject({ status: 429 });
      world.clock.set(plus(world.clock.now(), 1));
    }
    expect(await visit(world, '/ask', 'POST')).toMatchObject({ status: 429 });
    expect(world.messages).toHaveLength(6);
    world.clock.set(plus(SEVEN, DAY));
    expect(await visit(world, '/ask', 'POST')).toMatchObject({ status: 200 });
  });

  test('sends nothing on a day off, after the session, and while the token lives', async () => {
    const world = keeperWorld();
    world.clock.set(SUNDAY);
    expect(await visit(world, '/ask', 'POST')).toMatchObject({ title: 'No market today' });
    world.clock.set(plus(CLOSES, HOUR));
    expect(await visit(world, '/ask', 'POST')).toMatchObject({ title: 'The session is over' });
    world.clock.set(SEVEN);
    world.parameters.set('FYERS_ACCESS_TOKEN', NEW);
    world.proofs.set(NEW, LIVE);
    expect(await visit(world, '/ask', 'POST')).toMatchObject({ title: 'Already done' });
    expect(world.messages).toEqual([]);
  });
});

describe('Ten thousand junk requests', () => {
  test('cause no call, no message, no write and no line, and the next genuine login works', async () => {
    const world = exchanging(keeperWorld());
    const paths = [
      '/favicon.ico',
      '/.env',
      '/wp-login.php',
      '/go/2026-11-25/zz',
      '/ask',
      '/admin?x=1',
      '/?a=b',
      `/?state=${'0'.repeat(80)}&s=ok&auth_code=x`,
    ];
    const forged = [
      `/go/2026-11-25/${'0'.repeat(32)}`,
      callback({ state: `2026112500000000${'0'.repeat(64)}` }),
    ];
    const methods = ['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH'];
    const statuses = new Set<number>();
    for (let n = 0; n < 10_000; n += 1) {
      const url = n % 10 === 9 ? forged[n % 2] : paths[n % paths.length];
      const method = n % 10 === 9 ? 'GET' : (methods[n % methods.length] ?? 'GET');
      statuses.add((await visit(world, url ?? '/', method)).status);
    }
    expect([...statuses].sort()).toEqual([403, 404]);
    expect(world.calls).toEqual([]);
    expect(world.messages).toEqual([]);
    expect(world.writes).toEqual([]);
    expect(world.events).toEqual([]);
    expect(world.claims.size).toBe(0);
    expect(await visit(world, callback())).toMatchObject({ title: 'Done' });
  });
});
