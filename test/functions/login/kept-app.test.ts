import { expect, test } from 'vitest';
import type { ParameterName } from '../../../core/names.ts';
import { MINUTE, plus } from '../../../core/time.ts';
import { type KeptApp, keepingApp } from '../../../functions/login/kept-app.ts';
import { callback, exchanging, stateAt, visit } from '../../support/logins.ts';
import { APP, SEVEN, type World, keeperWorld } from '../../support/keeper-world.ts';

/** A world whose reads are counted, behind one function's process. */
function counted(world: World) {
  const reads: ParameterName[] = [];
  const kept: KeptApp = new Map();
  const counting = {
    ...world.ports.store,
    read: (name: ParameterName) => {
      reads.push(name);
      return world.ports.store.read(name);
    },
  };
  const store = keepingApp(counting, world.clock, kept);
  return { reads, world: { ...world, ports: { ...world.ports, store } } };
}

test('A thousand forged states read the app once, and the next genuine login works', async () => {
  const { reads, world } = counted(exchanging(keeperWorld()));
  const forged = callback({ state: `2026112500000000${'0'.repeat(64)}` });
  for (let n = 0; n < 1_000; n += 1) expect((await visit(world, forged)).status).toBe(403);
  expect(reads.toSorted()).toEqual(['FYERS_CLIENT_ID', 'FYERS_SECRET_KEY']);
  expect(await visit(world, callback())).toMatchObject({ title: 'Done' });
});

test('An app that is made is taken up at once, and a new secret after a minute', async () => {
  const { world } = counted(exchanging(keeperWorld()));
  const visitAt = (ms: number) => {
    world.clock.set(plus(SEVEN, ms));
    return visit(world, callback({ state: stateAt(world.clock.now()) }));
  };
  world.parameters.delete('FYERS_SECRET_KEY');
  await expect(visitAt(0)).rejects.toMatchObject({ code: 'operator.credentials' });
  world.parameters.set('FYERS_SECRET_KEY', 'OTHERSECRET');
  expect((await visitAt(0)).status).toBe(403);
  world.parameters.set('FYERS_SECRET_KEY', APP.secret);
  expect((await visitAt(MINUTE - 1)).status).toBe(403);
  expect(await visitAt(MINUTE)).toMatchObject({ title: 'Done' });
});
