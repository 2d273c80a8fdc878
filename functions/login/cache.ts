// What the login's process remembers between requests: whoever floods its address must not use up the account's reads of
// Parameter Store, which the other functions and the harvester need.
import type { ParameterName } from '../../core/config/names.ts';
import type { Clock, TokenStore } from '../../core/ports.ts';
import { type Instant, MINUTE, SECOND, plus } from '../../core/time.ts';
import type { LoginOutcome } from '../../keeper/login.ts';
import { type LoginMemory, newLoginMemory } from '../../keeper/login-memory.ts';

const KEPT_FOR = MINUTE;
/** What is absent may be made at any moment, and a store that fails may come back. */
const NOTHING_KEPT_FOR = 5 * SECOND;
/** What changes with `pulumi up` only. */
const KEPT: ReadonlySet<ParameterName> = new Set([
  'FYERS_CLIENT_ID',
  'FYERS_SECRET_KEY',
  'FYERS_LINK_KEY',
  'FYERS_LOGIN_URL',
]);

interface Read {
  readonly answer: Promise<string | null>;
  readonly until: Instant;
}

/** Lives as long as the function's process, beyond one request. */
export interface CredentialsCache {
  readonly app: Map<ParameterName, Read>;
  /** The outcome of the last press of the public button, while the next one would have the same. */
  lastPress: { readonly outcome: LoginOutcome; readonly until: Instant } | null;
  readonly memory: LoginMemory;
}

export function newCache(): CredentialsCache {
  return { app: new Map(), lastPress: null, memory: newLoginMemory() };
}

/** @param onSecret told of what is answered from memory too, so that each request's log hides it */
export function cacheCredentials(
  store: TokenStore,
  clock: Pick<Clock, 'now'>,
  kept: CredentialsCache,
  onSecret: (value: string) => void,
): TokenStore {
  return {
    write: (name, value) => store.write(name, value),
    async read(name) {
      if (!KEPT.has(name)) return store.read(name);
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
  keep(NOTHING_KEPT_FOR);
  // Who asked is told of a failure; this only decides for how long it is kept.
  answer.then(
    (value) => value !== null && keep(KEPT_FOR),
    () => keep(NOTHING_KEPT_FOR),
  );
  return answer;
}
