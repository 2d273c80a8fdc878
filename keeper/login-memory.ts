// Caches reads and calls within one process of the login function, so that a flood of requests does not repeat them.
// App credentials are cached, so that Parameter Store's rate limit is left for the other functions and the harvester.
// Proofs are cached and exchanges are counted: a holder of the day's link can open it any number of times, and a holder
// of a state can send it again; neither may use up the account's calls. A proof is remembered for a minute under the
// token's fingerprint, and requests at the same time share one. Exchanges are counted per state, per auth code and per
// minute; a code that Fyers refused is not sent again. The memory is bounded: an entry lives at most as long as a
// state, and the limit per minute bounds the number of new entries. An unproven new token is kept equally long: its
// code is used up, so the same request proves the token again.
import type { ParameterName } from '../core/config/names.ts';
import type { AppId, AuthCode } from '../core/config/values.ts';
import type { MintAnswer, Proof, Clock, TokenStore } from '../core/ports.ts';
import { type Instant, MINUTE, plus, SECOND } from '../core/time.ts';
import { displayFingerprint } from '../core/token/digest.ts';
import type { LoginProblem, LoginOutcome } from './login.ts';

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
  /** Returns why this code must not be sent now; null if it may be sent, or if its token is already kept. */
  readonly obstacle: (login: ExchangeKey, now: Instant) => LoginProblem | null;
  /** Counts an exchange that is about to be sent. */
  readonly countExchange: (login: ExchangeKey, now: Instant) => void;
  /** Keeps the token of a counted exchange that could not be proven. */
  readonly keepMinted: (login: ExchangeKey, minted: Minted) => void;
  /** The unproven token that this login's code was exchanged for, or null. */
  readonly mintedFor: (login: ExchangeKey, now: Instant) => Minted | null;
  /** Keeps Fyers' refusal of a code, which is final, so that the code is not sent again. */
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

function newLoginMemory(): LoginMemory {
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
      // A failed request is no proof, so do not cache it.
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

const CACHE_TTL_MS = MINUTE;
/** Short, because a missing parameter may be created at any moment, and a failing store may recover. */
const MISSING_TTL_MS = 5 * SECOND;
/** Parameters that change only with `pulumi up`. */
const CACHED_PARAMETERS: ReadonlySet<ParameterName> = new Set([
  'FYERS_CLIENT_ID',
  'FYERS_SECRET_KEY',
  'FYERS_LINK_KEY',
  'FYERS_LOGIN_URL',
]);

interface Read {
  readonly answer: Promise<string | null>;
  readonly until: Instant;
}

/** Lives as long as the function's process, so across requests. */
export interface CredentialsCache {
  readonly app: Map<ParameterName, Read>;
  /** The outcome of the last press of the public button, as long as another press would have the same. */
  lastPress: { readonly outcome: LoginOutcome; readonly until: Instant } | null;
  readonly memory: LoginMemory;
}

export function newCache(): CredentialsCache {
  return { app: new Map(), lastPress: null, memory: newLoginMemory() };
}

/** @param onSecret also receives cached values, so that each request's log hides them */
export function cacheCredentials(
  store: TokenStore,
  clock: Pick<Clock, 'now'>,
  kept: CredentialsCache,
  onSecret: (value: string) => void,
): TokenStore {
  return {
    write: (name, value) => store.write(name, value),
    async read(name) {
      if (!CACHED_PARAMETERS.has(name)) return store.read(name);
      const value = await readOnce(store, clock, kept, name);
      if (value !== null) onSecret(value);
      return value;
    },
  };
}

function readOnce(
  store: TokenStore,
  clock: Pick<Clock, 'now'>,
  { app }: CredentialsCache,
  name: ParameterName,
): Promise<string | null> {
  const known = app.get(name);
  if (known !== undefined && clock.now() < known.until) return known.answer;
  const answer = store.read(name);
  const keep = (ms: number) => app.set(name, { answer, until: plus(clock.now(), ms) });
  keep(MISSING_TTL_MS);
  // The caller gets the failure. This only decides how long to cache it.
  answer.then(
    (value) => value !== null && keep(CACHE_TTL_MS),
    () => keep(MISSING_TTL_MS),
  );
  return answer;
}
