// Whoever sends a text must not decide how long it takes: every pattern and every parser of a text from outside takes time
// in proportion to its length.
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { sourceFiles } from './support/source-tree.ts';
import { slowInput } from './support/cpu.ts';
import { PARSERS, PARSES_NO_TEXT } from './support/parsers.ts';

const production = sourceFiles().filter(({ file }) =>
  /^(?:core|adapters|functions|cli|harvester|keeper|infra)\//.test(file),
);

interface Pattern {
  readonly place: string;
  readonly pattern: RegExp;
}

function patternsIn({ file, text }: (typeof production)[number]): readonly Pattern[] {
  const patterns: Pattern[] = [];
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const visit = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) {
      const end = node.text.lastIndexOf('/');
      const { line } = tree.getLineAndCharacterOfPosition(node.pos);
      patterns.push({
        place: `${file}:${String(line + 1)} ${node.text}`,
        pattern: new RegExp(node.text.slice(1, end), node.text.slice(end + 1)),
      });
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return patterns;
}

describe('Time in proportion to the length of a text', () => {
  test('sees what is quadratic', () => {
    expect(slowInput((text) => /[\w-]{16,}(?:\.[\w-]+)+/g.exec(text))?.ratio).toBeGreaterThan(3);
    expect(slowInput((text) => text.trim())).toBeNull();
  });

  const files = production
    .map((source) => ({ file: source.file, patterns: patternsIn(source) }))
    .filter(({ patterns }) => patterns.length > 0);

  test.each(files)('the patterns of $file', ({ patterns }) => {
    const slow = patterns.flatMap(({ place, pattern }) => {
      const found = slowInput((text) => text.replace(pattern, ''));
      return found === null ? [] : { place, ...found };
    });
    expect(slow).toEqual([]);
  });

  test.each(PARSERS)('$name', ({ parse, frame }) => {
    expect(slowInput(parse, frame)).toBeNull();
  });

  test('covers every parser that there is', () => {
    const named = production.flatMap(({ text }) =>
      [
        ...text.matchAll(
          /^export (?:async )?(?:function|const) ((?:parse|decode|recognise|hide)\w*)/gm,
        ),
      ].map(([, name = '']) => name),
    );
    const covered = new Set(PARSERS.map(({ name }) => name.split(' ')[0]));
    const forgotten = named.filter((name) => !covered.has(name) && !(name in PARSES_NO_TEXT));
    expect(forgotten, 'add it to test/support/parsers.ts').toEqual([]);
  });
});
