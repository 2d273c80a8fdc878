// Chooses which of the operator's tokens to adopt: never an older one, an expired one or another account's. Mints nothing.
import { parseAccessToken, parseRefreshToken } from '../config/values.ts';
import type { AccessToken, RefreshToken } from '../config/values.ts';
import {
  decodeToken,
  isForeign,
  isPlausible,
  type TokenClaims,
  tokenIn,
  type TokenKind,
  type Viewpoint,
} from './jwt.ts';
import { displayFingerprint } from './digest.ts';

/** Result for an offered token. `dead`: the broker does not accept it. */
export type Adoption =
  'none' | 'malformed' | 'expired' | 'foreign' | 'same' | 'older' | 'dead' | 'published' | 'stored';

/** Shown to people, so it never contains the token. */
export interface AdoptedToken {
  readonly did: Adoption;
  readonly fingerprint: string | null;
}

export type Candidate<T> =
  | { readonly kind: 'newer'; readonly token: T; readonly claims: TokenClaims }
  | { readonly kind: 'left'; readonly did: Adoption };

/** The caller must still prove a `newer` token live. */
export function chooseAccessToken(
  offered: string | null,
  stored: string | null,
  view: Viewpoint,
): Candidate<AccessToken> {
  const parsed = parseAccessToken(offered?.trim() ?? '');
  if (!parsed.ok) return rejectUnreadable(offered);
  return compareWithStored(parsed.value, stored, 'access_token', (claims) =>
    isForeign(claims.fyId, view.account)
      ? 'foreign'
      : isPlausible(claims, view.now)
        ? null
        : 'expired',
  );
}

/** A refresh token cannot be proven without using it, so `newer` is enough. */
export function chooseRefreshToken(
  offered: string | null,
  stored: string | null,
  view: Viewpoint,
): Candidate<RefreshToken> {
  const parsed = parseRefreshToken(offered?.trim() ?? '');
  if (!parsed.ok) return rejectUnreadable(offered);
  return compareWithStored(parsed.value, stored, 'refresh_token', (claims) =>
    isForeign(claims.fyId, view.account)
      ? 'foreign'
      : claims.expiresAt <= view.now
        ? 'expired'
        : null,
  );
}

export function describeAdoption(offered: string | null, did: Adoption): AdoptedToken {
  return { did, fingerprint: offered === null ? null : displayFingerprint(offered.trim()) };
}

function rejectUnreadable(offered: string | null): {
  readonly kind: 'left';
  readonly did: Adoption;
} {
  return { kind: 'left', did: offered === null ? 'none' : 'malformed' };
}

function compareWithStored<T extends string>(
  token: T,
  stored: string | null,
  kind: TokenKind,
  obstacle: (claims: TokenClaims) => 'foreign' | 'expired' | null,
): Candidate<T> {
  const claims = decodeToken(token);
  if (claims === null || (claims.kind ?? kind) !== kind) return { kind: 'left', did: 'malformed' };
  const did = obstacle(claims) ?? compareAge(token, claims, tokenIn(stored));
  return did === 'newer' ? { kind: 'newer', token, claims } : { kind: 'left', did };
}

function compareAge(
  token: string,
  claims: TokenClaims,
  stored: string | null,
): 'same' | 'older' | 'newer' {
  if (token === stored) return 'same';
  const current = stored === null ? null : decodeToken(stored);
  return current === null || claims.issuedAt > current.issuedAt ? 'newer' : 'older';
}
