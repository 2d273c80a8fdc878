import { describe, expect, test } from 'vitest';
import { reflowed, table } from '../../cli/terminal.ts';

const at = (columns: number | null) => ({
  out: () => undefined,
  err: () => undefined,
  colour: false,
  columns,
});
const ROWS = [[{ text: 'link' }, { text: 'press it soon, or run `npx fyers login` here' }]];

describe('a table', () => {
  test('wraps its last column on a terminal, and cuts no command in two', () => {
    expect(table(at(32), ['Part', 'Detail'], ROWS)).toEqual([
      'Part  Detail',
      'link  press it soon, or run',
      '      `npx fyers login` here',
    ]);
  });

  test.each([null, 120, 20])('is one line a row at the width %s', (columns) => {
    expect(table(at(columns), ['Part', 'Detail'], ROWS)).toHaveLength(2);
  });
});

describe('a help text', () => {
  const text =
    'Usage: fyers\n\nA paragraph that was\nwritten in two lines.\n\nExamples:\n  $ npx --no-install fyers status --json';

  test('is set anew at the terminal’s width, but for what is indented', () => {
    expect(reflowed(at(32), text).split('\n')).toEqual([
      'Usage: fyers',
      '',
      'A paragraph that was written in',
      'two lines.',
      '',
      'Examples:',
      '  $ npx --no-install fyers status --json',
    ]);
  });

  test('is as it was written in a pipe', () => {
    expect(reflowed(at(null), text)).toBe(text);
  });
});
