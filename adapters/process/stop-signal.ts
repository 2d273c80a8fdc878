// Converts the first SIGINT or SIGTERM into an abort signal. A second one, of either name, ends the
// process with the default action.
import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';

const NAMES = ['SIGINT', 'SIGTERM'] as const;

export interface StopSignal extends Disposable {
  readonly signal: AbortSignal;
}

/** Listens until it is disposed of, or until the first signal. */
export function stopSignal(): StopSignal {
  const stop = new AbortController();
  const first = (): void => {
    leave();
    stop.abort();
  };
  const leave = (): void => {
    for (const name of NAMES) process.off(name, first);
  };
  for (const name of NAMES) process.on(name, first);
  return { signal: stop.signal, [Symbol.dispose]: leave };
}

const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Removes the folder on disposal, when the process exits, and when a signal ends it. A command that listens to the
 * signal itself decides how it ends, and its own exit path disposes of the folder.
 */
export function removeAtEnd(folder: string): AsyncDisposable {
  const remove = (): void => {
    rmSync(folder, { recursive: true, force: true });
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    if (process.listenerCount(signal) > 1) return;
    remove();
    leave();
    // Our listener is removed, so this ends the process as the signal's default does.
    process.kill(process.pid, signal);
  };
  const leave = (): void => {
    process.off('exit', remove);
    for (const signal of ENDING_SIGNALS) process.off(signal, onSignal);
  };
  process.once('exit', remove);
  // Prepended so that it runs before other listeners, which may unregister themselves when called.
  for (const signal of ENDING_SIGNALS) process.prependListener(signal, onSignal);
  return {
    async [Symbol.asyncDispose]() {
      await rm(folder, { recursive: true, force: true });
      leave();
    },
  };
}
