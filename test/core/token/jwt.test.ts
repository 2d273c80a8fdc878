import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HOUR, MINUTE, SECOND, parseInstant, plus } from '../../../core/time.ts';
import { type TokenClaims, decodeToken, isPlausible } from '../../../core/token/jwt.ts';
import { SEVEN, accessToken, refreshToken, tokenOf } from '../../support/keeper-fixture.ts';

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const tokenWith = (claims: unknown) => `${encode({ alg: 'HS256' })}.${encode(claims)}.c2ln`;

describe('decodeToken', () => {
  test('returns issue, expiry, kind, account and app', () => {
    expect(decodeToken(`${accessToken(SEVEN)}\n`)).toEqual({
      issuedAt: SEVEN,
      expiresAt: parseInstant('2026-11-26T06:00:00+05:30'),
      kind: 'access_token',
      fyId: 'XA00001',
      appId: null,
    });
    expect(decodeToken(tokenOf('auth_code', SEVEN))).toMatchObject({
      kind: 'auth_code',
      appId: 'ABCD1234EF',
    });
  });

  test('returns null for an unknown kind and an account that is not a text', () => {
    const token = tokenWith({ iat: 1, exp: 2, sub: 'new_kind', fy_id: 7, hsm_key: null });
    expect(decodeToken(token)).toMatchObject({ kind: null, fyId: null });
  });

  test.each([
    '',
    'a.b',
    'a.b.c',
    'a.b.c.d',
    tokenWith(null),
    tokenWith([]),
    tokenWith({ iat: 1 }),
    tokenWith({ iat: '1', exp: 2 }),
    tokenWith({ iat: 1, exp: 9e15 }),
    tokenWith({ iat: -1, exp: 2 }),
    tokenWith({ iat: 1.5, exp: 2 }),
  ])('returns null for %j', (text) => {
    expect(decodeToken(text)).toBeNull();
  });

  test('never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json().map(tokenWith)), (text) => {
        decodeToken(text);
      }),
    );
  });
});

describe('isPlausible', () => {
  const claims = (expiresAt: string, kind: TokenClaims['kind'] = 'access_token') => ({
    issuedAt: SEVEN,
    expiresAt: parseInstant(expiresAt),
    kind,
    fyId: null,
    appId: null,
  });

  test.each([
    ['2026-11-26T05:57:59+05:30', false],
    ['2026-11-26T05:58:00+05:30', true],
    ['2026-11-26T06:00:37+05:30', true],
    ['2026-11-26T06:02:00+05:30', true],
    ['2026-11-26T06:02:01+05:30', false],
    ['2026-11-25T06:00:00+05:30', false],
    ['2026-11-27T06:00:00+05:30', false],
  ])('for an expiry of %s at 07:00 is %s', (expiresAt, plausible) => {
    expect(isPlausible(claims(expiresAt), SEVEN)).toBe(plausible);
  });

  test('is true until 06:00 and false from then on', () => {
    const token = decodeToken(accessToken(SEVEN));
    const end = parseInstant('2026-11-26T06:00:00+05:30');
    if (token === null) throw new Error('no token');
    expect(isPlausible(token, plus(end, -1))).toBe(true);
    expect(isPlausible(token, end)).toBe(false);
  });

  test('is true for a token without a kind, and false for one of another kind', () => {
    const expiry = '2026-11-26T06:00:00+05:30';
    expect(isPlausible(claims(expiry, null), SEVEN)).toBe(true);
    expect(isPlausible(claims(expiry, 'refresh_token'), SEVEN)).toBe(false);
  });

  test('is true for an access token at any minute in which it was minted', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 24 * HOUR - SECOND }), (afterSix) => {
        const start = parseInstant('2026-11-25T06:00:00+05:30');
        const token = decodeToken(accessToken(plus(start, afterSix)));
        expect(token !== null && isPlausible(token, plus(start, afterSix))).toBe(true);
      }),
    );
  });

  test('is false for a refresh token', () => {
    const token = decodeToken(refreshToken(plus(SEVEN, -MINUTE)));
    expect(token !== null && isPlausible(token, SEVEN)).toBe(false);
  });
});
