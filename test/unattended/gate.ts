// What a killed process still gets done: nothing. Everything it awaits goes through here, and waits for ever once it is dead.

export interface Gate {
  readonly isClosed: () => boolean;
  close(): void;
  /** Closes by itself at the next write, before it is made or after. */
  closeAt(moment: 'before a write' | 'after a write'): void;
  through<T>(act: () => Promise<T>): Promise<T>;
  write<T>(act: () => Promise<T>): Promise<T>;
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
  const through = async <T>(act: () => Promise<T>): Promise<T> => {
    if (isClosed()) return new Promise<never>(() => undefined);
    const result = await act();
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
    closed,
  };
}
