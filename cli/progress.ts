// How far a long command is, on one line of a terminal that is gone afterwards; nothing where nobody looks.
import type { Terminal } from './terminal.ts';

export interface Counter extends Disposable {
  /** @param done of whatever is counted, such as rows */
  readonly tell: (done: number) => void;
}

/** Often enough to see that it goes on, and little beside the work. */
const EVERY = 5_000;

export function counting({ progress }: Terminal, what: string): Counter {
  return {
    tell(done) {
      if (progress !== undefined && done % EVERY === 0) {
        progress(`${what}: ${done.toLocaleString('en')} rows`);
      }
    },
    [Symbol.dispose]() {
      progress?.('');
    },
  };
}
