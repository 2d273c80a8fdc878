// Formats output for people: aligned tables and colour on a terminal, plain text in a pipe, a progress line only on a
// terminal. Also formats percentages and JSON for scripts; JSON writes instants as the files do, ISO-8601 with
// India's offset.
import { styleText } from 'node:util';
import { formatIso, isInstant } from '../../core/time.ts';

/** Output of a command; tests pass their own. */
export interface Terminal {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  readonly colour: boolean;
  /** Width in characters; null without wrapping (a pipe, a file). */
  readonly columns: number | null;
  /** Replaces the previous progress text, without a line end; absent without a terminal. */
  readonly progress?: (text: string) => void;
}

interface Streams {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Replaces the last text; null without a terminal. */
  readonly rewrite: ((text: string) => void) | null;
  /** If false, also removes the colours of {@link paint}. */
  readonly colour?: boolean;
}

/** Writes lines to streams. A progress text is cleared before the next line on either stream. */
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

/** Codes that {@link paint} writes before and after a text. */
const STYLE_CODES = new Set(
  Object.values(STYLES).flatMap((style) =>
    styleText(style, '|', { validateStream: false }).split('|'),
  ),
);
const STYLE_CODE = new RegExp(`(${[...STYLE_CODES].join('|').replaceAll('[', '\\[')})`);
/** Control characters except line feed and tab, and characters that are invisible or change text direction. */
const CONTROLS = /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * Removes control characters from untrusted text: a recording, a broker's answer or a file name may contain escape
 * sequences that clear the screen, set the title or hide output.
 * @param colour true keeps the codes of {@link paint}
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

/** With less width than this the last column is not wrapped: it would have one word per line. */
const MIN_COLUMN_WIDTH = 24;

/** On a narrower terminal nothing is wrapped. */
const MIN_TERMINAL_WIDTH = 30;

/**
 * Columns are as wide as their widest cell; the last one is wrapped on a terminal. If the terminal is too narrow for that,
 * each row becomes a block with a line for each cell.
 */
export function table(
  terminal: Terminal,
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
): readonly string[] {
  const width = (column: number) =>
    Math.max(head[column]?.length ?? 0, ...rows.map((row) => row[column]?.text.length ?? 0));
  const indent = head.slice(0, -1).reduce((sum, _, column) => sum + width(column) + GAP.length, 0);
  const left = (terminal.columns ?? Infinity) - indent;
  if (left < Math.min(MIN_COLUMN_WIDTH, width(head.length - 1)))
    if ((terminal.columns ?? 0) >= MIN_TERMINAL_WIDTH) return stackedTable(terminal, head, rows);
  const lines = (cells: readonly Cell[]) => {
    const [first = '', ...more] = wrapText(cells.at(-1)?.text ?? '', left);
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

function stackedTable(
  terminal: Terminal,
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
): readonly string[] {
  const columns = terminal.columns ?? Infinity;
  return rows.flatMap((cells) => {
    const [title, ...more] = cells;
    const lines = more.flatMap(({ text, tone }, index) => {
      if (text === '') return [];
      const name = head[index + 1] ?? '';
      const [first = '', ...rest] = wrapText(name === '' ? text : `${name}: ${text}`, columns - 4);
      return [GAP + first, ...rest.map((line) => GAP + GAP + line)].map((line) =>
        tone === undefined ? line : paint(terminal, tone, line),
      );
    });
    return [paint(terminal, 'strong', title?.text ?? ''), ...lines];
  });
}

/**
 * Wraps a help text to the terminal's width: paragraphs are refilled, indented lines (options, commands to copy) are
 * kept.
 */
export function reflowed({ columns }: Pick<Terminal, 'columns'>, text: string): string {
  if (columns === null) return text;
  return text.replaceAll(/(?<=^|\n)\S.*(?:\n\S.*)*/g, (paragraph) =>
    wrapText(paragraph.replaceAll('\n', ' '), columns).join('\n'),
  );
}

/** Wraps at spaces outside commands; a longer word, such as an address, gets its own line. */
function wrapText(text: string, width: number): readonly string[] {
  if (text.length <= width || width < MIN_COLUMN_WIDTH) return [text];
  const lines: string[] = [];
  for (const word of text.match(/(?:`[^`]*`|\S)+/g) ?? []) {
    const longer = `${lines.at(-1) ?? ''} ${word}`;
    if (lines.length > 0 && longer.length <= width) lines.splice(-1, 1, longer);
    else lines.push(word);
  }
  return lines;
}

interface Counter extends Disposable {
  /** @param done number of processed items, such as rows */
  readonly show: (done: number) => void;
}

/** Updates often enough to show progress at little cost. */
const PROGRESS_INTERVAL_ROWS = 5_000;

export function startCounter({ progress }: Terminal, what: string): Counter {
  return {
    show(done) {
      if (progress !== undefined && done % PROGRESS_INTERVAL_ROWS === 0) {
        progress(`${what}: ${done.toLocaleString('en')} rows`);
      }
    },
    [Symbol.dispose]() {
      progress?.('');
    },
  };
}

/** Formats a percentage; never rounds up to 100: 99.996 % is not all. A dash if the whole is zero. */
export function formatShare(part: number, whole: number): string {
  if (whole === 0) return '–';
  return `${(Math.floor((10_000 * part) / whole) / 100).toFixed(2)} %`;
}

/** Names of fields that hold an instant, such as `closesAt`, `from` and `randomCloseFrom`. */
const INSTANT_FIELDS = /^(?:at|from|minute|slot|to|until)$|(?:At|From|To|Until)$/;
/** Smaller numbers in such fields are durations or counts: no recording is older than 2001. */
const MIN_INSTANT_MS = 1e12;

/** Indented, or on one line with `indent` 0. */
export function jsonOf(value: unknown, indent = 2): string {
  const written = (key: string, each: unknown): unknown =>
    INSTANT_FIELDS.test(key) &&
    typeof each === 'number' &&
    each >= MIN_INSTANT_MS &&
    isInstant(each)
      ? formatIso(each)
      : each;
  return JSON.stringify(value, written, indent);
}
