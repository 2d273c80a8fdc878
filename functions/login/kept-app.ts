// The app's parameters, read once a minute: whoever floods the login's address with what looks like a link must not use
// up the account's reads of Parameter Store, which the other functions and the harvester need.
import type { ParameterName } from '../../core/names.ts';
import type { Clock, TokenStore } from '../../core/ports.ts';
import { type Instant, MINUTE, plus } from '../../core/time.ts';

const KEPT_FOR = MINUTE;
const KEPT: ReadonlySet<ParameterName> = new Set(['FYERS_CLIENT_ID', 'FYERS_SECRET_KEY']);

/** Lives as long as the function's process, beyond one request. */
export type KeptApp = Map<ParameterName, { readonly value: string; readonly until: Instant }>;

/** What is absent is asked for each time: it may be made at any moment. */
export function keepingApp(
  store: TokenStore,
  clock: Pick<Clock, 'now'>,
  kept: KeptApp,
): TokenStore {
  return {
    write: (name, value) => store.write(name, value),
    async read(name) {
      const known = kept.get(name);
      if (known !== undefined && clock.now() < known.until) return known.value;
      const value = await store.read(name);
      if (value !== null && KEPT.has(name)) {
        kept.set(name, { value, until: plus(clock.now(), KEPT_FOR) });
      }
      return value;
    },
  };
}
