import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { AppSecret, LinkKey, Pin, PinKey } from '../../../core/config/values.ts';
import { istDate } from '../../../core/time.ts';
import {
  appFingerprint,
  appIdHash,
  displayFingerprint,
  inputFingerprint,
  oldAppFingerprint,
  oldInputFingerprint,
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
  withRenewedInputs,
  withoutCall,
} from '../../../core/token/state.ts';
import { APP, LINK_KEY, PIN, PIN_KEY, SEVEN, refreshToken } from '../../support/keeper-fixture.ts';

const TOKEN = refreshToken(SEVEN);
const SENT = { token: TOKEN, pin: PIN };
const input = inputFingerprint(PIN_KEY, APP, SENT);
const inputs = { app: appFingerprint(LINK_KEY, APP), refresh: input };
const old = { app: oldAppFingerprint(APP), refresh: oldInputFingerprint(APP, TOKEN, PIN) };
const today = istDate('2026-11-25');

describe('The digests', () => {
  test("appIdHash is the SHA-256 of the app's id and secret, joined by a colon", () => {
    const expected = createHash('sha256').update('ABCD1234EF-100:CANARYSECRET').digest('hex');
    expect(appIdHash(APP)).toBe(expected);
  });

  test('The fingerprints differ for any two inputs and any two keys', () => {
    const app = { ...APP, secret: 'OTHERSECRET' as AppSecret };
    const others = [
      inputFingerprint(PIN_KEY, APP, { ...SENT, token: refreshToken(SEVEN, 1) }),
      inputFingerprint(PIN_KEY, APP, { ...SENT, pin: '4827' as Pin }),
      inputFingerprint(PIN_KEY, app, SENT),
      inputFingerprint('aa'.repeat(32) as PinKey, APP, SENT),
      appFingerprint(LINK_KEY, APP),
      appFingerprint(LINK_KEY, app),
      appFingerprint('aa'.repeat(32) as LinkKey, APP),
    ];
    expect(new Set([input, ...others]).size).toBe(others.length + 1);
    expect(inputFingerprint(PIN_KEY, APP, SENT)).toBe(input);
  });

  test('displayFingerprint returns eight hexadecimal digits', () => {
    expect(displayFingerprint(TOKEN)).toMatch(/^[0-9a-f]{8}$/);
  });
});

describe('The token state', () => {
  test('is parsed as it was formatted, and is shorter than 1,024 characters', () => {
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
    'is null if parsed from %j',
    (text) => {
      expect(parseTokenState(text)).toBeNull();
    },
  );

  test('keeps the first account', () => {
    expect(withAccount(withAccount(NEW_STATE, 'XA00001'), 'XB00002').fyId).toBe('XA00001');
  });

  test('latches a refused input, and a refused app secret for every input', () => {
    const other = { app: inputs.app, refresh: null };
    expect(latchedFor(withRefusal(NEW_STATE, 'pin', inputs, today), inputs)).toBe('pin');
    expect(latchedFor(withRefusal(NEW_STATE, 'pin', inputs, today), other)).toBeNull();
    expect(latchedFor(withRefusal(NEW_STATE, 'app-secret', inputs, today), other)).toBe(
      'app-secret',
    );
    expect(latchedFor(NEW_STATE, other)).toBeNull();
  });

  test('is off by policy, without a latch, until a refresh succeeds', () => {
    const off = withRefusal(NEW_STATE, 'policy', inputs, today);
    expect(off).toMatchObject({ policyOff: true, latch: null });
    expect(withRefreshed(off)).toMatchObject({ policyOff: false, latch: null });
  });

  test('counts calls by input and broker day', () => {
    const twice = withCall(withCall(NEW_STATE, input, today), input, today);
    expect(callsOf(twice, input, today)).toMatchObject({ count: 2, accepted: false });
    expect(callsOf(withoutCall(twice, NEW_STATE), input, today).count).toBe(1);
    expect(callsOf(twice, inputs.app, today).count).toBe(0);
    expect(callsOf(twice, input, istDate('2026-11-26')).count).toBe(0);
    expect(callsOf(withRefreshed(twice), input, today).accepted).toBe(true);
  });

  test('of an earlier version keeps its latch and calls, and contains none of its old fingerprints afterwards', () => {
    const called = withCall(NEW_STATE, old.refresh, today);
    for (const reason of ['pin', 'refresh-token', 'silent', 'app-secret'] as const) {
      const renewed = withRenewedInputs(withLatch(called, reason, old), { old, inputs });
      expect(latchedFor(renewed, inputs)).toBe(reason);
      expect(callsOf(renewed, input, today).count).toBe(1);
      for (const each of Object.values(old)) expect(formatTokenState(renewed)).not.toContain(each);
    }
  });

  test('of other inputs is not changed by withRenewedInputs', () => {
    for (const state of [NEW_STATE, withLatch(NEW_STATE, 'pin', inputs)]) {
      expect(withRenewedInputs(state, { old, inputs })).toEqual(state);
    }
    const foreign = withLatch(NEW_STATE, 'pin', {
      ...old,
      refresh: oldInputFingerprint(APP, TOKEN, '1111' as Pin),
    });
    expect(withRenewedInputs(foreign, { old, inputs })).toEqual(foreign);
    // Without a PIN the latch cannot be recognised, and it must not be removed.
    const noPin = { old: { ...old, refresh: null }, inputs: { ...inputs, refresh: null } };
    const latched = withLatch(NEW_STATE, 'pin', old);
    expect(withRenewedInputs(latched, noPin)).toEqual(latched);
  });
});
