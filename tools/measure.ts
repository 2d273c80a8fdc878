// Measures how the code reads: file counts and sizes, importers, and the words of its comments.
// `node tools/measure.ts` prints a table, `--json` prints the same figures for scripts.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

const ROOT = path.resolve(import.meta.dirname, '..');
const PRODUCTION = ['adapters', 'cli', 'core', 'functions', 'harvester', 'infra', 'keeper'];

interface Source {
  readonly file: string;
  readonly lines: number;
  readonly imports: readonly string[];
  readonly comments: readonly string[];
  readonly functions: readonly { readonly isPrivate: boolean; readonly uses: number }[];
}

function listSources(folders: readonly string[]): readonly Source[] {
  const listed = execFileSync('git', ['ls-files', '-z', '--', ...folders], { cwd: ROOT })
    .toString()
    .split('\0');
  return listed.filter((file) => /\.(?:ts|js)$/.test(file)).map(readSource);
}

function readSource(file: string): Source {
  const text = readFileSync(path.join(ROOT, file), 'utf8');
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  return {
    file,
    lines: text.split('\n').length - 1,
    imports: ts
      .preProcessFile(text, true, true)
      .importedFiles.map(({ fileName }) => fileName)
      .filter((name) => name.startsWith('.'))
      .map((name) => path.posix.join(path.posix.dirname(file), name)),
    comments: listCommentLines(text, tree),
    functions: listFunctions(tree),
  };
}

/** Returns each non-empty line of the comments without its markers. */
function listCommentLines(text: string, tree: ts.SourceFile): readonly string[] {
  const ranges = new Map<number, ts.CommentRange>();
  const visit = (node: ts.Node): void => {
    const around = [
      ...(ts.getLeadingCommentRanges(text, node.getFullStart()) ?? []),
      ...(ts.getTrailingCommentRanges(text, node.getEnd()) ?? []),
    ];
    for (const range of around) ranges.set(range.pos, range);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  for (const range of ts.getLeadingCommentRanges(text, tree.endOfFileToken.getFullStart()) ?? []) {
    ranges.set(range.pos, range);
  }
  return [...ranges.values()]
    .flatMap(({ pos, end }) => text.slice(pos, end).split('\n'))
    .map((line) =>
      line
        .replace(/^\s*(?:\/\/+|\/\*+|\*\/|\*)?/, '')
        .replace(/\*\/\s*$/, '')
        .trim(),
    )
    .filter((line) => line !== '');
}

function listFunctions(tree: ts.SourceFile): Source['functions'] {
  const mentions = new Map<string, number>();
  const declared: { readonly name: string; readonly isPrivate: boolean }[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) mentions.set(node.text, (mentions.get(node.text) ?? 0) + 1);
    if (ts.isFunctionDeclaration(node) && node.name !== undefined && node.parent === tree) {
      const isExported = node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
      declared.push({ name: node.name.text, isPrivate: isExported !== true });
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return declared.map(({ name, isPrivate }) => ({
    isPrivate,
    uses: (mentions.get(name) ?? 1) - 1,
  }));
}

function countImporters(sources: readonly Source[]): ReadonlyMap<string, number> {
  const counts = new Map(sources.map(({ file }) => [file, 0]));
  for (const { imports } of sources) {
    for (const target of new Set(imports)) {
      const before = counts.get(target);
      if (before !== undefined) counts.set(target, before + 1);
    }
  }
  return counts;
}

function countLines(sources: readonly Source[]): number {
  return sources.reduce((sum, { lines }) => sum + lines, 0);
}

function measure() {
  const production = listSources(PRODUCTION);
  const [sandbox, tests] = [listSources(['sandbox']), listSources(['test'])];
  const importers = countImporters(production);
  const comments = production.flatMap((source) => source.comments);
  const per1000 = (pattern: RegExp) =>
    (1_000 * comments.filter((line) => pattern.test(line)).length) / comments.length;
  const largest = production.toSorted((a, b) => b.lines - a.lines)[0];
  const functions = production.flatMap((source) => source.functions);
  const hidden = functions.filter(({ isPrivate }) => isPrivate);
  return {
    'production files': production.length,
    'production files with one importer': [...importers.values()].filter((n) => n === 1).length,
    'production files of at most 60 lines': production.filter(({ lines }) => lines <= 60).length,
    'largest production file, lines': largest?.lines ?? 0,
    'private functions': hidden.length,
    'private functions used once': hidden.filter(({ uses }) => uses === 1).length,
    'production lines': countLines(production),
    'sandbox lines': countLines(sandbox),
    'test lines': countLines(tests),
    'lines of all three': countLines([...production, ...sandbox, ...tests]),
    'test lines to production lines': countLines(tests) / countLines(production),
    'comment lines': comments.length,
    '"What … is" in 1,000 comment lines': per1000(/\bwhat\b[^.;:]*\b(?:is|are|was|were)\b/i),
    '"if" in 1,000 comment lines': per1000(/\bif\b/i),
    '"nobody" in 1,000 comment lines': per1000(/\b(?:nobody|somebody|whoever)\b/i),
    '"told" in 1,000 comment lines': per1000(/\b(?:told|tells?)\b/i),
    '"beside" in 1,000 comment lines': per1000(/\bbeside\b/i),
  };
}

const figures = measure();
if (process.argv.includes('--json')) {
  process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
} else {
  for (const [name, value] of Object.entries(figures)) {
    const shown = Number.isInteger(value) ? value.toLocaleString('en') : value.toFixed(2);
    process.stdout.write(`${shown.padStart(9)}  ${name}\n`);
  }
}
