// Runs the keeper in a world of its own.
import type { Proof, RefusedBy } from '../../core/ports.ts';
import type { Trigger } from '../../core/token/decide.ts';
import { parseTokenState } from '../../core/token/state.ts';
import { refresh } from '../../keeper/refresh.ts';
import { LIVE, SEVEN, type World, accessToken, keeperWorld } from './keeper-fixture.ts';

export const NEW = accessToken(SEVEN, 1);
export const LAST: Trigger = { kind: 'slot', slot: '07:00', last: true };
export const EARLIER: Trigger = { kind: 'slot', slot: '06:45', last: false };
export const OPERATOR: Trigger = { kind: 'operator', probe: false };

export const run = (world: World, trigger: Trigger = LAST) =>
  refresh(world.ports, world.settings, trigger, new AbortController().signal);
export const stateOf = (world: World) =>
  parseTokenState(world.parameters.get('FYERS_TOKEN_STATE') ?? '');
/** How often the refresh token and the PIN were sent. */
export const sent = (world: World) => world.calls.filter((call) => call === 'refresh').length;

/** The broker mints `token`, and answers `proof` of it. */
export function accepting(world: World, token = NEW, proof: Proof = LIVE): World {
  world.answers.push({ kind: 'minted', accessToken: token });
  world.proofs.set(token, proof);
  return world;
}

/** The broker refuses the first refresh. */
export function refusing(by: RefusedBy): World {
  const world = keeperWorld();
  world.answers.push({ kind: 'refused', by, detail: 'HTTP 400, code -1: no' });
  return world;
}
