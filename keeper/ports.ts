// What every use case of the keeper is given.
import type { CalendarOptions } from '../core/market/calendar.ts';
import type { Names } from '../core/config/names.ts';
import type {
  Broker,
  ClaimStore,
  Clock,
  Logger,
  Notifier,
  SecretReader,
  TokenStore,
} from '../core/ports.ts';
import type { ProbeRefresh } from '../core/token/decide.ts';

export interface KeeperPorts {
  readonly clock: Clock;
  readonly store: TokenStore;
  readonly claims: ClaimStore;
  readonly secrets: SecretReader;
  readonly notifier: Notifier;
  readonly broker: Broker;
  readonly events: Logger;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** 32 hex digits that nobody can foresee. */
  readonly nonce: () => string;
}

export interface KeeperSettings {
  readonly names: Names;
  /** `all`: days without trading have no rest. */
  readonly probeRefresh: ProbeRefresh;
  readonly days: 'trading' | 'all';
  /** The days that the operator knows better. */
  readonly calendar: CalendarOptions;
  /** The account, where it is configured. */
  readonly fyId: string | null;
  readonly login: LoginSettings;
  /** `depth` if a harvester records with the token. */
  readonly proof: 'profile' | 'depth';
}

/** With its address known. */
export type AddressedLogin = LoginSettings & { readonly loginUrl: string };

interface LoginSettings {
  /** The login function's address, with a trailing slash; null: the parameter FYERS_LOGIN_URL holds it. */
  readonly loginUrl: string | null;
  /** As registered for the app. One tap is enough where it is `loginUrl`. */
  readonly redirectUri: string;
  /** Fyers' API, without a trailing slash. */
  readonly apiUrl: string;
}
