// Reads the tracked source files and their imports, for tests about the shape of the code itself.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

export const ROOT = path.join(import.meta.dirname, '..', '..');

export interface SourceFile {
  /** Relative to the root, with forward slashes. */
  readonly file: string;
  readonly text: string;
  /** Our own files that it imports, relative to the root. */
  readonly imports: readonly string[];
  /** Packages that it imports, such as `zod/mini`. */
  readonly packages: readonly string[];
}

/** Tracked files and those not ignored yet, so that a file is held to the rules before it is committed. */
export function repositoryFiles(): readonly string[] {
  return execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
  })
    .split('\n')
    .filter((file) => file !== '');
}

export function sourceFiles(): readonly SourceFile[] {
  return repositoryFiles()
    .filter((file) => /\.(?:ts|js)$/.test(file) && !file.endsWith('.config.ts'))
    .map((file) => read(file));
}

const SPECIFIER =
  /^(?:import|export)\b[^;'"`]*?\bfrom '([^'\n]+)'|^import '([^'\n]+)'|\bimport\(\s*'([^'\n]+)'/gm;

export function importsOf(text: string): readonly string[] {
  return [...withoutComments(text).matchAll(SPECIFIER)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? '',
  );
}

/** Good enough for our own, formatted code: whole-line and block comments go. */
export function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '');
}

function read(file: string): SourceFile {
  const text = readFileSync(path.join(ROOT, file), 'utf8');
  const specifiers = importsOf(text);
  return {
    file,
    text,
    imports: specifiers
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => path.posix.join(path.posix.dirname(file), specifier)),
    packages: specifiers.filter((specifier) => !specifier.startsWith('.')),
  };
}
