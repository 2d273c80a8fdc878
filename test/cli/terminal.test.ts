import { describe, expect, test } from 'vitest';
import { linesTo, paint, reflowed, table, withoutControls } from '../../cli/shared/terminal.ts';

const at = (columns: number | null) => ({
  out: () => undefined,
  err: () => undefined,
  colour: false,
  columns,
});
const ROWS = [[{ text: 'link' }, { text: 'press it soon, or run `./fyers login` here' }]];

describe('A table', () => {
  test('wraps its last column on a terminal without splitting a command', () => {
    expect(table(at(32), ['Part', 'Detail'], ROWS)).toEqual([
      'Part  Detail',
      'link  press it soon, or run',
      '      `./fyers login` here',
    ]);
  });

  test.each([null, 120, 20])('has one line per row at the width %s', (columns) => {
    expect(table(at(columns), ['Part', 'Detail'], ROWS)).toHaveLength(2);
  });
});

describe('A table that is too wide for its terminal', () => {
  const head = ['Token', 'State', 'Expires'];
  const rows = [
    [
      { text: 'access' },
      { text: 'live' },
      { text: '26 Nov 2026, 06:00 IST, and it is the last one' },
    ],
    [{ text: 'refresh' }, { text: '' }, { text: '-' }],
  ];

  test('has a block per row and a line per cell', () => {
    expect(table(at(34), head, rows)).toEqual([
      'access',
      '  State: live',
      '  Expires: 26 Nov 2026, 06:00',
      '    IST, and it is the last one',
      'refresh',
      '  Expires: -',
    ]);
  });

  test.each([30, 40, 50, 60, 80])('fits %d columns', (columns) => {
    for (const line of table(at(columns), head, rows))
      expect(line.length).toBeLessThanOrEqual(columns);
  });
});

describe('A help text', () => {
  const text =
    'Usage: fyers\n\nA paragraph that was\nwritten in two lines.\n\nExamples:\n  $ ./fyers status --json';

  test('is wrapped to the width of the terminal, except for indented lines', () => {
    expect(reflowed(at(32), text).split('\n')).toEqual([
      'Usage: fyers',
      '',
      'A paragraph that was written in',
      'two lines.',
      '',
      'Examples:',
      '  $ ./fyers status --json',
    ]);
  });

  test('is unchanged in a pipe', () => {
    expect(reflowed(at(null), text)).toBe(text);
  });
});

describe('Terminal output', () => {
  test.each([
    ['clears the screen', 'a\u001b[2Jb', 'a\uFFFD[2Jb'],
    ['sets the title', '\u001b]0;t\u0007', '\uFFFD]0;t\uFFFD'],
    ['starts a C1 sequence', '\u009b31mred', '\uFFFD31mred'],
    ['returns to the start of the line', 'good\rbad', 'good\uFFFDbad'],
    ['deletes text', 'a\b\u007fb', 'a\uFFFD\uFFFDb'],
    ['changes the text direction', 'a\u202egpj.exe', 'a\uFFFDgpj.exe'],
    ['is invisible', 'NSE:SBIN\u200b-EQ', 'NSE:SBIN\uFFFD-EQ'],
    ['sets a colour that we do not use', '\u001b[5;41mx', '\uFFFD[5;41mx'],
  ])('replaces a character that %s', (_what, text, shown) => {
    expect(withoutControls(text)).toBe(shown);
    expect(withoutControls(text, false)).toBe(shown);
  });

  test('keeps line ends, tabs and other scripts, and colours only on a terminal that has them', () => {
    const plain = 'a\tb\nभारत ₹ █ ✓';
    expect(withoutControls(plain)).toBe(plain);
    for (const colour of [true, false]) {
      const written: string[] = [];
      const write = (text: string) => void written.push(text);
      const lines = linesTo({ out: write, err: write, rewrite: write, colour });
      const painted = paint({ ...at(80), colour: true }, 'bad', 'x');
      lines.out(painted);
      lines.err(painted);
      lines.progress?.(`${painted}\u001b[1A`);
      expect(written.every((text) => text.includes('\u001b[31m') === colour)).toBe(true);
      expect(written.join('')).not.toContain('\u001b[1A');
    }
  });
});
