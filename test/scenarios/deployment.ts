// Runs the keeper's real use cases and adapters on a virtual clock, with the AWS emulator and the simulator of Fyers.
import { claimStore, parameterStore } from '../../adapters/aws/parameters.ts';
import { pinSecret } from '../../adapters/aws/pin.ts';
import { topicChannel } from '../../adapters/aws/topic.ts';
import { allChannels, failureOf } from '../../functions/wiring.ts';
import { fyersBroker } from '../../adapters/fyers/auth.ts';
import { type Log, createLog } from '../../adapters/process/log.ts';
import type { FyersError } from '../../core/errors.ts';
import { namesFor } from '../../core/config/names.ts';
import type { Broker } from '../../core/ports.ts';
import type { WatchSlot } from '../../core/schedule.ts';
import type { Instant } from '../../core/time.ts';
import type { Trigger } from '../../core/token/decide.ts';
import { channelFailed, runFailed } from '../../core/token/log.ts';
import { answerLogin, renderOutcome } from '../../functions/login/router.ts';
import { newCache } from '../../keeper/login-memory.ts';
import { type AdoptionReport, type Offer, adopt } from '../../keeper/adopt.ts';
import type { LoginOutcome } from '../../keeper/login.ts';
import type { KeeperPorts, KeeperSettings } from '../../keeper/ports.ts';
import { type Outcome, refresh } from '../../keeper/refresh.ts';
import { type WatchReport, watch } from '../../keeper/watch.ts';
import type { Emulator } from '../../sandbox/aws/emulator.ts';
import { type Faults, startFaults } from '../../sandbox/faults.ts';
import { type FyersSimulator, startFyers } from '../../sandbox/fyers/server.ts';
import { mintToken, type SimulatedApp } from '../../sandbox/fyers/tokens.ts';
import { FY_ID } from '../support/keeper-fixture.ts';
import { requestOf } from '../support/logins.ts';
import { type Cloud, newCloud } from './cloud.ts';
import { type EventClock, eventClock } from './event-clock.ts';

export const LOGIN_URL = 'https://login.example/';
export const OTHER_ACCOUNT = 'XB00002';
export const OTHER_PIN = '1357';
/** Refuses connections, because ordinary users cannot listen on port 1. */
const CLOSED_PORT_URL = 'http://127.0.0.1:1';
/** The duration of a call to the broker. Without it the calls of one virtual instant would exceed the account's limits. */
const LATENCY_MS = 300;

export interface DeploymentOptions {
  readonly emulator: Emulator;
  /** Deployments share an emulator, so their names need a suffix. */
  readonly suffix: string;
  readonly startsAt: Instant;
  /** The seed of the simulator's tokens. */
  readonly seed: string;
  readonly appSecret: string;
  readonly pin: string;
  /** Null: the keeper serves the first account that logs in. */
  readonly fyId: string | null;
}

