// Keeps the keeper's ports in memory, with a history of writes and a scripted broker, and runs the keeper with them.
import type {
  AccessToken,
  AppId,
  AppSecret,
  LinkKey,
  Pin,
  PinKey,
  RefreshToken,
} from '../../core/config/values.ts';
import type {
  App,
  ClaimStore,
  LogRecord,
  Message,
  MintAnswer,
  Proof,
  RefusedBy,
  TokenStore,
} from '../../core/ports.ts';
import { type ParameterName, namesFor } from '../../core/config/names.ts';
import { DAY, HOUR, type Instant, parseInstant, plus } from '../../core/time.ts';
import type { Trigger } from '../../core/token/decide.ts';
import { parseTokenState } from '../../core/token/state.ts';
import type { AddressedLogin, KeeperPorts, KeeperSettings } from '../../keeper/ports.ts';
import { refresh } from '../../keeper/refresh.ts';
import { type TokenKind, mintToken } from '../../sandbox/fyers/tokens.ts';
import { type VirtualClock, virtualClock } from './virtual-clock.ts';

/** A Wednesday that trades. */
export const SEVEN = parseInstant('2026-11-25T07:00:00+05:30');
export const PIN = '4826' as Pin;
export const APP: App = { id: 'ABCD1234EF-100' as AppId, secret: 'CANARYSECRET' as AppSecret };
/** As the program draws them; other bytes than anything else here. */
export const LINK_KEY = '1f'.repeat(32) as LinkKey;
export const PIN_KEY = 'e0'.repeat(32) as PinKey;
export const SIGNER = { id: APP.id, secret: LINK_KEY };
export const FY_ID = 'XA00001';
export const SIMULATED_APP = {
  ...APP,
  pin: PIN,
  fyId: FY_ID,
  redirectUri: 'https://127.0.0.1/',
};

/** One tap: Fyers redirects to the login function. */
export const LOGIN: AddressedLogin = {
  loginUrl: 'https://login.example/',
  redirectUri: 'https://login.example/',
  apiUrl: 'https://fyers.example',
};

export function tokenOf(kind: TokenKind, at: Instant, serial = 0, fyId = FY_ID): string {
  return mintToken('test', { ...SIMULATED_APP, fyId }, kind, at, serial);
}
export const accessToken = (at: Instant, serial = 0, fyId = FY_ID) =>
  tokenOf('access_token', at, serial, fyId) as AccessToken;
export const refreshToken = (at: Instant, serial = 0, fyId = FY_ID) =>
  tokenOf('refresh_token', at, serial, fyId) as RefreshToken;

export const LIVE: Proof = { kind: 'live', fyId: FY_ID };

export interface World {
  readonly ports: KeeperPorts;
  readonly settings: KeeperSettings;
  readonly clock: VirtualClock;
  readonly parameters: Map<ParameterName, string>;
  readonly claims: Map<string, string>;
  /** `<name>` in the order of writing. */
  readonly writes: ParameterName[];
  readonly events: LogRecord[];
  /** What was sent to the broker: `refresh`, `exchange <code>`, or `prove <token>`. */
  readonly calls: string[];
  /** Answers to refreshes, first first; then silence. */
  readonly answers: MintAnswer[];
  /** Answers to exchanges of an auth code, first first; then silence. */
  readonly exchanges: MintAnswer[];
  /** By token; dead where it is not named. */
  readonly proofs: Map<string, Proof | Proof[]>;
  /** What the operator was sent. */
  readonly messages: Message[];
  pin: Pin | null;
  /** Called before each write; may throw. */
  beforeWrite: (name: ParameterName, value: string) => void;
  /** Called inside each refresh. */
  duringRefresh: () => void | Promise<void>;
  duringExchange: () => void | Promise<void>;
  /** Whether a subscription is confirmed. */
  listener: boolean;
}

export interface WorldOptions {
  readonly now?: Instant;
  readonly settings?: Partial<KeeperSettings>;
}

