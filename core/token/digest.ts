// Computes digests of token material: the broker's app hash, keyed fingerprints for comparison, and short ones for people.
import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { AppId, LinkKey, Pin, PinKey, RefreshToken } from '../config/values.ts';
import type { App } from '../ports.ts';

declare const fingerprintBrand: unique symbol;
/** Names secret inputs in the token state; without its key it reveals nothing about them. */
export type Fingerprint = string & { readonly [fingerprintBrand]: true };

/** SHA-256 of `<app id>:<app secret>`, hex (Fyers API v3, "validate-authcode"). It works like the secret: never log it. */
export function appIdHash(app: App): string {
  return createHash('sha256').update(`${app.id}:${app.secret}`).digest('hex');
}

/** Fingerprint of the inputs of one refresh. Keyed, because a plain hash of four digits reveals the PIN. */
export function inputFingerprint(
  key: PinKey,
  app: App,
  { token, pin }: { readonly token: RefreshToken; readonly pin: Pin },
): Fingerprint {
  return hmac(key, ['refresh', app.id, app.secret, token, pin]);
}

/** Fingerprint of the app id and its secret, keyed with the link key, which refresh, login and watch share. */
export function appFingerprint(key: LinkKey, app: App): Fingerprint {
  return hmac(deriveKey({ id: app.id, secret: key }, 'app'), [app.id, app.secret]);
}

/** The fingerprint of an earlier version, keyed by the short app secret. Use it only to recognise stored values, never store it. */
export function oldAppFingerprint(app: App): Fingerprint {
  return hmac(app.secret, [app.id, 'app']);
}

export function oldInputFingerprint(app: App, token: RefreshToken, pin: Pin): Fingerprint {
  return hmac(app.secret, [app.id, 'refresh', token, pin]);
}

/** Eight hex digits of a token's SHA-256, for people to compare. Not for four-digit secrets. */
export function displayFingerprint(token: string): string {
  return createHash('sha256').update(token).digest('hex').slice(0, 8);
}

/** The app to sign for, and the secret to sign with. */
export interface Signer {
  readonly id: AppId;
  readonly secret: string;
}

/** Thirty-two hex digits that only the holder of the signer's secret can make. */
export function loginSignature(signer: Signer, purpose: 'link' | 'state', text: string): string {
  return createHmac('sha256', deriveKey(signer, purpose)).update(text).digest('hex').slice(0, 32);
}

/** Compares in constant time. */
export function isSameSignature(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one, 'utf8'), Buffer.from(other, 'utf8')];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Derives a key for one purpose of one app (RFC 5869), so that a signature is useless for any other purpose. */
function deriveKey({ id, secret }: Signer, purpose: 'link' | 'state' | 'app'): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, id, `fyers-token-refresh login ${purpose}`, 32));
}

function hmac(key: string | Buffer, parts: readonly string[]): Fingerprint {
  return createHmac('sha256', key).update(JSON.stringify(parts)).digest('hex') as Fingerprint;
}
