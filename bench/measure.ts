// Defines one line of the table: our value, the value of the baseline in the same run, and the aim.

export interface Measure {
  readonly what: string;
  readonly unit: 'ms' | 'µs' | 'bytes' | 'MiB' | 'slots' | 'rows' | 'calls' | 'days' | '%';
  readonly ours: number;
  /** The baseline, or null. */
  readonly baseline: number | null;
  /** Null if the number is only context for another one. */
  readonly aim: Aim | null;
}

/** `ratioAtMost` limits the ratio of our value to the baseline. */
export type Aim =
  { readonly ratioAtMost: number } | { readonly atMost: number } | { readonly exactly: number };

export function ratioOf({ ours, baseline }: Measure): number | null {
  return baseline === null ? null : ours / baseline;
}

/** Null if there is no aim. */
export function isReached(measure: Measure): boolean | null {
  const { ours, aim } = measure;
  if (aim === null) return null;
  if ('ratioAtMost' in aim) return (ratioOf(measure) ?? Infinity) <= aim.ratioAtMost;
  return 'atMost' in aim ? ours <= aim.atMost : ours === aim.exactly;
}

/** @param values an odd number of values */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[(values.length - 1) / 2] ?? NaN;
}
