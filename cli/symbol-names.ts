// How people name a symbol: as the broker does, or a share of NSE by its ticker alone; in capitals or not.
import { wholeName } from '../core/config.ts';

/** Whether a recorded symbol is one of those: `NSE:SBIN-EQ` is `SBIN`, `sbin` and `nse:sbin-eq`. */
export function symbolsNamed(names: readonly string[]): (symbol: string) => boolean {
  const wanted = new Set(names.map(wholeName));
  return (symbol) => wanted.has(symbol.toUpperCase());
}

/** What is said of a name that no recorded symbol has. */
export function notAmong(symbols: ReadonlySet<string>, name: string): string {
  return `${name === '' ? '""' : name} is not in it; there are ${[...symbols].sort().join(', ') || 'no rows'}.`;
}
