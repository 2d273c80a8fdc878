// Which of the operator's tokens is taken: never an older one, an expired one or another account's. Nothing is minted here.
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

/** What became of a token that was offered. `dead`: the broker does not accept it. */
export type Adoption =
  'none' | 'malformed' | 'expired' | 'foreign' | 'same' | 'older' | 'dead' | 'published' | 'stored';

/** For people: never the token. */
export interface AdoptedToken {
  readonly did: Adoption;
  readonly fingerprint: string | null;
}

export type Candidate<T> =
  | { readonly kind: 'newer'; readonly token: T; readonly claims: TokenClaims }
  | { readonly kind: 'left'; readonly did: Adoption };

/** `newer` is still to be proven live. */
export function chooseAccessToken(
  offered: string | null,
  stored: string | null,
  view: Viewpoint,
): Candidate<AccessToken> {
  const parsed = parseAccessToken(offered?.trim() ?? '');
  if (!parsed.ok) return unreadable(offered);
  return consider(parsed.value, stored, 'access_token', (claims) =>
    isForeign(claims.fyId, view.account)
      ? 'foreign'
      : isPlausible(claims, view.now)
        ? null
        : 'expired',
  );
}

/** `newer` is all that can be known of a refresh token without using it. */
export function chooseRefreshToken(
  offered: string | null,
  stored: string | null,
  view: Viewpoint,
): Candidate<RefreshToken> {
  const parsed = parseRefreshToken(offered?.trim() ?? '');
  if (!parsed.ok) return unreadable(offered);
  return consider(parsed.value, stored, 'refresh_token', (claims) =>
    isForeign(claims.fyId, view.account)
      ? 'foreign'
      : claims.expiresAt <= view.now
        ? 'expired'
        : null,
  );
}

export function adopted(offered: string | null, did: Adoption): AdoptedToken {
  return { did, fingerprint: offered === null ? null : displayFingerprint(offered.trim()) };
}

function unreadable(offered: string | null): { readonly kind: 'left'; readonly did: Adoption } {
  return { kind: 'left', did: offered === null ? 'none' : 'malformed' };
}

function consider<T extends string>(
  token: T,
  stored: string | null,
  kind: TokenKind,
  obstacle: (claims: TokenClaims) => 'foreign' | 'expired' | null,
): Candidate<T> {
  const claims = decodeToken(token);
  if (claims === null || (claims.kind ?? kind) !== kind) return { kind: 'left', did: 'malformed' };
  const did = obstacle(claims) ?? order(token, claims, tokenIn(stored));
  return did === 'newer' ? { kind: 'newer', token, claims } : { kind: 'left', did };
}

function order(
  token: string,
  claims: TokenClaims,
  stored: string | null,
): 'same' | 'older' | 'newer' {
  if (token === stored) return 'same';
  const current = stored === null ? null : decodeToken(stored);
  return current === null || claims.issuedAt > current.issuedAt ? 'newer' : 'older';
}
