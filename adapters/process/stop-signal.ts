// Converts the first SIGINT or SIGTERM into an abort signal. A second one, of either name, ends the
// process with the default action.

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
