// Tests recordings from other sources: other encodings, other writers, and malicious files.
import { execFile } from 'node:child_process';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { REFERENCE_CSV_HEADER, referenceCsvLine } from '../../core/recording/csv-files.ts';
import { oldFile, oldRows } from '../support/old-files.ts';
import { recordDay } from '../support/recorded-day.ts';
import { openStagePerTest } from './cli-harness.ts';

const cli = openStagePerTest();

const at = (name: string) => path.join(cli.folder, name);
const LINES = oldRows(6).flatMap((row) => referenceCsvLine(row) ?? []);
const [FIRST, REST] = [LINES.slice(0, 3), LINES.slice(3)];
const TEXT = [REFERENCE_CSV_HEADER, ...LINES, ''].join('\n');

function utf16be(text: string): Buffer {
  return Buffer.from(`\uFEFF${text}`, 'utf16le').swap16();
}

describe('A file of the Python original', () => {
  test.each([
    ['unchanged', TEXT],
    ['with a byte-order mark', `\uFEFF${TEXT}`],
    ['in UTF-16 with its mark', Buffer.from(`\uFEFF${TEXT}`, 'utf16le')],
    ['in UTF-16 without a mark', Buffer.from(TEXT, 'utf16le')],
    ['in big-endian UTF-16', utf16be(TEXT)],
    ['compressed', gzipSync(TEXT)],
    [
      'compressed in two pieces',
      Buffer.concat([gzipSync(TEXT.slice(0, 300)), gzipSync(TEXT.slice(300))]),
    ],
    ['compressed, in UTF-16', gzipSync(Buffer.from(`\uFEFF${TEXT}`, 'utf16le'))],
    ['with CR LF', TEXT.replaceAll('\n', '\r\n')],
    ['with CR only', TEXT.replaceAll('\n', '\r')],
    ['with blank lines', TEXT.replaceAll('\n', '\n\n')],
    [
      'with a second header',
      [REFERENCE_CSV_HEADER, ...FIRST, REFERENCE_CSV_HEADER, ...REST, ''].join('\n'),
    ],
    [
      'with a second header in another order',
      [
        REFERENCE_CSV_HEADER,
        ...FIRST,
        ...[REFERENCE_CSV_HEADER, ...REST].map((line) => line.split(',').toReversed().join()),
        '',
      ].join('\n'),
    ],
  ])('is imported completely: %s', async (_how, content) => {
    await writeFile(at('old.csv'), content);
    const { code, out, err } = await cli.run('import', 'old.csv');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.split('\n')).toEqual([expect.stringContaining('6 rows are the day 2025-12-24')]);
  });

  test('is read by column position if it has no header, with a warning', async () => {
    await writeFile(at('old.csv'), [...LINES, ''].join('\n'));
    const { code, out, err } = await cli.run('import', 'old.csv');
    expect({ code, err }).toEqual({
      code: 0,
      err: expect.stringContaining('has no header') as string,
    });
    expect(out).toContain('6 rows are the day 2025-12-24');
    expect((await cli.run('check', 'old.csv')).err).toContain('has no header');
  });

  test.each([
    [
      'a time without an offset',
      LINES[0]?.replace('+05:30', '') ?? '',
      /not a time with its offset/,
    ],
    ['an empty file', '', /it is empty/],
    ['a workbook', 'PK\u0003\u0004 and so on', /Excel workbook/],
    ['another table', 'a,b\n1,2\n', /is not a recording/],
  ])('is rejected with a reason: %s', async (_how, content, why) => {
    await writeFile(at('old.csv'), content);
    const { code, err } = await cli.run('import', 'old.csv');
    expect(err).toMatch(why);
    expect(code).toBe(2);
  });

  test('is imported once for each day if it has rows of two days', async () => {
    const name = await oldFile(cli.folder, [...oldRows(6), ...oldRows(4, 2)]);
    const first = await cli.run('import', name);
    expect(first.out).toContain('6 rows are the day 2025-12-24');
    expect(first.out).toContain('of another day: 4 rows of 2025-12-26');
    expect(first.out).toContain(`./fyers import ${name} --date 2025-12-26`);
    expect(first.out).not.toContain('outside of 09:15');
    const second = await cli.run('import', name, '--date', '2025-12-26');
    expect(second.out).toContain('4 rows are the day 2025-12-26');
    expect(second.code).toBe(0);
    const third = await cli.run('import', name, '--date', '2025-12-29');
    expect(third.err).toMatch(/6 rows of 2025-12-24, 4 rows of 2025-12-26/);
    expect(third.code).toBe(2);
    expect((await cli.run('import', name, '--date', 'friday')).code).toBe(2);
  });

  test('is read as Parquet if its content is Parquet, whatever its name', async () => {
    await recordDay({ dataDir: cli.dataDir });
    await writeFile(
      at('day.csv'),
      await readFile(path.join(cli.dataDir, 'days/2026-11-25/depth.parquet')),
    );
    expect(await cli.run('check', 'day.csv')).toMatchObject({ code: 0, err: '' });
    expect((await cli.run('import', 'day.csv')).err).toContain('not a file of the Python original');
  });
});

