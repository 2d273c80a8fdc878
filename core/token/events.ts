import type { EventBase } from '../events.ts';

export type KeeperEvent = EventBase & { readonly part: 'keeper' };
