// What is said of the tokens at hand. Pure: the keeper's own rules, and the coming session.
import type { SessionPlan } from '../core/market/phases.ts';
import type { Proof } from '../core/ports.ts';
import { type Instant, brokerDayEnd } from '../core/time.ts';
import { isForeign, standingOf } from '../core/token/check.ts';
import { type TokenClaims, decodeToken } from '../core/token/jwt.ts';

/** `unproven`: it says that it lives, and the broker was not asked or did not answer. `live` for a refresh token is never known. */
export type TokenState =
  'missing' | 'malformed' | 'foreign' | 'expired' | 'refused' | 'unproven' | 'live';

export interface JudgedToken {
  readonly state: TokenState;
  readonly claims: TokenClaims | null;
  readonly proof: Proof | null;
}

export interface View {
  /** The only Fyers client whose tokens count; null for any. */
  readonly account: string | null;
  readonly now: Instant;
  /** The coming one. */
  readonly session: SessionPlan;
}

export interface Verdict extends View {
  readonly access: JudgedToken;
  readonly refresh: JudgedToken;
  /** The access token lives to the session's end by its own word. */
  readonly lasts: boolean;
  readonly good: boolean;
}

interface Tokens {
  readonly accessToken: string | null;
  readonly refreshToken: string | null;
}

/** Only a token that says it lives is worth a call to the broker. */
export function mayBeProven(accessToken: string | null, view: View): boolean {
  return standingOf(accessToken, null, view).kind === 'plausible';
}

/** @param found `proof` is null when the broker was not asked */
export function judge(
  { accessToken, refreshToken }: Tokens,
  { proof, offline, ...view }: View & { readonly proof: Proof | null; readonly offline: boolean },
): Verdict {
  const claims = claimsOf(accessToken);
  const access = {
    state: accessState(accessToken, proof, view),
    claims,
    proof,
  };
  const lasts = claims !== null && claims.expiresAt >= view.session.closesAt;
  return {
    ...view,
    access,
    refresh: judgeRefresh(refreshToken, view),
    lasts,
    good:
      lasts &&
      depthRefusedIn(access) === null &&
      (access.state === 'live' || (offline && access.state === 'unproven')),
  };
}

/** What Fyers answered in place of market depth; null if it did not refuse that, or was not asked. */
export function depthRefusedIn({ proof }: JudgedToken): string | null {
  return proof?.kind === 'live' ? (proof.depthRefused ?? null) : null;
}

/** What Fyers answered in place of a proof; null if there is nothing to say. */
export function answerIn({ proof }: JudgedToken): string | null {
  return proof !== null && 'detail' in proof ? (proof.detail ?? null) : null;
}

/** When the tokens of now end, where that is before the coming session: a login before it helps nobody. Else null. */
export function loginHelpsFrom({ now, session }: Pick<View, 'now' | 'session'>): Instant | null {
  const end = brokerDayEnd(now);
  return end < session.closesAt ? end : null;
}

function accessState(token: string | null, proof: Proof | null, view: View): TokenState {
  const standing = standingOf(token, proof, view);
  if (standing.kind === 'none') return 'missing';
  if (standing.kind !== 'plausible') return standing.kind;
  if (standing.proof === 'live') return 'live';
  return standing.proof === 'dead' ? 'refused' : 'unproven';
}

function judgeRefresh(token: string | null, { account, now }: View): JudgedToken {
  const claims = claimsOf(token);
  const state = (): TokenState => {
    if (token === null) return 'missing';
    if (claims === null || (claims.kind ?? 'refresh_token') !== 'refresh_token') return 'malformed';
    if (isForeign(claims.fyId, account)) return 'foreign';
    return claims.expiresAt <= now ? 'expired' : 'unproven';
  };
  return { state: state(), claims, proof: null };
}

function claimsOf(token: string | null): TokenClaims | null {
  return token === null ? null : decodeToken(token);
}
