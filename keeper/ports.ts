// Declares the ports and settings of the keeper's use cases.
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
  /** 32 unpredictable hex digits. */
  readonly nonce: () => string;
}

export interface KeeperSettings {
  readonly names: Names;
  readonly probeRefresh: ProbeRefresh;
  /** `all`: also runs on days without trading. */
  readonly days: 'trading' | 'all';
  /** Includes the operator's own corrections of days. */
  readonly calendar: CalendarOptions;
  /** The configured account; null if none is configured. */
  readonly fyId: string | null;
  readonly login: LoginSettings;
  /** `depth` if a harvester records with the token. */
  readonly proof: 'profile' | 'depth';
}

export type AddressedLogin = LoginSettings & { readonly loginUrl: string };

interface LoginSettings {
  /** The login function's address, with a trailing slash; null: the parameter FYERS_LOGIN_URL holds it. */
  readonly loginUrl: string | null;
  /** As registered for the app. If it is `loginUrl`, the login takes one tap. */
  readonly redirectUri: string;
  /** Fyers' API, without a trailing slash. */
  readonly apiUrl: string;
}
