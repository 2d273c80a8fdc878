// What people see: aligned tables and colour on a terminal, plain text when piped.
import { styleText } from 'node:util';
import { formatIso, isInstant } from '../../core/time.ts';

/** Where a command writes; tests pass their own. */
export interface Terminal {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  readonly colour: boolean;
  /** Its width in characters; null where lines are as long as they come: a pipe, a file. */
  readonly columns: number | null;
  /** Shows a text in place of the one before, without a line end; absent where nobody looks. */
  readonly progress?: (text: string) => void;
}

interface Streams {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Puts a text in place of the last one; null where nobody looks. */
  readonly rewrite: ((text: string) => void) | null;
  /** False: not even the colours of {@link paint} are let through. */
  readonly colour?: boolean;
}

/** Lines to streams. What shows how far a command is makes way for its next line, whichever stream that goes to. */
export function linesTo({
  out,
  err,
  rewrite,
  colour,
}: Streams): Pick<Terminal, 'out' | 'err' | 'progress'> {
  let shown = '';
  const show = (text: string): void => {
    if (text === '' && shown === '') return;
    rewrite?.(withoutControls(text, colour));
    shown = text;
  };
  const line = (write: (text: string) => void) => (text: string) => {
    show('');
    write(`${withoutControls(text, colour)}\n`);
  };
  return { out: line(out), err: line(err), ...(rewrite === null ? {} : { progress: show }) };
}

export type Tone = 'good' | 'bad' | 'quiet' | 'strong';

const STYLES = { good: 'green', bad: 'red', quiet: 'dim', strong: 'bold' } as const;

/** What {@link paint} writes before and after a text. */
const STYLE_CODES = new Set(
  Object.values(STYLES).flatMap((style) =>
    styleText(style, '|', { validateStream: false }).split('|'),
  ),
);
const STYLE_CODE = new RegExp(`(${[...STYLE_CODES].join('|').replaceAll('[', '\\[')})`);
/** Control characters but line feed and tab, and what turns the direction of a text or is not seen. */
const CONTROLS = /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * A text that a terminal shows and does not obey: a recording, an answer of the broker or a file name may hold escape
 * sequences that clear the screen, write into the title or hide what comes next.
 * @param colour true lets the codes of {@link paint} through
 */
export function withoutControls(text: string, colour = true): string {
  const parts = colour ? text.split(STYLE_CODE) : [text];
  return parts
    .map((part) => (colour && STYLE_CODES.has(part) ? part : part.replaceAll(CONTROLS, '\uFFFD')))
    .join('');
}

export function paint(terminal: Terminal, tone: Tone, text: string): string {
  return terminal.colour ? styleText(STYLES[tone], text, { validateStream: false }) : text;
}

export interface Cell {
  readonly text: string;
  readonly tone?: Tone;
}

/** With less than this left for it, a last column is not wrapped: it would be a word a line. */
const NARROWEST = 24;

/** Columns as wide as their widest cell, the last one wrapped on a terminal. */
export function table(
  terminal: Terminal,
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
): readonly string[] {
  const width = (column: number) =>
    Math.max(head[column]?.length ?? 0, ...rows.map((row) => row[column]?.text.length ?? 0));
  const indent = head.slice(0, -1).reduce((sum, _, column) => sum + width(column) + GAP.length, 0);
  const left = (terminal.columns ?? Infinity) - indent;
  const lines = (cells: readonly Cell[]) => {
    const [first = '', ...more] = wrapped(cells.at(-1)?.text ?? '', left);
    const line = cells.map(({ text, tone }, column) => {
      const padded = column === cells.length - 1 ? first : text.padEnd(width(column));
      return tone === undefined ? padded : paint(terminal, tone, padded);
    });
    const { tone } = cells.at(-1) ?? {};
    const rest = more.map((text) => (tone === undefined ? text : paint(terminal, tone, text)));
    return [line.join(GAP), ...rest.map((text) => ' '.repeat(indent) + text)];
  };
  return [head.map((text) => ({ text, tone: 'strong' as const })), ...rows].flatMap(lines);
}

const GAP = '  ';

/** A help text at the terminal's width: paragraphs anew, and what is indented (options, commands to copy) as it is. */
export function reflowed({ columns }: Pick<Terminal, 'columns'>, text: string): string {
  if (columns === null) return text;
  return text.replaceAll(/(?<=^|\n)\S.*(?:\n\S.*)*/g, (paragraph) =>
    wrapped(paragraph.replaceAll('\n', ' '), columns).join('\n'),
  );
}

/** At spaces outside of commands; what is longer, such as an address, keeps its line. */
function wrapped(text: string, width: number): readonly string[] {
  if (text.length <= width || width < NARROWEST) return [text];
  const lines: string[] = [];
  for (const word of text.match(/(?:`[^`]*`|\S)+/g) ?? []) {
    const longer = `${lines.at(-1) ?? ''} ${word}`;
    if (lines.length > 0 && longer.length <= width) lines.splice(-1, 1, longer);
    else lines.push(word);
  }
  return lines;
}

// How far a long command is, on one line of a terminal that is gone afterwards; nothing where nobody looks.

interface Counter extends Disposable {
  /** @param done of whatever is counted, such as rows */
  readonly tell: (done: number) => void;
}

/** Often enough to see that it goes on, and little beside the work. */
const EVERY = 5_000;

export function counting({ progress }: Terminal, what: string): Counter {
  return {
    tell(done) {
      if (progress !== undefined && done % EVERY === 0) {
        progress(`${what}: ${done.toLocaleString('en')} rows`);
      }
    },
    [Symbol.dispose]() {
      progress?.('');
    },
  };
}

// A part of a whole in percent, as the page and the terminal write it.

/** Never rounded up: 99.996 % is not all. A dash where there is no whole. */
export function share(part: number, whole: number): string {
  if (whole === 0) return '–';
  return `${(Math.floor((10_000 * part) / whole) / 100).toFixed(2)} %`;
}

// JSON for scripts. Instants are written as in the files: ISO-8601 with India's offset.

/** What fields that hold an instant are called, such as `closesAt`, `from` and `randomCloseFrom`. */
const OF_INSTANTS = /^(?:at|from|minute|slot|to|until)$|(?:At|From|To|Until)$/;
/** No recording is older than 2001; a duration or a count in a field of such a name is smaller. */
const EARLIEST = 1e12;

/** Indented, or on one line with `indent` 0. */
export function jsonOf(value: unknown, indent = 2): string {
  const written = (key: string, each: unknown): unknown =>
    OF_INSTANTS.test(key) && typeof each === 'number' && each >= EARLIEST && isInstant(each)
      ? formatIso(each)
      : each;
  return JSON.stringify(value, written, indent);
}