/** Yesterday's access token, a refresh token with days to live, a PIN. */
export function keeperWorld({ now = SEVEN, settings = {} }: WorldOptions = {}): World {
  const clock = virtualClock(now);
  const parameters = new Map<ParameterName, string>([
    ['FYERS_CLIENT_ID', APP.id],
    ['FYERS_SECRET_KEY', APP.secret],
    ['FYERS_LINK_KEY', LINK_KEY],
    ['FYERS_PIN_KEY', PIN_KEY],
    ['FYERS_ACCESS_TOKEN', accessToken(plus(now, -DAY))],
    ['FYERS_REFRESH_TOKEN', refreshToken(plus(now, -5 * DAY - HOUR))],
  ]);
  const claims = new Map<string, string>();
  let nonces = 0;
  const world: World = {
    clock,
    parameters,
    claims,
    writes: [],
    events: [],
    calls: [],
    answers: [],
    exchanges: [],
    proofs: new Map(),
    messages: [],
    pin: PIN,
    beforeWrite: () => undefined,
    duringRefresh: () => undefined,
    duringExchange: () => undefined,
    listener: true,
    settings: {
      names: namesFor(''),
      days: 'trading',
      probeRefresh: 'weekly',
      calendar: {},
      fyId: null,
      proof: 'profile',
      login: LOGIN,
      ...settings,
    },
    ports: {
      clock,
      store: memoryStore(() => world),
      claims: memoryClaims(claims),
      secrets: { pin: () => Promise.resolve(world.pin) },
      broker: {
        refresh: async () => {
          world.calls.push('refresh');
          await world.duringRefresh();
          return world.answers.shift() ?? { kind: 'silent' };
        },
        exchange: async (_app, code) => {
          world.calls.push(`exchange ${code}`);
          await world.duringExchange();
          return world.exchanges.shift() ?? { kind: 'silent' };
        },
        prove: (_app, token) => {
          world.calls.push(`prove ${token}`);
          const proof = world.proofs.get(token) ?? { kind: 'dead' };
          const now = 'kind' in proof ? proof : proof.shift();
          return Promise.resolve(now ?? { kind: 'dead' });
        },
      },
      events: { log: (event) => world.events.push(event) },
      random: () => 0.5,
      nonce: () => (nonces += 1).toString(16).padStart(32, '0'),
      notifier: {
        send: (message) => {
          world.messages.push(message);
          return Promise.resolve();
        },
        hasListener: () => Promise.resolve(world.listener),
      },
    },
  };
  return world;
}

function memoryStore(world: () => World): TokenStore {
  return {
    read: (name) => Promise.resolve(world().parameters.get(name) ?? null),
    write: async (name, value) => {
      await Promise.resolve();
      world().beforeWrite(name, value);
      world().writes.push(name);
      world().parameters.set(name, value);
    },
  };
}

function memoryClaims(claims: Map<string, string>): ClaimStore {
  return {
    take: (claim, value) => {
      if (claims.has(claim)) return Promise.resolve(false);
      claims.set(claim, value);
      return Promise.resolve(true);
    },
    read: (claim) => Promise.resolve(claims.get(claim) ?? null),
    remove: (claim) => {
      claims.delete(claim);
      return Promise.resolve();
    },
  };
}

export const NEW = accessToken(SEVEN, 1);
export const LAST: Trigger = { kind: 'slot', slot: '07:00', last: true };
export const EARLIER: Trigger = { kind: 'slot', slot: '06:45', last: false };
export const OPERATOR: Trigger = { kind: 'operator', probe: false };

export const run = (world: World, trigger: Trigger = LAST) =>
  refresh(world.ports, world.settings, trigger, new AbortController().signal);
export const stateOf = (world: World) =>
  parseTokenState(world.parameters.get('FYERS_TOKEN_STATE') ?? '');
/** How often the refresh token and the PIN were sent. */
export const sent = (world: World) => world.calls.filter((call) => call === 'refresh').length;

/** The broker mints `token`, and answers `proof` of it. */
export function accepting(world: World, token = NEW, proof: Proof = LIVE): World {
  world.answers.push({ kind: 'minted', accessToken: token });
  world.proofs.set(token, proof);
  return world;
}

/** The broker refuses the first refresh. */
export function refusing(by: RefusedBy): World {
  const world = keeperWorld();
  world.answers.push({ kind: 'refused', by, detail: 'HTTP 400, code -1: no' });
  return world;
}
