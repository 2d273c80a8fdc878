// Copies of the repository in temporary folders, for edits that the original must never see.
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ROOT, repositoryFiles } from '../support/source-tree.ts';

export interface Mutation extends Edit {
  /** The wrong behaviour that the edit causes. */
  readonly name: string;
  /** Test files that must fail, relative to the root. */
  readonly tests: readonly string[];
}

interface Edit {
  /** Relative to the root. */
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
}

/**
 * Lists edits of one file that the same tests must notice.
 *
 * @param edits by the wrong behaviour that each causes: the text, which occurs exactly once in the file, and its
 * replacement; nothing by default
 */
export function editsOf(
  file: string,
  tests: string | readonly string[],
  edits: Readonly<Record<string, readonly [find: string, replace?: string]>>,
): readonly Mutation[] {
  return Object.entries(edits).map(([name, [find, replace = '']]) => ({
    ...{ name, file, find, replace, tests: [tests].flat() },
  }));
}

/** Tracked files and those not ignored yet, with the original's packages. The caller removes the copy. */
export function copyTree(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'fyers-mutate-'));
  for (const file of repositoryFiles().filter((name) => existsSync(path.join(ROOT, name)))) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    copyFileSync(path.join(ROOT, file), path.join(folder, file));
  }
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
  // The tidy test asks git which files there are; the pattern in .gitignore is for a folder, and this is a link.
  execFileSync('git', ['init', '--quiet'], { cwd: folder });
  appendFileSync(path.join(folder, '.git', 'info', 'exclude'), 'node_modules\n');
  return folder;
}

export function removeTree(folder: string): void {
  // Killed processes may still hold files for a moment.
  rmSync(folder, { recursive: true, maxRetries: 5 });
}

/** Counts the text to replace in the copy; an edit needs exactly one occurrence. */
export function occurrences({ file, find }: Edit, folder: string): number {
  const copy = path.join(folder, file);
  return existsSync(copy) ? readFileSync(copy, 'utf8').split(find).length - 1 : 0;
}

/** Makes the edit in a copy. @returns a function that undoes it */
export function apply({ file, find, replace }: Edit, folder: string): () => void {
  const copy = path.join(folder, file);
  const text = readFileSync(copy, 'utf8');
  writeFileSync(
    copy,
    text.replace(find, () => replace),
  );
  return () => {
    writeFileSync(copy, text);
  };
}
