// The first SIGINT or SIGTERM asks the process to stop. A second one, of either name, ends it as if nobody had listened.

const NAMES = ['SIGINT', 'SIGTERM'] as const;

export interface StopSignal extends Disposable {
  readonly signal: AbortSignal;
}

/** Listens until it is disposed of, or the first of them has come. */
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
