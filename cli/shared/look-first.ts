// Formats the sentence about red symbols for check and report.

export interface RedSymbol {
  readonly symbol: string;
  /** Marks that too many of the symbol's rows have. */
  readonly red: readonly string[];
}

export function redSymbolsText(red: readonly RedSymbol[]): string {
  const named = red.map(({ symbol, red: marks }) => `${symbol} (${marks.join(', ')})`);
  return `Look before you use: ${named.join(', ')}.`;
}
