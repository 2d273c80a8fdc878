// The form of a business event. Each part has one function per event, its fields and its metric defined together:
// `token/events.ts` and `depth/events.ts`.

/** debug: told only where more was asked for. */
export type Level = 'debug' | 'info' | 'warn' | 'error';

/** One JSON line, and the metric that it moves. Nothing in it is ever token material. */
export interface Event {
  readonly part: 'keeper' | 'harvester';
  readonly level: Level;
  readonly event: string;
  readonly message: string;
  readonly facts?: Readonly<Record<string, string | number | null>>;
  /** @property of tells repetitions of a fault apart from another one; absent: the event and its message */
  readonly metric?: { readonly name: string; readonly value: number; readonly of?: string };
}
