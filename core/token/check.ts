// What a token is good for: by what it says of itself, and by what the broker said of it.
import { PLACEHOLDER } from '../names.ts';
import type { Proof } from '../ports.ts';
import type { Instant } from '../time.ts';
import type { Check, Facts } from './decide.ts';
import { decodeToken, isPlausible } from './jwt.ts';

/** Null for what a parameter holds while there is no token. */
export function tokenIn(value: string | null): string | null {
  const text = value?.trim() ?? '';
  return text === '' || text === PLACEHOLDER ? null : text;
}

export interface Viewpoint {
  /** The account as configured or first seen; null before the first token. */
  readonly account: string | null;
  readonly now: Instant;
}

export function standingOf(
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

/** Null while only a call to the broker can tell. */
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
  // With nobody named on either side there is nothing to tell accounts apart by.
  const owned = owners.every((owner) => owner === expected);
  return owned && (account === null || owners.length > 0) ? 'live' : 'wrong-account';
}

export function isForeign(fyId: string | null, account: string | null): boolean {
  return fyId !== null && account !== null && fyId !== account;
}