describe('A malicious file', () => {
  test.each([
    [
      'one line of 300 MB, compressed',
      gzipSync(Buffer.alloc(300_000_000, 'x')),
      /a line of more than 65536 characters/,
    ],
    [
      'too many bytes after unpacking',
      gzipSync(
        Buffer.concat([Buffer.from(TEXT), Buffer.alloc(80_000_000, `${'1'.repeat(60_000)}\n`)]),
      ),
      /unpacks to more than 67108864/,
    ],
    ['one long line, not compressed', Buffer.alloc(2_000_000, 'x'), /a line of more than/],
    [
      'rows, and then one long line',
      Buffer.concat([Buffer.from(TEXT), Buffer.alloc(200_000, '7')]),
      /a line of more than/,
    ],
  ])(
    'is rejected with bounded memory: %s',
    async (_how, content, why) => {
      await writeFile(at('old.csv'), content);
      const before = process.memoryUsage().rss;
      const { code, err } = await cli.run('check', 'old.csv');
      expect(err).toMatch(why);
      expect(code).toBe(4);
      expect(process.memoryUsage().rss - before).toBeLessThan(200_000_000);
    },
    60_000,
  );

  test('is rejected if it is a pipe or a device', async () => {
    await promisify(execFile)('mkfifo', [at('pipe.csv')]);
    for (const what of ['pipe.csv', '/dev/zero']) {
      expect(await cli.run('check', what)).toMatchObject({
        code: 4,
        err: expect.stringContaining('a device or a pipe') as string,
      });
    }
  });

  test('is rejected if it is Parquet and its footer claims too many bytes', async () => {
    const claim = (bytes: number) => {
      const tail = Buffer.alloc(8);
      tail.writeUInt32LE(bytes);
      tail.write('PAR1', 4);
      return Buffer.concat([Buffer.from('PAR1'), Buffer.alloc(100), tail]);
    };
    for (const bytes of [90, 1_000, 0xffffffff]) {
      await writeFile(at('x.parquet'), claim(bytes));
      const { code, err } = await cli.run('check', 'x.parquet');
      expect(err).toContain('is damaged: ');
      expect(code).toBe(4);
    }
  });
});

describe('A recorded day from another machine', () => {
  const file = (name: string) => path.join(cli.dataDir, 'days/2026-11-25', name);
  const change = async (name: string, from: string, to: string) => {
    await writeFile(file(name), (await readFile(file(name), 'utf8')).replaceAll(from, to));
  };

  test.each([
    '../../../etc/passwd',
    '/etc/passwd',
    '..\\\\passwd',
    '.hidden',
    'a/b.parquet',
    'C:x',
    'x\\u001b[2J',
    '',
  ])('is rejected if its manifest names the file %j', async (name) => {
    await recordDay({ dataDir: cli.dataDir });
    await change('manifest.json', '"depth.parquet"', `"${name}"`);
    for (const command of ['check', 'report', 'export']) {
      const to = command === 'export' ? ['--to', 'x.csv'] : [];
      const { code, err, out } = await cli.run(command, '2026-11-25', ...to);
      expect(err).toContain('files.0.name');
      expect(`${out}${err}`).not.toContain('root:');
      expect(code).toBe(2);
    }
    expect((await cli.run('compact', '2026-11-25')).code).toBe(2);
  });

  test.each(['depth.parquet', 'manifest.json', 'events.jsonl', 'day.log.gz'])(
    'is rejected if %s is a symbolic link',
    async (name) => {
      await recordDay({ dataDir: cli.dataDir });
      await writeFile(at('elsewhere'), await readFile(file(name)));
      await promisify(execFile)('rm', [file(name)]);
      await symlink(at('elsewhere'), file(name));
      const { code, err } = await cli.run('check');
      expect(err).toContain(`${name} is a link`);
      expect(code).toBe(4);
    },
  );

  test('is rejected if its log is a pipe', async () => {
    await recordDay({ dataDir: cli.dataDir, state: 'ended' });
    await promisify(execFile)('rm', [file('day-0.v2.csv')]);
    await promisify(execFile)('mkfifo', [file('day-0.v2.csv')]);
    expect((await cli.run('check')).err).toContain('a device or a pipe');
  });

  test('cannot send escape sequences to the terminal, nor elements to the report', async () => {
    await recordDay({ dataDir: cli.dataDir });
    const evil = '\\u001b]0;owned\\u0007\\u001b[2J\\u009b31m<b>x';
    await change('events.jsonl', 'NSE:INFY-EQ', evil);
    await change('events.jsonl', 'Recording', evil);
    await change('manifest.json', 'NSE:INFY-EQ', evil);
    for (const argv of [
      ['check'],
      ['inspect', 'INFY'],
      ['report'],
      ['compact'],
      ['check', '--json'],
    ]) {
      const { out, err } = await cli.run(...argv);
      expect(`${out}${err}`).not.toMatch(/[^\P{Cc}\n]/u);
    }
    const page = await readFile(at('report-2026-11-25.html'), 'utf8');
    expect(page).not.toMatch(/[^\P{Cc}\n]/u);
    expect(page).not.toContain('<b>x');
    await mkdir(at('\u001b[31mred'));
    const { err } = await cli.run('check', '\u001b[31mred');
    expect(err).toContain('is not the folder of a day');
    expect(err).not.toMatch(/\p{Cc}/u);
  });
});
