// Simulates the kill of a process inside the test process. Every asynchronous operation of the simulated process runs
// through its kill switch. After the kill, no operation starts and no pending one resolves.
import { setImmediate } from 'node:timers/promises';

export interface KillSwitch {
  readonly isKilled: () => boolean;
  kill(): void;
  /** Kills at the next write, before or after it. */
  killAt(moment: 'before a write' | 'after a write'): void;
  run<T>(act: () => Promise<T>): Promise<T>;
  runWrite<T>(act: () => Promise<T>): Promise<T>;
  /** Resolves when no operation is pending, so that time does not pass during background work. */
  waitUntilIdle(): Promise<void>;
  readonly killed: Promise<void>;
}

export function newKillSwitch(): KillSwitch {
  const { promise: killed, resolve } = Promise.withResolvers<undefined>();
  const state: { isKilled: boolean; moment: string | null } = { isKilled: false, moment: null };
  const kill = (): void => {
    state.isKilled = true;
    resolve(undefined);
  };
  const isKilled = (): boolean => state.isKilled;
  const pending = new Set<Promise<unknown>>();
  const track = async <T>(done: Promise<T>): Promise<T> => {
    pending.add(done);
    try {
      return await done;
    } finally {
      pending.delete(done);
    }
  };
  const run = async <T>(act: () => Promise<T>): Promise<T> => {
    if (isKilled()) return new Promise<never>(() => undefined);
    const result = await track(act());
    return isKilled() ? new Promise<never>(() => undefined) : result;
  };
  return {
    isKilled,
    kill,
    killAt(when) {
      state.moment = when;
    },
    run,
    async runWrite(act) {
      if (state.moment === 'before a write') kill();
      return run(async () => {
        const result = await act();
        if (state.moment === 'after a write') kill();
        return result;
      });
    },
    async waitUntilIdle() {
      do {
        await Promise.allSettled(pending);
        // Following operations begin in the next turn of the event loop.
        await setImmediate();
      } while (pending.size > 0);
    },
    killed,
  };
}
