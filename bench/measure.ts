// One line of the table: what we have, what stands beside it in the same run, and what is aimed at.

export interface Measure {
  readonly what: string;
  readonly unit: 'ms' | 'µs' | 'bytes' | 'MiB' | 'slots' | 'rows' | 'calls' | 'days';
  readonly ours: number;
  /** Null where nothing stands beside it. */
  readonly beside: number | null;
  /** Null where the number is only there to be read beside another. */
  readonly aim: Aim | null;
}

/** `ratioAtMost` is of ours to what stands beside it. */
export type Aim =
  { readonly ratioAtMost: number } | { readonly atMost: number } | { readonly exactly: number };

export function ratioOf({ ours, beside }: Measure): number | null {
  return beside === null ? null : ours / beside;
}

/** Null where nothing is aimed at. */
export function isReached(measure: Measure): boolean | null {
  const { ours, aim } = measure;
  if (aim === null) return null;
  if ('ratioAtMost' in aim) return (ratioOf(measure) ?? Infinity) <= aim.ratioAtMost;
  return 'atMost' in aim ? ours <= aim.atMost : ours === aim.exactly;
}

/** @param values an odd number of them */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[(values.length - 1) / 2] ?? NaN;
}
