// What a killed process still gets done: nothing. Everything it awaits goes through here, and waits for ever once it is dead.
import { setImmediate } from 'node:timers/promises';

export interface Gate {
  readonly isClosed: () => boolean;
  close(): void;
  /** Closes by itself at the next write, before it is made or after. */
  closeAt(moment: 'before a write' | 'after a write'): void;
  through<T>(act: () => Promise<T>): Promise<T>;
  write<T>(act: () => Promise<T>): Promise<T>;
  /** Once nothing is under way that was begun here: time must not pass over what a process does in the background. */
  idle(): Promise<void>;
  readonly closed: Promise<void>;
}

export function newGate(): Gate {
  const { promise: closed, resolve } = Promise.withResolvers<undefined>();
  const state: { isClosed: boolean; moment: string | null } = { isClosed: false, moment: null };
  const close = (): void => {
    state.isClosed = true;
    resolve(undefined);
  };
  const isClosed = (): boolean => state.isClosed;
  const underWay = new Set<Promise<unknown>>();
  const counted = async <T>(done: Promise<T>): Promise<T> => {
    underWay.add(done);
    try {
      return await done;
    } finally {
      underWay.delete(done);
    }
  };
  const through = async <T>(act: () => Promise<T>): Promise<T> => {
    if (isClosed()) return new Promise<never>(() => undefined);
    const result = await counted(act());
    return isClosed() ? new Promise<never>(() => undefined) : result;
  };
  return {
    isClosed,
    close,
    closeAt(when) {
      state.moment = when;
    },
    through,
    async write(act) {
      if (state.moment === 'before a write') close();
      return through(async () => {
        const result = await act();
        if (state.moment === 'after a write') close();
        return result;
      });
    },
    async idle() {
      do {
        await Promise.allSettled(underWay);
        // What follows begins in the next turn.
        await setImmediate();
      } while (underWay.size > 0);
    },
    closed,
  };
}
