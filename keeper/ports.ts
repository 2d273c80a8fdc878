// What every use case of the keeper is given.
import type { Names } from '../core/names.ts';
import type { Broker, ClaimStore, Clock, Events, SecretReader, TokenStore } from '../core/ports.ts';

export interface KeeperPorts {
  readonly clock: Clock;
  readonly store: TokenStore;
  readonly claims: ClaimStore;
  readonly secrets: SecretReader;
  readonly broker: Broker;
  readonly events: Events;
  /** From 0 up to 1. */
  readonly random: () => number;
}

export interface KeeperSettings {
  readonly names: Names;
  /** `all`: days without trading have no rest. */
  readonly days: 'trading' | 'all';
  /** The account, where it is configured. */
  readonly fyId: string | null;
}
