// One line of the table: what we have, what stands beside it in the same run, and what is aimed at.

export interface Measure {
  readonly what: string;
  readonly unit: 'ms' | 'bytes' | 'slots';
  readonly ours: number;
  /** Null where nothing stands beside it. */
  readonly beside: number | null;
  readonly aim: Aim;
}

/** `ratioAtMost` is of ours to what stands beside it. */
export type Aim =
  { readonly ratioAtMost: number } | { readonly atMost: number } | { readonly exactly: number };

export function ratioOf({ ours, beside }: Measure): number | null {
  return beside === null ? null : ours / beside;
}

export function isReached(measure: Measure): boolean {
  const { ours, aim } = measure;
  if ('ratioAtMost' in aim) return (ratioOf(measure) ?? Infinity) <= aim.ratioAtMost;
  return 'atMost' in aim ? ours <= aim.atMost : ours === aim.exactly;
}
