// What people see: aligned tables and colour on a terminal, plain text when piped.
import { styleText } from 'node:util';

/** Where a command writes; tests pass their own. */
export interface Terminal {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  readonly colour: boolean;
}

export type Tone = 'good' | 'bad' | 'quiet' | 'strong';

const STYLES = { good: 'green', bad: 'red', quiet: 'dim', strong: 'bold' } as const;

export function paint(terminal: Terminal, tone: Tone, text: string): string {
  return terminal.colour ? styleText(STYLES[tone], text, { validateStream: false }) : text;
}

export interface Cell {
  readonly text: string;
  readonly tone?: Tone;
}

/** Columns as wide as their widest cell, the last one as it comes. */
export function table(
  terminal: Terminal,
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
): readonly string[] {
  const width = (column: number) =>
    Math.max(head[column]?.length ?? 0, ...rows.map((row) => row[column]?.text.length ?? 0));
  const line = (cells: readonly Cell[]) =>
    cells
      .map(({ text, tone }, column) => {
        const padded = column === cells.length - 1 ? text : text.padEnd(width(column));
        return tone === undefined ? padded : paint(terminal, tone, padded);
      })
      .join('  ');
  return [line(head.map((text) => ({ text, tone: 'strong' as const }))), ...rows.map(line)];
}
