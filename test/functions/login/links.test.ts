// Tests links that arrive damaged, cut or a day late: the page helps, without a read or a call.
import { describe, expect, test } from 'vitest';
import { DAY, istDate, istInstant, plus } from '../../../core/time.ts';
import { linkPath } from '../../../core/token/login/link.ts';
import { LINK, NEW, processOf } from '../../support/logins.ts';
import { LIVE, SEVEN, SIGNER, keeperWorld } from '../../support/keeper-fixture.ts';

const YESTERDAY = `/${linkPath(SIGNER, istDate('2026-11-24'))}`;
const FORGED = `${LINK.slice(0, -1)}${LINK.endsWith('0') ? '1' : '0'}`;

function createWorld() {
  const world = keeperWorld();
  world.parameters.set('FYERS_ACCESS_TOKEN', NEW);
  world.proofs.set(NEW, LIVE);
  return { world, at: processOf(world) };
}

describe('A damaged link', () => {
  test.each([
    `${LINK}%E2%80%8B`,
    `${LINK}&fbclid=IwAR0`,
    `${LINK}?fbclid=IwAR0&utm_medium=chat`,
    LINK.toUpperCase(),
    `${YESTERDAY}.`,
  ])('%s redirects to the intact link, without a read or a call', async (url) => {
    const { world, at } = createWorld();
    const page = await at.visit(url);
    const clean = url.startsWith(YESTERDAY) ? YESTERDAY : LINK;
    expect(page).toMatchObject({ status: 302, headers: { location: clean } });
    expect(page.body).toContain(`class="press" href="${clean}"`);
    expect(await at.visit(url, 'HEAD')).toMatchObject({ status: 302, body: '' });
    expect(at.reads).toEqual([]);
    expect(world.calls).toEqual([]);
    expect(world.events).toEqual([]);
  });

  test.each(['/go', '/go/2026-11', LINK.slice(0, -1), LINK.slice(0, 20), '/go/2026-13-45/x'])(
    '%s cannot be repaired: the page names the next step, without a read or a call',
    async (url) => {
      const { world, at } = createWorld();
      const page = await at.visit(url);
      expect(page.status).toBe(404);
      expect(page.body).toContain('./fyers login --aws');
      expect(page.body).toContain('action="/ask"');
      expect(at.reads).toEqual([]);
      expect(world.calls).toEqual([]);
    },
  );

  test('with a wrong signature shows the same page, and reads each parameter at most once', async () => {
    const { world, at } = createWorld();
    for (let n = 0; n < 100; n += 1) {
      expect(await at.visit(FORGED)).toMatchObject({
        status: 404,
        title: 'This link is not complete',
      });
    }
    expect(new Set(at.reads).size).toBe(at.reads.length);
    expect(at.reads).not.toContain('FYERS_ACCESS_TOKEN');
    expect(world.calls).toEqual([]);
  });

  test('with a date that does not exist needs no read', async () => {
    const { at } = createWorld();
    const url = LINK.replace('2026-11-25', '2026-11-31');
    expect(await at.visit(url)).toMatchObject({ status: 404, title: 'This link is not complete' });
    expect(at.reads).toEqual([]);
  });
});

describe('The link of another day', () => {
  test('needs no read, and its button sends today’s link', async () => {
    const world = keeperWorld();
    const at = processOf(world);
    const page = await at.visit(YESTERDAY);
    expect(page).toMatchObject({ status: 410, title: 'This link is for another day' });
    expect(at.reads).toEqual([]);
    expect(page.body).toContain(`<form method="post" action="${YESTERDAY}">`);
    expect(await at.visit(YESTERDAY, 'POST')).toMatchObject({ title: 'The link was sent' });
    expect(world.messages.map(({ text }) => text)).toEqual([expect.stringContaining(LINK)]);
  });

  test('shows that there is no market on a day without trading', async () => {
    const world = keeperWorld();
    const at = processOf(world);
    world.clock.set(istInstant(istDate('2026-11-28'), '10:00'));
    expect(await at.visit(LINK)).toMatchObject({ status: 409, title: 'No market today' });
    expect(at.reads).toEqual([]);
  });

  test('cannot request a link without a valid signature', async () => {
    const world = keeperWorld();
    const forged = `/go/2026-11-24/${'0'.repeat(32)}`;
    expect(await processOf(world).visit(forged, 'POST')).toMatchObject({ status: 404 });
    world.clock.set(plus(SEVEN, DAY));
    expect(await processOf(world).visit(FORGED, 'POST')).toMatchObject({ status: 404 });
    expect(world.messages).toEqual([]);
    expect(world.writes).toEqual([]);
    expect(world.claims.size).toBe(0);
  });
});

test('The public page accepts tracking parameters in its address, but no other parameters', async () => {
  const { at } = createWorld();
  for (const url of ['/?fbclid=IwAR0', '/?utm_source=mail&utm_medium=x', '/?gclid=1']) {
    expect(await at.visit(url)).toMatchObject({ status: 200, title: 'Fyers login of the day' });
  }
  for (const url of ['/?a=b', '/?utm', '/?x=1&fbclid=2']) {
    expect(await at.visit(url)).toMatchObject({ status: 404, body: '' });
  }
  expect(at.reads).toEqual([]);
});
