// Converts the first SIGINT or SIGTERM into an abort signal. A second one, of either name, ends the
// process with the default action.
import { lstatSync, rmSync } from 'node:fs';
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

/** Share one listener. With a listener for each file, each would mistake the others for the command's own listeners. */
const temporary = new Map<string, Kind>();

type Kind = 'file' | 'folder';

/** Retries, because Node's threads may still create a file in the folder during its removal. */
const REMOVAL = { recursive: true, force: true, maxRetries: 5, retryDelay: 20 } as const;

/**
 * Removes a file or a folder on disposal, when the process exits, and when a signal ends it. A command that listens to
 * the signal itself decides how it ends, and its own exit path disposes of the file. A folder at the path of a
 * temporary file was created by another program and is not removed.
 */
export function removeAtEnd(place: string, kind: Kind): AsyncDisposable {
  if (temporary.size === 0) listen();
  temporary.set(place, kind);
  return {
    async [Symbol.asyncDispose]() {
      if (isOurs(place, kind)) await rm(place, REMOVAL);
      temporary.delete(place);
      if (temporary.size === 0) leave();
    },
  };
}

function removeAll(): void {
  for (const [place, kind] of temporary) {
    if (isOurs(place, kind)) rmSync(place, REMOVAL);
  }
}

function isOurs(place: string, kind: Kind): boolean {
  return kind === 'folder' || lstatSync(place, { throwIfNoEntry: false })?.isDirectory() !== true;
}

function onSignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  removeAll();
  leave();
  // Our listener is removed, so this ends the process as the signal's default does.
  process.kill(process.pid, signal);
}

function listen(): void {
  process.once('exit', removeAll);
  // Prepended so that it runs before other listeners, which may unregister themselves when called.
  for (const signal of ENDING_SIGNALS) process.prependListener(signal, onSignal);
}

function leave(): void {
  process.off('exit', removeAll);
  for (const signal of ENDING_SIGNALS) process.off(signal, onSignal);
}
