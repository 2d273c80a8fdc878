// Records the evidence for the invariants: observes the parameter, the mailbox and the broker after every step.
import type { FyersError } from '../../core/errors.ts';
import { PLACEHOLDER } from '../../core/config/names.ts';
import type { Message } from '../../core/ports.ts';
import { type Instant, istDateAt } from '../../core/time.ts';
import { checkToken, ownerOf } from '../../sandbox/fyers/tokens.ts';
import type { Evidence, ScenarioDay } from './invariants.ts';
import type { Deployment } from './deployment.ts';

type Mail = Message & { readonly at: Instant };

export interface Recorder {
  /** Must be called after every step, because it records the time. */
  observe(): Promise<void>;
  recordFailure(failure: FyersError): void;
  recordAct(did: Evidence['acts'][number]['did']): void;
  /** Returns the messages of today so far. */
  mail(): readonly Mail[];
  evidence(days: readonly ScenarioDay[]): Evidence;
}

export function newRecorder(deployment: Deployment): Recorder {
  const { clock, cloud, fyers } = deployment;
  const published: Evidence['published'][number][] = [];
  const tokenChecks: Evidence['tokenChecks'][number][] = [];
  const messages: Mail[] = [];
  const alarms: Evidence['alarms'][number][] = [];
  const acts: Evidence['acts'][number][] = [];
  let version = 0;
  let value = PLACEHOLDER;
  /** Checks a token by the broker's rules. */
  const isLive = (token: string): boolean =>
    token !== PLACEHOLDER &&
    !fyers.state.revoked.has(token) &&
    checkToken(deployment.seed, deployment.app(), 'access_token', token, clock.now()) === 'valid';
  return {
    async observe() {
      const at = clock.now();
      const now = await cloud.parameter('FYERS_ACCESS_TOKEN');
      if (now !== null && now.version > version) {
        for (const entry of await cloud.history('FYERS_ACCESS_TOKEN', version)) {
          ({ value, version } = entry);
          if (value === PLACEHOLDER) continue;
          published.push({ at, version, live: isLive(value), owner: ownerOf(value) });
        }
      }
      tokenChecks.push({ at, live: isLive(value) });
      for (const message of await cloud.mail()) messages.push({ ...message, at });
    },
    recordFailure({ code }) {
      alarms.push({ at: clock.now(), code });
    },
    recordAct(did) {
      acts.push({ at: clock.now(), did });
    },
    mail: () => messages.filter(({ at }) => istDateAt(at) === istDateAt(clock.now())),
    evidence: (days) => ({
      days,
      account: deployment.app().fyId,
      requests: fyers.requests(),
      published,
      tokenChecks,
      messages,
      alarms,
      acts,
    }),
  };
}
