// Reads the operator's lists of index members from files next to `.env`. The Pulumi program writes the lists that the
// harvesters need into one object of the bucket. A harvester on AWS keeps a copy of that object in its data folder.
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod/mini';
import type { IndexLists, ReadIndexLists } from '../../core/config/groups.ts';
import { OBJECTS, OPERATOR_FILES } from '../../core/config/names.ts';
import { type DepthSymbol, type Parsed, parseSymbol, wholeName } from '../../core/config/values.ts';
import { toError } from '../../core/errors.ts';
import type { ObjectStore } from '../../core/ports.ts';
import { csvCells } from '../../core/text.ts';
import { readText, unreadableText } from './text-file.ts';

interface ListsOfFolder {
  /** The lists without a problem. */
  readonly lists: IndexLists;
  /** Full sentences with the next step. */
  readonly problems: readonly string[];
}

/** Reads the list of each index in a folder. Never throws. */
export function readIndexLists(folder: string, indices: readonly string[]): ListsOfFolder {
  const lists = new Map<string, readonly DepthSymbol[]>();
  const problems = indices.flatMap((index) => {
    const read = readIndexList(folder, index);
    if (typeof read === 'string') return [read];
    lists.set(index, read);
    return [];
  });
  return { lists, problems };
}

/** Five times NSE's list of all its shares. */
const MAX_LIST_BYTES = 1_048_576;
const FORM = "Write one symbol a line, or save NSE's own CSV of the index there.";

/** The members, or the problem. */
function readIndexList(folder: string, index: string): readonly DepthSymbol[] | string {
  const file = path.resolve(folder, OPERATOR_FILES.indexList(index));
  const read = readText(file, MAX_LIST_BYTES);
  if (read.kind === 'absent')
    return `INDEX:${index} needs its list of members, and there is no ${file}. ${FORM}`;
  if (read.kind === 'unreadable') return unreadableText(file, read);
  const [flaw] = read.flaws;
  if (flaw !== undefined) return `${file} ${flaw}`;
  const parsed = parseIndexList(read.text);
  return parsed.ok ? parsed.value : `${file} ${parsed.problem}. ${FORM}`;
}

/** Maximum number of problems in one message. */
const MAX_PROBLEMS = 3;

interface Line {
  /** From 1. */
  readonly number: number;
  readonly text: string;
}

interface Named {
  readonly line: number;
  /** The text in the file; an empty one is a problem. */
  readonly name: string;
}

/**
 * Parses a list: one name a line, or the CSV that NSE publishes for its indices, whose header has the columns `Symbol` and
 * `Series`. Lines that begin with # are comments. The problem continues a sentence that begins with the file's name.
 */
export function parseIndexList(text: string): Parsed<readonly DepthSymbol[]> {
  const lines = text
    .split(/\r\n?|\n/)
    .map((line, index): Line => ({ number: index + 1, text: line.trim() }))
    // A spreadsheet may write commas for an empty row.
    .filter(({ text: own }) => /[^\s,]/.test(own) && !own.startsWith('#'));
  const names = namesOf(lines);
  const found = new Map<DepthSymbol, number>();
  const problems: string[] = [];
  for (const { line, name } of names) {
    const at = `line ${String(line)}`;
    const symbol = parseMember(name);
    const before = symbol === null ? undefined : found.get(symbol);
    if (name === '') problems.push(`${at} has no symbol`);
    else if (symbol === null) problems.push(`${at}: "${name.slice(0, 40)}" cannot be a symbol`);
    else if (before !== undefined)
      problems.push(`${at}: ${symbol} is already in line ${String(before)}`);
    else found.set(symbol, line);
  }
  if (names.length === 0) problems.push('it has no symbol');
  if (problems.length === 0) return { ok: true, value: [...found.keys()] };
  const more = problems.length - MAX_PROBLEMS;
  const first = problems.slice(0, MAX_PROBLEMS).join('; ');
  return {
    ok: false,
    problem: `cannot be used: ${first}${more > 0 ? `; and ${String(more)} more` : ''}`,
  };
}

function namesOf(lines: readonly Line[]): readonly Named[] {
  const [header, ...rows] = lines;
  const columns = csvCells(header?.text ?? '').map((cell) => cell.trim().toLowerCase());
  const symbol = columns.indexOf('symbol');
  if (symbol === -1) return lines.map(({ number, text }) => ({ line: number, name: text }));
  const series = columns.indexOf('series');
  return rows.map(({ number, text }) => {
    const cells = csvCells(text).map((cell) => cell.trim());
    const [ticker = '', suffix = ''] = [cells[symbol], cells[series]];
    const name = suffix === '' || ticker === '' ? ticker : `NSE:${ticker}-${suffix}`;
    return { line: number, name };
  });
}

/** Refuses a name with a space or a comma, so that a CSV without a header is not guessed. */
function parseMember(name: string): DepthSymbol | null {
  if (/[\s,]/.test(name)) return null;
  const parsed = parseSymbol(wholeName(name));
  return parsed.ok ? parsed.value : null;
}

/** The object's content. */
export function indexListsText(lists: IndexLists): string {
  return JSON.stringify(Object.fromEntries(lists));
}

interface IndexListsSource {
  readonly dataDir: string;
  /** On AWS, the bucket that has them; null: they are in the operator's folder. */
  readonly objects: Pick<ObjectStore, 'get'> | null;
  readonly operatorDir: string;
  readonly indices: readonly string[];
}

const COPY = 'index-lists.json';
const form = z.record(z.string(), z.array(z.string()));

/** Reads the lists for a harvester, before each session. */
export function indexListsOf(source: IndexListsSource): ReadIndexLists {
  const { dataDir, objects, operatorDir, indices } = source;
  const copy = path.join(dataDir, COPY);
  if (objects === null) {
    return () => {
      const { lists, problems } = readIndexLists(operatorDir, indices);
      return Promise.resolve({ lists, problem: withoutFullStop(problems.join(' ')) });
    };
  }
  return async () => {
    try {
      if (!(await objects.get(OBJECTS.indexLists, copy))) await rm(copy, { force: true });
      return { lists: listsIn(copy), problem: null };
    } catch (caught) {
      const lists = listsIn(copy);
      const used = lists.size === 0 ? 'there is no earlier copy' : 'the earlier copy is used';
      const problem = `the lists of indices cannot be read: ${toError(caught).message}; ${used}`;
      return { lists, problem };
    }
  };
}

function withoutFullStop(text: string): string | null {
  return text === '' ? null : text.replace(/\.$/, '');
}

/** Leaves out missing and damaged lists: their groups are then reported as unknown. */
function listsIn(file: string): IndexLists {
  try {
    const named = Object.entries(form.parse(JSON.parse(readFileSync(file, 'utf8'))));
    return new Map(
      named.flatMap(([index, names]) => {
        const symbols = names.flatMap((name) => {
          const parsed = parseSymbol(name);
          return parsed.ok ? [parsed.value] : [];
        });
        return symbols.length === names.length ? [[index, symbols] as const] : [];
      }),
    );
  } catch {
    return new Map();
  }
}
