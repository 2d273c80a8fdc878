// Tests that only the page of today's link shows the state of the stored token. Other pages do not
// depend on it, and need no read of the token and no call.
import { describe, expect, test } from 'vitest';
import type { Proof } from '../../../core/ports.ts';
import { LINK, NEW, processOf } from '../../support/logins.ts';
import { keeperWorld, LIVE, type World } from '../../support/keeper-fixture.ts';

const STATE = /<p class="state">([^<]*)<\/p>/;
const stateIn = (body: string) => STATE.exec(body)?.[1] ?? null;
const countProofs = ({ calls }: World) => calls.filter((call) => call.startsWith('prove')).length;

function worldWith(stored: string | null, proof: Proof = LIVE): World {
  const world = keeperWorld();
  if (stored === null) world.parameters.delete('FYERS_ACCESS_TOKEN');
  else world.parameters.set('FYERS_ACCESS_TOKEN', stored);
  world.proofs.set(NEW, proof);
  return world;
}

const STORED: readonly (readonly [string, World, RegExp | null])[] = [
  ['a live token', worldWith(NEW), /is live, and valid until 26 Nov 2026, 06:00 IST/],
  ['a dead token', worldWith(NEW, { kind: 'dead' }), /No live token/],
  ['no token', worldWith(null), /No live token/],
  ['a token that Fyers cannot judge', worldWith(NEW, { kind: 'unreachable' }), /unknown/],
];

describe.each(STORED)('With %s', (_, world, state) => {
  test('the page of today’s link shows its state, with one proof at most', async () => {
    const at = processOf(world);
    const pages = await Promise.all(Array.from({ length: 20 }, () => at.visit(LINK)));
    for (const { body } of pages) expect(stateIn(body)).toMatch(state ?? /^$/);
    const once = countProofs(world);
    await at.visit(LINK);
    expect(countProofs(world)).toBe(once);
  });

  test('other pages show no state, and need no read of the token and no call', async () => {
    const at = processOf(world);
    const before = countProofs(world);
    for (const path of ['', 'login', `${LINK.slice(0, -1)}${LINK.endsWith('A') ? 'B' : 'A'}`]) {
      for (const method of ['GET', 'HEAD']) {
        const { body } = await at.visit(path, method);
        expect(stateIn(body)).toBeNull();
        expect(body).not.toMatch(/is live|No live token|unknown whether/);
      }
    }
    expect(at.reads).not.toContain('FYERS_ACCESS_TOKEN');
    expect(countProofs(world)).toBe(before);
  });
});
