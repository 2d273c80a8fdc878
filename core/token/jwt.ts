// What a Fyers token says of itself. Nothing is verified here: only a call to the broker proves a token.
import * as z from 'zod/mini';
import { type Instant, MINUTE, SECOND, brokerDayEnd, instant } from '../time.ts';

/** Claims that we read; the rest of a token is the broker's own business (facts/fyers §1.6). */
export interface TokenClaims {
  readonly issuedAt: Instant;
  readonly expiresAt: Instant;
  readonly kind: TokenKind | null;
  /** The account, such as `XA00001`. */
  readonly fyId: string | null;
  /** Only auth codes carry it. */
  readonly appId: string | null;
}

export type TokenKind = 'access_token' | 'refresh_token' | 'auth_code';

/** Old tokens carried the issue-second (06:00:37), new ones 06:00:00. */
const EXPIRY_SLACK = 2 * MINUTE;

const seconds = z.int().check(z.minimum(0), z.maximum(8_640_000_000_000));
const Claims = z.object({
  iat: seconds,
  exp: seconds,
  sub: z.catch(z.nullable(z.enum(['access_token', 'refresh_token', 'auth_code'])), null),
  fy_id: z.catch(z.nullable(z.string()), null),
  app_id: z.catch(z.nullable(z.string()), null),
});

/** Null for anything that is not a token with a time of issue and of expiry. Never throws. */
export function decodeToken(token: string): TokenClaims | null {
  const payload = /^[\w-]+\.([\w-]+)\.[\w-]+$/.exec(token.trim())?.[1];
  if (payload === undefined) return null;
  const parsed = Claims.safeParse(parseJson(Buffer.from(payload, 'base64url').toString('utf8')));
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

/** An access token that says it lives for the rest of the broker day: `exp` within two minutes of the next 06:00 IST. */
export function isPlausible(claims: TokenClaims, now: Instant): boolean {
  return (
    (claims.kind ?? 'access_token') === 'access_token' &&
    claims.expiresAt > now &&
    Math.abs(claims.expiresAt - brokerDayEnd(now)) <= EXPIRY_SLACK
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
