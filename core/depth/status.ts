// Where a running harvester stands, and one line of it for people.
import { type Instant, formatClock, formatIst } from '../time.ts';

export interface Status {
  readonly at: Instant;
  readonly doing:
    | { readonly kind: 'waiting'; readonly opensAt: Instant }
    | {
        readonly kind: 'recording';
        /** The last slot, and how many symbols it has a row of. */
        readonly slot: Instant;
        readonly filled: number;
        readonly symbols: number;
        /** From the slot's instant to its first request. */
        readonly lagMs: number;
      };
  readonly hasToken: boolean;
}

/** `09:15:05 · slot 09:15:05, 5 of 5 symbols, 3 ms late · no token` */
export function statusWords({ at, doing, hasToken }: Status): string {
  const what =
    doing.kind === 'waiting'
      ? `waits for ${formatIst(doing.opensAt)}`
      : `slot ${formatClock(doing.slot)}, ${String(doing.filled)} of ${String(doing.symbols)} symbols, ${String(doing.lagMs)} ms late`;
  return [formatClock(at), what, ...(hasToken ? [] : ['no token'])].join(' · ');
}
