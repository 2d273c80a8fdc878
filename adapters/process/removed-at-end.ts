// A temporary folder that is gone again however the process ends, as long as the process is told.
import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Removes the folder when it is disposed of, when the process exits, and when a signal ends it. A command that listens to
 * the signal itself decides how it ends: its own way out leads past the disposal.
 */
export function removedAtEnd(folder: string): AsyncDisposable {
  const remove = (): void => {
    rmSync(folder, { recursive: true, force: true });
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    if (process.listenerCount(signal) > 1) return;
    remove();
    leave();
    // Nobody listens any more, so this ends the process as if nobody ever had.
    process.kill(process.pid, signal);
  };
  const leave = (): void => {
    process.off('exit', remove);
    for (const signal of SIGNALS) process.off(signal, onSignal);
  };
  process.once('exit', remove);
  // Before others, which may leave as they are called: then they still count.
  for (const signal of SIGNALS) process.prependListener(signal, onSignal);
  return {
    async [Symbol.asyncDispose]() {
      await rm(folder, { recursive: true, force: true });
      leave();
    },
  };
}
