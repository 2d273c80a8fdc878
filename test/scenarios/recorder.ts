// Collects what the judge is shown: looks at the parameter, the mailbox and the broker after everything that happens.
import type { FyersError } from '../../core/errors.ts';
import { PLACEHOLDER } from '../../core/config/names.ts';
import type { Message } from '../../core/ports.ts';
import { type Instant, istDateAt } from '../../core/time.ts';
import { checkToken, ownerOf } from '../../sandbox/fyers/tokens.ts';
import type { Evidence, JudgedDay } from './invariants.ts';
import type { World } from './deployment.ts';

type Mail = Message & { readonly at: Instant };

export interface Witness {
  /** After every step: nobody else knows when it was. */
  look(): Promise<void>;
  failed(failure: FyersError): void;
  acted(did: Evidence['acts'][number]['did']): void;
  /** Of today, so far. */
  mail(): readonly Mail[];
  evidence(days: readonly JudgedDay[]): Evidence;
}

export function newWitness(world: World): Witness {
  const { clock, cloud, fyers } = world;
  const published: Evidence['published'][number][] = [];
  const standings: Evidence['standings'][number][] = [];
  const messages: Mail[] = [];
  const alarms: Evidence['alarms'][number][] = [];
  const acts: Evidence['acts'][number][] = [];
  let version = 0;
  let value = PLACEHOLDER;
  /** The broker's own view. */
  const isLive = (token: string): boolean =>
    token !== PLACEHOLDER &&
    !fyers.state.revoked.has(token) &&
    checkToken(world.seed, world.app(), 'access_token', token, clock.now()) === 'valid';
  return {
    async look() {
      const at = clock.now();
      const now = await cloud.parameter('FYERS_ACCESS_TOKEN');
      if (now !== null && now.version > version) {
        for (const entry of await cloud.history('FYERS_ACCESS_TOKEN', version)) {
          ({ value, version } = entry);
          if (value === PLACEHOLDER) continue;
          published.push({ at, version, live: isLive(value), owner: ownerOf(value) });
        }
      }
      standings.push({ at, live: isLive(value) });
      for (const message of await cloud.mail()) messages.push({ ...message, at });
    },
    failed({ code }) {
      alarms.push({ at: clock.now(), code });
    },
    acted(did) {
      acts.push({ at: clock.now(), did });
    },
    mail: () => messages.filter(({ at }) => istDateAt(at) === istDateAt(clock.now())),
    evidence: (days) => ({
      days,
      account: world.app().fyId,
      requests: fyers.requests(),
      published,
      standings,
      messages,
      alarms,
      acts,
    }),
  };
}
