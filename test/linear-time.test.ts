// Tests that every parser of a text from outside takes time in proportion to the length of the text. ESLint's rules
// regexp/no-super-linear-backtracking and no-super-linear-move check each pattern.
import { describe, expect, test } from 'vitest';
import { sourceFiles } from './support/source-tree.ts';
import { slowInput } from './support/cpu.ts';
import { PARSERS, PARSES_NO_TEXT } from './support/parsers.ts';

const production = sourceFiles().filter(({ file }) =>
  /^(?:core|adapters|functions|cli|harvester|keeper|infra)\//.test(file),
);

describe('Time in proportion to the length of a text', () => {
  test('sees what is quadratic', () => {
    const quadratic = (text: string) => Array.from(text, () => text.indexOf('\u0002'));
    expect(slowInput(quadratic)?.ratio).toBeGreaterThan(3);
    expect(slowInput((text) => text.trim())).toBeNull();
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
