// Reads the operator's lists of index members. They are in files next to `.env`, and the Pulumi program writes those that
// the harvesters need into one object of the bucket. A harvester on AWS keeps a copy of it in its data folder.
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod/mini';
import type { IndexLists, ReadIndexLists } from '../../core/config/groups.ts';
import { parseIndexList } from '../../core/config/index-list.ts';
import { OBJECTS, OPERATOR_FILES } from '../../core/config/names.ts';
import { type DepthSymbol, parseSymbol } from '../../core/config/values.ts';
import { toError } from '../../core/errors.ts';
import type { ObjectStore } from '../../core/ports.ts';
import { readText, unreadable } from '../recordings/text-file.ts';

interface ListsOfFolder {
  /** Those without a problem. */
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
  if (read.kind === 'absent') return `INDEX:${index} has no list: there is no ${file}. ${FORM}`;
  if (read.kind === 'unreadable') return unreadable(file, read.why);
  const [flaw] = read.flaws;
  if (flaw !== undefined) return `${file} ${flaw}`;
  const parsed = parseIndexList(read.text);
  return parsed.ok ? parsed.value : `${file} ${parsed.problem}. ${FORM}`;
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

/** The lists as a harvester reads them, before each session. */
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

/** Without those that are absent or damaged: their groups are then reported as unknown. */
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
