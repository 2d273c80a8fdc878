// Caches app credentials between requests of the login function's process, so that a flood of requests cannot exhaust the
// account's rate limit of Parameter Store, which the other functions and the harvester need.
import type { ParameterName } from '../../core/config/names.ts';
import type { Clock, TokenStore } from '../../core/ports.ts';
import { type Instant, MINUTE, SECOND, plus } from '../../core/time.ts';
import type { LoginOutcome } from '../../keeper/login.ts';
import { type LoginMemory, newLoginMemory } from '../../keeper/login-memory.ts';

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