export interface Page {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

export interface FailedRun {
  readonly kind: 'failed';
  readonly failure: FyersError;
}

export interface Deployment extends AsyncDisposable {
  readonly clock: EventClock;
  readonly cloud: Cloud;
  readonly fyers: FyersSimulator;
  /** HTTP faults between the keeper and the simulator. */
  readonly brokerFaults: Faults;
  readonly app: () => SimulatedApp;
  readonly seed: string;
  /** The lines of the log. */
  readonly lines: readonly string[];
  /** Whether connections to the broker are refused. */
  isCutOff: boolean;
  refresh(trigger: Trigger): Promise<Outcome | FailedRun>;
  watch(slot: WatchSlot): Promise<WatchReport | FailedRun>;
  adopt(offer: Offer): Promise<AdoptionReport | FailedRun>;
  visit(url: string, method?: string): Promise<Page>;
  /** Mints a token like the simulator. */
  token(kind: 'access_token' | 'refresh_token', at: Instant, fyId?: string): string;
}

export async function startDeployment(options: DeploymentOptions): Promise<Deployment> {
  const { startsAt, seed, suffix } = options;
  const names = namesFor(suffix);
  const app: SimulatedApp = {
    id: 'ABCD1234EF-100',
    secret: options.appSecret,
    pin: options.pin,
    fyId: FY_ID,
    redirectUri: LOGIN_URL,
    isForEveryone: true,
  };
  const others = { [OTHER_ACCOUNT]: OTHER_PIN };
  const fyers = await startFyers({ seed, apps: [app], others, refresh: 'accepted', startsAt });
  fyers.setClock(startsAt);
  const brokerFaults = await startFaults(fyers.url);
  let serial = 1_000_000;
  const token: Deployment['token'] = (kind, at, fyId = FY_ID) =>
    mintToken(seed, { ...app, fyId }, kind, at, (serial += 1));
  const cloud = await newCloud(options.emulator, names, {
    appId: app.id,
    appSecret: app.secret,
    pin: app.pin,
    refreshToken: token('refresh_token', startsAt),
  });
  const clock = eventClock(startsAt, (now) => {
    fyers.setClock(now);
  });
  const settings: KeeperSettings = {
    names,
    days: 'trading',
    probeRefresh: 'weekly',
    calendar: {},
    fyId: options.fyId,
    proof: 'profile',
    login: { loginUrl: LOGIN_URL, redirectUri: LOGIN_URL, apiUrl: fyers.url },
  };
  const lines: string[] = [];
  const kept = newCache();
  const draw = seededRandom(startsAt);
  const run = async <T>(work: (ports: KeeperPorts, signal: AbortSignal) => Promise<T>) => {
    const log = createLog({ clock, write: (line) => lines.push(line) });
    const apiUrl = deployment.isCutOff ? CLOSED_PORT_URL : brokerFaults.url;
    const ports = portsOf({ deployment, names, log, draw, apiUrl });
    try {
      return await clock.during(() => work(ports, new AbortController().signal));
    } catch (caught) {
      const failure = failureOf(caught, log, 'refresh');
      log.log(runFailed(failure.code, log.scrub(failure.message)));
      return { kind: 'failed', failure } as const;
    }
  };
  const deployment: Deployment = {
    clock,
    cloud,
    fyers,
    brokerFaults,
    app: () => fyers.state.apps[0] ?? app,
    seed,
    lines,
    isCutOff: false,
    token,
    refresh: (trigger) => run((ports, signal) => refresh(ports, settings, trigger, signal)),
    watch: (slot) => run((ports, signal) => watch(ports, settings, slot, signal)),
    adopt: (offer) => run((ports, signal) => adopt(ports, settings, offer, signal)),
    async visit(url, method = 'GET') {
      const event = requestOf(method, url);
      const answered = await run((ports, signal) =>
        answerLogin(ports, settings, event, signal, kept),
      );
      const answer =
        'kind' in answered ? renderOutcome(failedPage(answered.failure), method) : answered;
      return {
        status: answer.statusCode ?? 0,
        body: answer.body ?? '',
        headers: answer.headers ?? {},
      };
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([cloud[Symbol.asyncDispose](), brokerFaults.close()]);
      await fyers.close();
    },
  };
  return deployment;
}

interface PortsOptions {
  readonly deployment: Deployment;
  readonly names: KeeperSettings['names'];
  readonly log: Log;
  readonly draw: () => number;
  readonly apiUrl: string;
}

/** Wires the ports like `functions/wiring.ts`, with the virtual clock and seeded random numbers. */
function portsOf({
  deployment: { cloud, clock },
  names,
  log,
  draw,
  apiUrl,
}: PortsOptions): KeeperPorts {
  const onSecret = (value: string): void => {
    log.hide(value);
  };
  return {
    clock,
    store: parameterStore({ client: cloud.ssm, names, onSecret }),
    claims: claimStore(cloud.ssm),
    secrets: pinSecret(cloud.secretsManager, names.pinSecret),
    notifier: allChannels([topicChannel(cloud.sns, cloud.topicArn)], (problem) => {
      log.log(channelFailed(log.scrub(problem)));
    }),
    broker: withLatency(fyersBroker({ apiUrl, onSecret }), clock),
    events: log,
    random: draw,
    nonce: () => Array.from({ length: 32 }, () => Math.floor(draw() * 16).toString(16)).join(''),
  };
}

function withLatency(broker: Broker, clock: EventClock): Broker {
  const after = async <T>(call: () => Promise<T>): Promise<T> => {
    await clock.pass(LATENCY_MS);
    return call();
  };
  return {
    refresh: (...given) => after(() => broker.refresh(...given)),
    exchange: (...given) => after(() => broker.exchange(...given)),
    prove: (...given) => after(() => broker.prove(...given)),
  };
}

/** Returns reproducible random numbers (a linear congruential generator with the constants of Numerical Recipes). */
export function seededRandom(seed: number): () => number {
  let state = seed % 2 ** 32;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function failedPage({ family, code }: FyersError): LoginOutcome {
  return { kind: 'failed', family, code };
}
