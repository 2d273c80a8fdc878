import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { AppSecret, Pin } from '../../../core/config.ts';
import { istDate } from '../../../core/time.ts';
import {
  appFingerprint,
  appIdHash,
  displayFingerprint,
  inputFingerprint,
} from '../../../core/token/digest.ts';
import {
  NEW_STATE,
  callsOf,
  formatTokenState,
  latchedFor,
  parseTokenState,
  withAccount,
  withCall,
  withLatch,
  withRefusal,
  withRefreshed,
  withoutCall,
} from '../../../core/token/state.ts';
import { APP, PIN, SEVEN, refreshToken } from '../../support/keeper-world.ts';

const TOKEN = refreshToken(SEVEN);
const input = inputFingerprint(APP, TOKEN, PIN);
const inputs = { app: appFingerprint(APP), refresh: input };
const today = istDate('2026-11-25');

describe('Digests', () => {
  test("send the SHA-256 of the app's id and secret, joined by a colon", () => {
    const expected = createHash('sha256').update('ABCD1234EF-100:CANARYSECRET').digest('hex');
    expect(appIdHash(APP)).toBe(expected);
  });

  test('tell any two inputs apart, and need the app secret', () => {
    const others = [
      inputFingerprint(APP, refreshToken(SEVEN, 1), PIN),
      inputFingerprint(APP, TOKEN, '4827' as Pin),
      inputFingerprint({ ...APP, secret: 'OTHERSECRET' as AppSecret }, TOKEN, PIN),
      appFingerprint(APP),
    ];
    expect(new Set([input, ...others]).size).toBe(5);
    expect(inputFingerprint(APP, TOKEN, PIN)).toBe(input);
  });

  test('show people eight digits', () => {
    expect(displayFingerprint(TOKEN)).toMatch(/^[0-9a-f]{8}$/);
  });
});

describe('The token state', () => {
  test('comes back as it was written, within a parameter', () => {
    const state = withAccount(
      {
        ...withLatch(withCall(NEW_STATE, input, today), 'pin', inputs),
        claim: { day: today, n: 1, done: false },
        asked: { day: today, slot: '07:00' },
      },
      'XA00001',
    );
    const text = formatTokenState(state);
    expect(parseTokenState(text)).toEqual(state);
    expect(text.length).toBeLessThan(1_024);
    for (const secret of [PIN, TOKEN, APP.secret]) expect(text).not.toContain(`"${secret}"`);
  });

  test.each(['', 'null', '{}', '{"version":2}', formatTokenState(NEW_STATE).replace('false', '0')])(
    'is not read from %j',
    (text) => {
      expect(parseTokenState(text)).toBeNull();
    },
  );

  test('keeps the first account', () => {
    expect(withAccount(withAccount(NEW_STATE, 'XA00001'), 'XB00002').fyId).toBe('XA00001');
  });

  test('latches an input, and an app secret with every input', () => {
    const other = { app: inputs.app, refresh: null };
    expect(latchedFor(withRefusal(NEW_STATE, 'pin', inputs), inputs)).toBe('pin');
    expect(latchedFor(withRefusal(NEW_STATE, 'pin', inputs), other)).toBeNull();
    expect(latchedFor(withRefusal(NEW_STATE, 'app-secret', inputs), other)).toBe('app-secret');
    expect(latchedFor(NEW_STATE, other)).toBeNull();
  });

  test('switches refresh off by policy, without a latch, until one works', () => {
    const off = withRefusal(NEW_STATE, 'policy', inputs);
    expect(off).toMatchObject({ policyOff: true, latch: null });
    expect(withRefreshed(off)).toMatchObject({ policyOff: false, latch: null });
  });

  test('counts calls by input and broker day', () => {
    const twice = withCall(withCall(NEW_STATE, input, today), input, today);
    expect(callsOf(twice, input, today)).toMatchObject({ count: 2, accepted: false });
    expect(callsOf(withoutCall(twice), input, today).count).toBe(1);
    expect(callsOf(twice, inputs.app, today).count).toBe(0);
    expect(callsOf(twice, input, istDate('2026-11-26')).count).toBe(0);
    expect(callsOf(withRefreshed(twice), input, today).accepted).toBe(true);
  });
});
