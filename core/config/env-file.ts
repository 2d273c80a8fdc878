// Splits the text of an `.env` file into statements and finds every line that dotenv reads differently from its author's intent.
//
// dotenv reads the values, statement by statement, and never reports an error. It drops a line that it does not understand,
// ends an unquoted value at any `#`, lets the last of two lines win, and treats an unclosed quote as part of the value.
// This file reports those lines, so that an input is not treated as absent because it was not understood. Lines of other
// programs are reported only if their owner is unclear. No problem quotes a value.
import { environmentName } from './keys.ts';
import { isEnvName, isMeantForUs, nearestEnvName } from './nearest-name.ts';

interface EnvStatement {
  readonly key: string;
  /** From 1. */
  readonly line: number;
  /** The text for dotenv: one line, or several if a quoted value has several. */
  readonly text: string;
}

export interface EnvProblem {
  /** From 1. */
  readonly lines: readonly number[];
  /** The problem and the fix, without the place. */
  readonly words: string;
}

export interface EnvText {
  readonly statements: readonly EnvStatement[];
  /** In the order of the lines. */
  readonly problems: readonly EnvProblem[];
}

/** The beginning of a statement as dotenv accepts it. */
const START = /^\s*(?:export\s+)?([\w.-]+)(?:\s*=|:\s)/;
const QUOTES = ['"', "'", '`'];
const TYPOGRAPHIC_QUOTE = /[\u2018-\u201F\u00AB\u00BB\u2039\u203A]/;
/** Characters that no editor shows. */
const INVISIBLE = /[\u00AD\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF]/;
const ODD_SPACE = /[\u00A0\u2000-\u200A\u202F\u205F\u3000]/;
const DAMAGED = '\uFFFD';
const FOREIGN_START = /^\s*(set|setx|setenv|env|let|const|var|export|\$env:)(?=[\s\w])/i;

/** @param text without a byte order mark */
export function readEnvText(text: string): EnvText {
  const lines = text.replaceAll(/\r\n?/g, '\n').split('\n');
  const statements: EnvStatement[] = [];
  const problems: EnvProblem[] = [];
  for (let index = 0; index < lines.length;) {
    const parsed = parseStatement(lines, index);
    statements.push(...parsed.statements);
    problems.push(...parsed.problems);
    index += parsed.count;
  }
  problems.push(...findDuplicates(statements));
  return { statements, problems: problems.toSorted((a, b) => firstLine(a) - firstLine(b)) };
}

interface ParsedLines extends EnvText {
  /** Number of lines. */
  readonly count: number;
}

