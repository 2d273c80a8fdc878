import { describe, expect, test } from 'vitest';
import { DAY, HOUR, MINUTE, plus } from '../../core/time.ts';
import { displayFingerprint } from '../../core/token/digest.ts';
import { parseTokenState } from '../../core/token/state.ts';
import { type Offer, adopt } from '../../keeper/adopt.ts';
import {
  LIVE,
  SEVEN,
  type World,
  accessToken,
  keeperWorld,
  refreshToken,
} from '../support/keeper-fixture.ts';

const NEWER = accessToken(plus(SEVEN, -MINUTE), 1);
const OLDER = accessToken(plus(SEVEN, -HOUR + 10 * MINUTE), 2);
const NOTHING: Offer = { accessToken: null, refreshToken: null };

const offer = (world: World, offered: Partial<Offer>) =>
  adopt(world.ports, world.settings, { ...NOTHING, ...offered }, new AbortController().signal);

describe('An access token from the operator', () => {
  test('is published if it is newer and live', async () => {
    const world = keeperWorld();
    world.proofs.set(NEWER, LIVE);
    const report = await offer(world, { accessToken: `${NEWER}\n` });
    expect(report).toEqual({
      accessToken: { did: 'published', fingerprint: displayFingerprint(NEWER) },
      refreshToken: { did: 'none', fingerprint: null },
    });
    expect(world.parameters.get('FYERS_ACCESS_TOKEN')).toBe(NEWER);
    const state = parseTokenState(world.parameters.get('FYERS_TOKEN_STATE') ?? '');
    expect(state?.fyId).toBe('XA00001');
  });

  test('replaces the placeholder', async () => {
    const world = keeperWorld();
    world.parameters.set('FYERS_ACCESS_TOKEN', 'placeholder: no token yet');
    world.proofs.set(NEWER, LIVE);
    expect((await offer(world, { accessToken: NEWER })).accessToken.did).toBe('published');
  });

  test.each([
    ['none', null],
    ['malformed', 'eyJ.no-token'],
    ['malformed', refreshToken(plus(SEVEN, -MINUTE))],
    ['expired', accessToken(plus(SEVEN, -DAY), 5)],
    ['foreign', accessToken(plus(SEVEN, -MINUTE), 1, 'XB00002')],
    ['same', accessToken(plus(SEVEN, -10 * MINUTE))],
    ['older', OLDER],
  ])('is reported as %s and is not written', async (did, token) => {
    const world = keeperWorld({ settings: { fyId: 'XA00001' } });
    world.parameters.set('FYERS_ACCESS_TOKEN', accessToken(plus(SEVEN, -10 * MINUTE)));
    expect((await offer(world, { accessToken: token })).accessToken.did).toBe(did);
    expect(world.calls).toEqual([]);
    expect(world.writes).toEqual([]);
  });

  test.each([
    ['dead', { kind: 'dead' }],
    ['foreign', { kind: 'live', fyId: 'XB00002' }],
  ] as const)('is not written if the broker reports it as %s', async (did, proof) => {
    const world = keeperWorld({ settings: { fyId: 'XA00001' } });
    world.proofs.set(NEWER, proof);
    expect((await offer(world, { accessToken: NEWER })).accessToken.did).toBe(did);
    expect(world.writes).toEqual([]);
  });

  test('fails the adoption if it cannot be proven, so that the deploy is repeated', async () => {
    const world = keeperWorld();
    world.proofs.set(NEWER, { kind: 'unreachable' });
    await expect(
      offer(world, { accessToken: NEWER, refreshToken: refreshToken(plus(SEVEN, -HOUR)) }),
    ).rejects.toMatchObject({ code: 'broker.unreachable' });
    expect(world.writes).toEqual([]);
  });
});

describe('A refresh token from the operator', () => {
  test('is stored if it is newer, without a call', async () => {
    const world = keeperWorld();
    const newer = refreshToken(plus(SEVEN, -HOUR), 3);
    expect((await offer(world, { refreshToken: newer })).refreshToken.did).toBe('stored');
    expect(world.parameters.get('FYERS_REFRESH_TOKEN')).toBe(newer);
    expect(world.calls).toEqual([]);
  });

  test.each([
    ['expired', refreshToken(plus(SEVEN, -20 * DAY))],
    ['foreign', refreshToken(plus(SEVEN, -HOUR), 3, 'XB00002')],
    ['older', refreshToken(plus(SEVEN, -6 * DAY))],
    ['malformed', accessToken(plus(SEVEN, -MINUTE))],
  ])('is reported as %s and is not written', async (did, token) => {
    const world = keeperWorld({ settings: { fyId: 'XA00001' } });
    expect((await offer(world, { refreshToken: token })).refreshToken.did).toBe(did);
    expect(world.writes).toEqual([]);
  });

  test('is foreign if the access token that was just published is of another account', async () => {
    const world = keeperWorld();
    world.proofs.set(NEWER, LIVE);
    const foreign = refreshToken(plus(SEVEN, -HOUR), 3, 'XB00002');
    const report = await offer(world, { accessToken: NEWER, refreshToken: foreign });
    expect(report.refreshToken.did).toBe('foreign');
  });
});
