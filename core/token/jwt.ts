// Decodes Fyers tokens and classifies them by their claims and by the broker's proof. Does not verify signatures: only a
// call to the broker proves a token.
import * as z from 'zod/mini';
import { PLACEHOLDER } from '../config/names.ts';
import type { Proof } from '../ports.ts';
import { parseJson } from '../text.ts';
import { brokerDayEnd, instant, type Instant, MINUTE, SECOND } from '../time.ts';
import type { Check, Facts } from './decide.ts';

/** The claims that this program reads; a token has more. */
export interface TokenClaims {
  readonly issuedAt: Instant;
  readonly expiresAt: Instant;
  readonly kind: TokenKind | null;
  /** The account, such as `XA00001`. */
  readonly fyId: string | null;
  /** Only auth codes have it. */
  readonly appId: string | null;
}

export type TokenKind = 'access_token' | 'refresh_token' | 'auth_code';

/** Older tokens expire at 06:00 plus the seconds of their issue time (06:00:37), newer ones at 06:00:00. */
const EXPIRY_TOLERANCE_MS = 2 * MINUTE;

const seconds = z.int().check(z.minimum(0), z.maximum(8_640_000_000_000));
const Claims = z.object({
  iat: seconds,
  exp: seconds,
  sub: z.catch(z.nullable(z.enum(['access_token', 'refresh_token', 'auth_code'])), null),
  fy_id: z.catch(z.nullable(z.string()), null),
  app_id: z.catch(z.nullable(z.string()), null),
});

const HsmClaims = z.object({ hsm_key: z.string() });

/** Returns null unless the text is a token with a time of issue and of expiry. Never throws. */
export function decodeToken(token: string): TokenClaims | null {
  const parsed = Claims.safeParse(payloadOf(token));
  if (!parsed.success) return null;
  const { iat, exp, sub, fy_id: fyId, app_id: appId } = parsed.data;
  return {
    issuedAt: instant(iat * SECOND),
    expiresAt: instant(exp * SECOND),
    kind: sub,
    fyId,
    appId,
  };
}

/** The key of the HSM stream, a claim of the access token; null if the token has none. */
export function hsmKeyOf(token: string): string | null {
  const parsed = HsmClaims.safeParse(payloadOf(token));
  return parsed.success ? parsed.data.hsm_key : null;
}

/** Null unless the text is three parts of which the second is JSON. */
function payloadOf(token: string): unknown {
  const payload = /^[\w-]+\.([\w-]+)\.[\w-]+$/.exec(token.trim())?.[1];
  return payload === undefined
    ? null
    : parseJson(Buffer.from(payload, 'base64url').toString('utf8'));
}

/** True for an access token valid until the end of the broker day: `exp` within two minutes of the next 06:00 IST. */
export function isPlausible(claims: TokenClaims, now: Instant): boolean {
  return (
    (claims.kind ?? 'access_token') === 'access_token' &&
    claims.expiresAt > now &&
    Math.abs(claims.expiresAt - brokerDayEnd(now)) <= EXPIRY_TOLERANCE_MS
  );
}

/** Returns the token of a parameter; null if the parameter is empty or contains the placeholder. */
export function tokenIn(value: string | null): string | null {
  const text = value?.trim() ?? '';
  return text === '' || text === PLACEHOLDER ? null : text;
}

export interface Viewpoint {
  /** The configured account, or the first one seen; null before the first token. */
  readonly account: string | null;
  readonly now: Instant;
}

export function classifyToken(
  token: string | null,
  proof: Proof | null,
  { account, now }: Viewpoint,
): Facts['stored'] {
  if (token === null) return { kind: 'none' };
  const claims = decodeToken(token);
  if (claims === null) return { kind: 'malformed' };
  if (isForeign(claims.fyId, account)) return { kind: 'foreign' };
  if (!isPlausible(claims, now)) {
    return { kind: claims.expiresAt <= now ? 'expired' : 'malformed' };
  }
  if (proof?.kind === 'live' && isForeign(proof.fyId, account)) return { kind: 'foreign' };
  return { kind: 'plausible', proof: proof?.kind ?? null };
}

/** Returns null if the token still has to be proven. */
export function checkMinted(
  token: string,
  proof: Proof | null,
  { account, now }: Viewpoint,
): Check | null {
  const claims = decodeToken(token);
  if (claims === null || !isPlausible(claims, now)) return 'wrong-expiry';
  if (proof?.kind !== 'live') return proof?.kind ?? null;
  const owners = [proof.fyId, claims.fyId].filter((owner) => owner !== null);
  const expected = account ?? owners[0] ?? null;
  // If neither side names an account, the accounts cannot be compared.
  const owned = owners.every((owner) => owner === expected);
  return owned && (account === null || owners.length > 0) ? 'live' : 'wrong-account';
}

export function isForeign(fyId: string | null, account: string | null): boolean {
  return fyId !== null && account !== null && fyId !== account;
}
