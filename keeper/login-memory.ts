// Caches proofs and counts exchanges within one process of the login function. A holder of the day's link can open it any
// number of times, and a holder of a state can send it again; neither may use up the account's calls.
// A proof is remembered for a minute under the token's fingerprint, and requests at the same time share one. Exchanges are
// counted per state, per auth code and per minute; a code that Fyers refused is not sent again. The memory is bounded:
// an entry lives at most as long as a state, and the limit per minute bounds the number of new entries. An unproven new token
// is kept equally long: its code is used up, so the same request proves the token again.
import type { AppId, AuthCode } from '../core/config/values.ts';
import type { MintAnswer, Proof } from '../core/ports.ts';
import { type Instant, MINUTE, plus } from '../core/time.ts';
import { displayFingerprint } from '../core/token/digest.ts';
import type { LoginProblem } from './login.ts';

const PROOF_TTL_MS = MINUTE;
const STATE_TTL_MS = 30 * MINUTE;
const MAX_EXCHANGES_PER_STATE = 3;
/** An unanswered code may have been used, so it is sent at most twice. */
const MAX_EXCHANGES_PER_CODE = 2;
const MAX_EXCHANGES_PER_MINUTE = 5;

export interface LoginMemory {
  /** The remembered proof of this token, or the one that `prove` fetches now. */
  readonly proofOf: (
    token: ProvenToken,
    now: Instant,
    prove: () => Promise<Proof>,
  ) => Promise<Proof>;
  /** Why this code must not be sent now; null if it may be, or if its token is kept and need not be fetched. */
  readonly obstacle: (login: ExchangeKey, now: Instant) => LoginProblem | null;
  /** Counts an exchange that is about to be sent. */
  readonly countExchange: (login: ExchangeKey, now: Instant) => void;
  /** Keeps the token of a counted exchange that could not be proven. */
  readonly keepMinted: (login: ExchangeKey, minted: Minted) => void;
  /** The unproven token that this login's code was exchanged for, or null. */
  readonly mintedFor: (login: ExchangeKey, now: Instant) => Minted | null;
  /** Fyers' refusal of a code is final. */
  readonly keepRefusal: (login: ExchangeKey, problem: LoginProblem) => void;
}

type Minted = Extract<MintAnswer, { kind: 'minted' }>;

interface ProvenToken {
  readonly app: AppId;
  readonly token: string;
}

export interface ExchangeKey {
  readonly nonce: string;
  readonly code: AuthCode;
}

interface Exchange {
  readonly at: Instant;
  readonly nonce: string;
  readonly code: string;
  refusal: LoginProblem | null;
  unproven: Minted | null;
}

export function newLoginMemory(): LoginMemory {
  const proofs = new Map<string, { readonly proof: Promise<Proof>; readonly until: Instant }>();
  let exchanges: Exchange[] = [];
  const isOf = ({ nonce, code }: ExchangeKey, exchange: Exchange): boolean =>
    exchange.nonce === nonce && exchange.code === displayFingerprint(code);
  const dropOld = (now: Instant): void => {
    exchanges = exchanges.filter(({ at }) => now - at < STATE_TTL_MS);
  };
  const keep = (key: string, now: Instant, proof: Promise<Proof>): void => {
    for (const [other, { until }] of proofs) if (now >= until) proofs.delete(other);
    proofs.set(key, { proof, until: plus(now, PROOF_TTL_MS) });
  };
  return {
    proofOf(token, now, prove) {
      const key = keyOf(token);
      const known = proofs.get(key);
      if (known !== undefined && now < known.until) return known.proof;
      const proof = prove();
      keep(key, now, proof);
      // A request that timed out proved nothing.
      proof.catch(() => {
        if (proofs.get(key)?.proof === proof) proofs.delete(key);
      });
      return proof;
    },
    obstacle(login, now) {
      const { nonce, code } = login;
      dropOld(now);
      if (exchanges.some((each) => each.unproven !== null && isOf(login, each))) return null;
      const fingerprint = displayFingerprint(code);
      const ofCode = exchanges.filter((exchange) => exchange.code === fingerprint);
      const refusal = ofCode.find((exchange) => exchange.refusal !== null)?.refusal;
      if (refusal !== undefined && refusal !== null) return refusal;
      const ofState = exchanges.filter((exchange) => exchange.nonce === nonce);
      const ofMinute = exchanges.filter(({ at }) => now - at < MINUTE);
      const isOver =
        ofCode.length >= MAX_EXCHANGES_PER_CODE ||
        ofState.length >= MAX_EXCHANGES_PER_STATE ||
        ofMinute.length >= MAX_EXCHANGES_PER_MINUTE;
      return isOver ? 'too-many' : null;
    },
    keepMinted(login, minted) {
      for (const exchange of exchanges) if (isOf(login, exchange)) exchange.unproven = minted;
    },
    mintedFor(login, now) {
      dropOld(now);
      return exchanges.find((exchange) => isOf(login, exchange))?.unproven ?? null;
    },
    countExchange({ nonce, code }, at) {
      exchanges.push({ at, nonce, code: displayFingerprint(code), refusal: null, unproven: null });
    },
    keepRefusal({ code }, problem) {
      const fingerprint = displayFingerprint(code);
      for (const exchange of exchanges) {
        if (exchange.code === fingerprint) exchange.refusal = problem;
      }
    },
  };
}

function keyOf({ app, token }: ProvenToken): string {
  return `${app} ${displayFingerprint(token)}`;
}
