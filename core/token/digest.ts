// Digests of token material: what the broker asks for, what is compared, and what people may see.
import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { Pin, RefreshToken } from '../config.ts';
import type { App } from '../ports.ts';

declare const fingerprintBrand: unique symbol;
/** Stands for secret inputs in the token state; without the app secret it says nothing about them. */
export type Fingerprint = string & { readonly [fingerprintBrand]: true };

/** SHA-256 of `<app id>:<app secret>`, hex (Fyers API v3, "validate-authcode"). It is as good as the secret: never log it. */
export function appIdHash(app: App): string {
  return createHash('sha256').update(`${app.id}:${app.secret}`).digest('hex');
}

/** Of what one refresh sends. Keyed by the app secret, because a plain hash of four digits is the PIN. */
export function inputFingerprint(app: App, token: RefreshToken, pin: Pin): Fingerprint {
  return keyed(app, ['refresh', token, pin]);
}

/** Of the app id and its secret. */
export function appFingerprint(app: App): Fingerprint {
  return keyed(app, ['app']);
}

/** Eight hex digits of a token's SHA-256, for people to compare. Not for four-digit secrets. */
export function displayFingerprint(token: string): string {
  return createHash('sha256').update(token).digest('hex').slice(0, 8);
}

/**
 * Thirty-two hex digits that only the holder of the app secret can make. The key is derived (RFC 5869) for one purpose
 * of one app, so that what is signed for one is worthless for another.
 */
export function loginSignature(app: App, purpose: 'link' | 'state', text: string): string {
  const key = hkdfSync('sha256', app.secret, app.id, `fyers-token-refresh login ${purpose}`, 32);
  return createHmac('sha256', Buffer.from(key)).update(text).digest('hex').slice(0, 32);
}

/** In a time that says nothing about where they differ. */
export function isSameSignature(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one, 'utf8'), Buffer.from(other, 'utf8')];
  return a.length === b.length && timingSafeEqual(a, b);
}

function keyed(app: App, parts: readonly string[]): Fingerprint {
  const text = JSON.stringify([app.id, ...parts]);
  return createHmac('sha256', app.secret).update(text).digest('hex') as Fingerprint;
}
