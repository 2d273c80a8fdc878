// What is said of symbols whose day is red, as check and report write it.

export interface RedSymbol {
  readonly symbol: string;
  /** Marks that too many of its rows have. */
  readonly red: readonly string[];
}

export function lookFirst(red: readonly RedSymbol[]): string {
  const named = red.map(({ symbol, red: marks }) => `${symbol} (${marks.join(', ')})`);
  return `Look before you use: ${named.join(', ')}.`;
}
