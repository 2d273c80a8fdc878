// The business events of every part: what is logged and which metric it moves, one function per event.
import type { KeeperEvent } from './token/events.ts';
import type { HarvesterEvent } from './depth/events.ts';

export type Level = 'info' | 'warn' | 'error';

/** The common form that adapters write: one JSON line. Fields never hold token material. */
export interface EventBase {
  readonly level: Level;
  readonly event: string;
  readonly message: string;
  readonly metric?: { readonly name: string; readonly value: number };
}

export type Event = KeeperEvent | HarvesterEvent;