function parseStatement(lines: readonly string[], index: number): ParsedLines {
  const line = lines[index] ?? '';
  const at = index + 1;
  if (/^\s*(?:#|$)/.test(line)) return { statements: [], problems: [], count: 1 };
  const [start = '', key = ''] = START.exec(line) ?? [];
  if (start === '') {
    const words = `this line is not KEY=value: ${whyNotAStatement(line)}. Write NAME=VALUE, or begin the line with # if it is a comment.`;
    return { statements: [], problems: [{ lines: [at], words }], count: 1 };
  }
  const value = readValue(lines, index, start.length);
  const text = lines.slice(index, index + value.count).join('\n');
  const swallowed = lines
    .slice(index + 1, index + value.count)
    .findIndex((each) => isMeantForUs(START.exec(each)?.[1] ?? ''));
  if (swallowed !== -1) {
    const words = `the quote that opens here is closed only in line ${String(index + value.count)}, so the keys between are lost. Close it at the end of line ${String(at)}.`;
    const statements = [{ key, line: at, text: line }];
    return { statements, problems: [{ lines: [at], words }], count: 1 };
  }
  const flaws = isMeantForUs(key) ? [...findKeyFlaws(key), ...findValueFlaws(key, value)] : [];
  return {
    statements: [{ key, line: at, text }],
    problems: flaws.map((words) => ({ lines: [at], words })),
    count: value.count,
  };
}

function whyNotAStatement(line: string): string {
  const foreign = FOREIGN_START.exec(line)?.[1];
  if (foreign !== undefined) return `it begins with "${foreign}"`;
  if (INVISIBLE.test(line)) return 'it contains an invisible character';
  if (TYPOGRAPHIC_QUOTE.test(line)) return 'it contains typographic quotes';
  if (/^\s*(?:\/\/|;|--)/.test(line)) return 'comments begin with #';
  if (/^\s*[\w.-]+\s*:/.test(line)) return 'it has a colon in place of =';
  const [before, ...after] = line.split('=');
  if (after.length === 0) return 'it has no =';
  return before?.trim() === ''
    ? 'it has no name before ='
    : 'a name is one word of letters, digits and _';
}

interface RawValue {
  /** If it is not quoted, only that of the first line. */
  readonly text: string;
  readonly quote: string | null;
  /** Whether the quote is closed and nothing but a comment follows. */
  readonly isClosed: boolean;
  readonly count: number;
}

function readValue(lines: readonly string[], index: number, from: number): RawValue {
  const text = (lines[index] ?? '').slice(from);
  const quote = QUOTES.find((each) => text.trimStart().startsWith(each)) ?? null;
  const open = { text, quote, isClosed: false, count: 1 };
  if (quote === null) return open;
  let start = text.indexOf(quote) + 1;
  for (let count = 1; index + count <= lines.length; count += 1) {
    const line = count === 1 ? text : (lines[index + count - 1] ?? '');
    const end = closingQuote(line, quote, start);
    if (end !== -1) {
      return /^\s*(?:#|$)/.test(line.slice(end + 1)) ? { ...open, isClosed: true, count } : open;
    }
    start = 0;
  }
  return open;
}

/** dotenv lets a backslash escape a quote. */
function closingQuote(line: string, quote: string, from: number): number {
  for (let at = line.indexOf(quote, from); at !== -1; at = line.indexOf(quote, at + 1)) {
    if (line[at - 1] !== '\\') return at;
  }
  return -1;
}

function findKeyFlaws(key: string): readonly string[] {
  if (key === environmentName('operatorDir')) {
    return [
      `${key} is not read from this file, because it names the folder of this file. Remove the line, and run \`pulumi config set operatorDir FOLDER\`.`,
    ];
  }
  if (isEnvName(key)) return [];
  if (/access_?token|refresh_?token|auth_?code|totp/i.test(key)) {
    return [
      `${key} is not read from this file. Remove the line; \`./fyers login\` writes the token into access_token.txt.`,
    ];
  }
  const nearest = nearestEnvName(key);
  return [
    nearest === null
      ? `${key} is not a key of this program. Remove the line; .env.example and Pulumi.dev.yaml list the keys.`
      : `${key} is not a key of this program. Did you mean ${nearest}? Rename it, or remove the line.`,
  ];
}

function findValueFlaws(key: string, { text, quote, isClosed }: RawValue): readonly string[] {
  const found = isClosed || quote === null ? [] : openQuote(key, text, quote);
  const hash = text.indexOf('#');
  const isCut = !isClosed && hash !== -1 && !/\s/.test(text[hash - 1] ?? '');
  // A comment may hold anything.
  const value = (isClosed || hash === -1 ? text : text.slice(0, hash)).trim();
  return [
    ...found,
    ...(isCut && found.length === 0
      ? [
          `the value of ${key} ends at its #, where a comment begins. Put the value in quotes, as ${key}="…"; before a comment, put a space.`,
        ]
      : []),
    ...(!isClosed && /\sFYERS_\w+\s*=/.test(value)
      ? ['there is a second key on this line. Give each key a line.']
      : []),
    ...findOddCharacters(key, value),
  ];
}

function openQuote(key: string, text: string, quote: string): readonly string[] {
  const value = text.trim();
  // dotenv removes the outer quotes of a value that contains others, such as "{"a": 1}".
  if (value.length > 1 && value.endsWith(quote) && !value.includes('#')) return [];
  return [
    value.slice(1).includes(quote)
      ? `there is text after the closing quote (${quote}) of ${key}. Remove it, or quote the whole value.`
      : `the value of ${key} begins with a quote (${quote}) that is not closed. Close it, or remove it.`,
  ];
}

function findOddCharacters(key: string, value: string): readonly string[] {
  const inner = value.replace(/^(["'`])(.*)\1$/, '$2');
  if (TYPOGRAPHIC_QUOTE.test(`${inner.at(0) ?? ''}${inner.at(-1) ?? ''}`)) {
    return [
      `the value of ${key} has typographic quotes (as word processors write them), which are part of the value. Type plain quotes, or none.`,
    ];
  }
  if (INVISIBLE.test(value)) {
    return [`the value of ${key} contains an invisible character. Type the value again.`];
  }
  if (ODD_SPACE.test(value)) {
    return [`the value of ${key} contains a non-breaking space. Type the value again.`];
  }
  return value.includes(DAMAGED)
    ? [`the value of ${key} contains a damaged character. Type the value again.`]
    : [];
}

function findDuplicates(statements: readonly EnvStatement[]): readonly EnvProblem[] {
  const linesOf = new Map<string, number[]>();
  for (const { key, line } of statements) {
    const lines = linesOf.get(key);
    if (lines === undefined) linesOf.set(key, [line]);
    else lines.push(line);
  }
  return [...linesOf].flatMap(([key, lines]) =>
    lines.length === 1 || !isMeantForUs(key)
      ? []
      : [
          {
            lines,
            words: `${key} is given more than once, and only line ${String(lines.at(-1))} counts. Keep one.`,
          },
        ],
  );
}

function firstLine({ lines: [line = 0] }: EnvProblem): number {
  return line;
}
