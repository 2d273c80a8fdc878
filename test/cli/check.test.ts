// Tests check and inspect on days that the harvester recorded, and the exit codes of the commands for days without
// rows and for running days.
import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { SECOND, istDate, istInstant, plus } from '../../core/time.ts';
import { OPENS_AT, shortSession } from '../support/depth.ts';
import { CROSSED, moving, recordDay } from '../support/recorded-day.ts';
import { oldFile, oldRows } from '../support/old-files.ts';
import { openStagePerTest } from './cli-harness.ts';

const cli = openStagePerTest();

describe('fyers check', () => {
  test('exits with 0 and reports that a complete day adds up', async () => {
    await recordDay({ dataDir: cli.dataDir });
    const { code, out, err } = await cli.run('check');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('a recorded day), 2026-11-25');
    expect(out).toMatch(/NSE:SBIN-EQ +12 +12 +0 +none/);
    expect(out).toContain('It adds up.');
  });

  test('prints the marks of rows, their meaning, and the symbols that have too many of them', async () => {
    const book = (symbol: string) => (symbol === 'NSE:INFY-EQ' ? CROSSED : {});
    const session = shortSession(istInstant(istDate('2026-11-25'), '10:00'));
    const { folder } = await recordDay({ dataDir: cli.dataDir, book, session });
    const { code, out } = await cli.run('check', '2026-11-25');
    expect(out).toContain('crossed 12');
    expect(out).toContain('crossed: the best bid is above the best ask (judged in: CONTINUOUS)');
    expect(out).toContain(
      'It adds up. Check these symbols before you use them: NSE:INFY-EQ (crossed).',
    );
    expect(code).toBe(4);
    // The threshold is a judgement: the help text states that, and where the counts are.
    expect((await cli.run('check', '--help')).out).toMatch(
      /this project's own; judge by the counts, which\s+are in/,
    );
    // The manifest uses the session's own phases, half of which is a pre-open; check uses the
    // calendar.
    for (const [text, rows] of [
      [(await cli.run('check', '--json')).out, 12],
      [await readFile(folder.pathOf('manifest.json'), 'utf8'), 6],
    ] as const) {
      const { quality } = JSON.parse(text) as { quality: { symbols: unknown } };
      const counts = { rows: 12, continuousRows: rows, marks: { crossed: rows } };
      expect(quality.symbols).toContainEqual(expect.objectContaining(counts));
    }
  });

  test('reports files that differ from the manifest, and slots that have neither a row nor a reason', async () => {
    const { folder } = await recordDay({
      dataDir: cli.dataDir,
      book: (_, index) => (index === 3 ? null : moving(index)),
    });
    await appendFile(folder.pathOf('events.jsonl.gz'), 'x');
    await rm(folder.pathOf('day.log.gz'));
    const events = await readFile(folder.pathOf('events.jsonl'), 'utf8');
    await writeFile(
      folder.pathOf('events.jsonl'),
      events
        .split('\n')
        .filter((line) => !line.includes('"hole"'))
        .join('\n'),
    );
    const { code, out } = await cli.run('check', '--json');
    expect(code).toBe(4);
    expect((JSON.parse(out) as { faults: unknown }).faults).toEqual([
      '2 slots have neither a row nor a reason.',
      'The manifest has 2 slots with a reason, but the recording has 0.',
      'day.log.gz is in the manifest, but cannot be read.',
      expect.stringMatching(/^events.jsonl.gz differs from the manifest/),
    ]);
  });

  test('prints how to rebuild a day with a damaged Parquet file, and these steps work', async () => {
    await cli.reopen({ now: istInstant(istDate('2026-11-26'), '08:00') });
    const { folder } = await recordDay({ dataDir: cli.dataDir });
    const parquet = await readFile(folder.pathOf('depth.parquet'));
    for (const damage of [
      parquet.subarray(0, 2_000),
      Buffer.concat([Buffer.from('PAR1'), Buffer.alloc(2_000, 1), parquet.subarray(2_004)]),
    ]) {
      await writeFile(folder.pathOf('depth.parquet'), damage);
      const { code, err } = await cli.run('check');
      expect(err).toContain(
        `remove ${folder.pathOf('manifest.json')} and run \`./fyers compact 2026-11-25 --data ${cli.dataDir}\``,
      );
      expect(code).toBe(4);
    }
    await rm(folder.pathOf('manifest.json'));
    expect((await cli.run('compact', '2026-11-25', '--data', cli.dataDir)).code).toBe(0);
    expect((await cli.run('check')).out).toContain('It adds up.');
  });

  test('reports a manifest whose numbers do not add up', async () => {
    const { folder } = await recordDay({ dataDir: cli.dataDir });
    const manifest = await readFile(folder.pathOf('manifest.json'), 'utf8');
    await writeFile(
      folder.pathOf('manifest.json'),
      manifest.replace('"received": 24', '"received": 23'),
    );
    const { code, out } = await cli.run('check');
    expect(out).toContain('The manifest has 24 expected slots, but the recording has 23.');
    expect(code).toBe(4);
  });

  test.each([
    ['is running', 40, 'It adds up.', 0],
    ['was killed', 65, '8 slots have neither a row nor a reason.', 4],
  ] as const)(
    'checks a day that %s up to the present slot',
    async (_what, seconds, message, code) => {
      await cli.reopen({ now: plus(OPENS_AT, seconds * SECOND) });
      const { folder } = await recordDay({ dataDir: cli.dataDir, state: 'running' });
      const log = folder.pathOf('day-0.v2.csv');
      const lines = (await readFile(log, 'utf8')).split('\n');
      // The header, and two symbols until 09:00:35.
      await writeFile(log, [...lines.slice(0, 1 + 2 * 7), ''].join('\n'));
      const ran = await cli.run('check');
      expect(ran.out).toContain(message);
      expect(ran.code).toBe(code);
    },
  );

  test.each([
    // Up to two slots before now: a restarted harvester may still fill the rest.
    ['during the session', 45, /NSE:SBIN-EQ +6 +7 +1 /],
    ['after the close', 600, /NSE:SBIN-EQ +6 +12 +6 /],
  ] as const)('counts the slots after the harvester stopped, %s', async (_when, seconds, row) => {
    await cli.reopen({ now: plus(OPENS_AT, seconds * SECOND) });
    await recordDay({ dataDir: cli.dataDir, stoppedAfter: 6 });
    const { code, out } = await cli.run('check');
    expect(out).toContain('It adds up.');
    expect(out).toMatch(row);
    expect(code).toBe(0);
  });

  test('counts unreadable lines of a file of the Python original, and marks rows of a Saturday', async () => {
    const name = await oldFile(cli.folder, oldRows(20), ['half a line']);
    const good = await cli.run('check', name);
    expect(good.out).toContain('a file of the Python original');
    expect(good.out).toContain('1 line cannot be read.');
    expect(good.code).toBe(4);
    const saturday = await oldFile(cli.folder, oldRows(5, 3), [], '2025-12-27');
    const marked = await cli.run('check', saturday);
    expect(marked.out).toContain('outside-session 5');
    expect(marked.code).toBe(4);
  });

  test('reports that missing rows cannot be detected in a file of the Python original', async () => {
    const rows = oldRows(20);
    const whole = await cli.run('check', await oldFile(cli.folder, rows));
    expect(whole.out).toContain('missing rows cannot be detected');
    expect(whole.code).toBe(0);
    const halved = await oldFile(cli.folder, [...rows.slice(0, 5), ...rows.slice(6)]);
    expect((await cli.run('check', halved)).out).not.toContain('It adds up');
  });

  test('counts a line that is cut off, and export warns that it left the line out', async () => {
    await recordDay({ dataDir: cli.dataDir });
    await cli.run('export', '--to', 'ours.csv');
    for (const name of ['ours.csv', await oldFile(cli.folder, oldRows(20))]) {
      const file = path.join(cli.folder, name);
      const text = await readFile(file, 'utf8');
      await writeFile(file, text.slice(0, -10));
      const { code, out } = await cli.run('check', name);
      expect([out, code]).toEqual([expect.stringContaining('1 line cannot be read.'), 4]);
      expect(JSON.parse((await cli.run('check', name, '--json')).out)).toMatchObject({
        unreadable: 1,
      });
      const exported = await cli.run('export', name, '--to', `again-${name}`);
      expect(exported.err).toMatch(/^1 line could not be read, and was left out\./);
      expect(exported.err).toContain('the file ends within this line');
    }
  });

  test('reads a file that begins with a byte-order mark, as Excel writes it', async () => {
    const name = await oldFile(cli.folder, oldRows(20));
    const file = path.join(cli.folder, name);
    await writeFile(file, `\uFEFF${await readFile(file, 'utf8')}`);
    expect(await cli.run('check', name)).toMatchObject({ code: 0, err: '' });
  });

  test('uses the trading days of calendar.json in check, import and export', async () => {
    const special = {
      date: '2025-12-27',
      source: 'a circular',
      phases: [{ name: 'CONTINUOUS', from: '09:15', to: '15:30' }],
    };
    cli.write('calendar.json', JSON.stringify([special]));
    const name = await oldFile(cli.folder, oldRows(5, 3), [], '2025-12-27');
    expect(await cli.run('check', name)).toMatchObject({ code: 0, err: '' });
    expect((await cli.run('import', name)).out).toContain('5 rows are the day 2025-12-27');
    const part = ['--phase', 'CONTINUOUS', '--to'];
    expect((await cli.run('export', name, ...part, 'old.csv')).out).toContain('5 rows');
    expect((await cli.run('export', '2025-12-27', ...part, 'day.csv')).out).toContain('5 rows');
  });

  test('exits with 2 if the file, its rows or a recorded day is missing', async () => {
    await oldFile(cli.folder, [], [], '2025-12-24');
    for (const [what, message] of [
      [['no.csv'], 'There is no file'],
      [['market_depth_2025-12-24.csv', '--data', 'x'], 'has no row'],
      [[], 'There is no recorded day'],
    ] as const) {
      const { code, out, err } = await cli.run('check', ...what);
      expect(err).toContain(message);
      expect({ code, out }).toEqual({ code: 2, out: '' });
    }
  });

  test.each([['running'], ['ended'], ['compacted']] as const)(
    'fails for a %s day without rows, even if every slot has a reason',
    async (state) => {
      await cli.reopen({
        now: plus(OPENS_AT, state === 'running' ? 45 * SECOND : 36_000 * SECOND),
      });
      await recordDay({ dataDir: cli.dataDir, state, book: () => null });
      const { code, out } = await cli.run('check');
      expect(out).toMatch(/The day has no row in any of its (?:14|24) slots\./);
      expect(out).not.toContain('It adds up');
      expect(code).toBe(4);
      expect(JSON.parse((await cli.run('check', '--json')).out)).toMatchObject({ good: false });
      expect((await cli.run('report')).code).toBe(4);
      if (state === 'ended') expect((await cli.run('compact')).code).toBe(4);
      expect((await cli.run('inspect', 'SBIN')).code).toBe(2);
    },
  );

  test('exits with 0 and reports that no slot is old enough if the day has just begun', async () => {
    await cli.reopen({ now: plus(OPENS_AT, 7 * SECOND) });
    await recordDay({ dataDir: cli.dataDir, state: 'running' });
    const { code, out } = await cli.run('check');
    expect(out).toContain('No slot is old enough yet to be judged.');
    expect(code).toBe(0);
  });

  test.each([12, 13, 26, 39, 58])(
    'counts rows and reasons over the same slots of a running day, after %i seconds',
    async (seconds) => {
      await cli.reopen({ now: plus(OPENS_AT, seconds * SECOND) });
      const book = (symbol: string, index: number) =>
        symbol === 'NSE:INFY-EQ' && index % 3 === 0 ? null : moving(index);
      await recordDay({ dataDir: cli.dataDir, state: 'running', book });
      const { code, out } = await cli.run('check', '--json');
      const { rows, unplanned, coverage } = JSON.parse(out) as {
        rows: number;
        unplanned: number;
        coverage: { expected: number; received: number; explained: number };
      };
      expect(rows + coverage.explained).toBe(coverage.expected);
      expect(rows).toBe(coverage.received);
      expect(rows + unplanned).toBe(2 * 12 - 4);
      expect(code).toBe(0);
    },
  );

  test('writes instants with their offset in JSON', async () => {
    await recordDay({ dataDir: cli.dataDir });
    for (const argv of [['check'], ['report'], ['inspect', 'SBIN']]) {
      const { out } = await cli.run(...argv, '--json');
      expect(out).not.toMatch(/\b1[67]\d{11}\b/);
      expect(out).toContain('"2026-11-25T09:00:');
      expect(out).toContain('+05:30"');
    }
  });
});

describe('fyers inspect', () => {
  test('draws the last book before an instant as a ladder', async () => {
    await recordDay({ dataDir: cli.dataDir });
    const { code, out } = await cli.run('inspect', 'SBIN', '--at', '09:00:12');
    expect(code).toBe(0);
    expect(out).toContain('NSE:SBIN-EQ  2026-11-25 09:00:10 IST  PREOPEN_ENTRY');
    expect((await cli.run('inspect', 'SBIN', '--at', '9:00:12')).out).toBe(out);
    const lines = out.split('\n').map((line) => line.trim());
    const prices = lines
      .filter((line) => line.includes('█'))
      .map((line) => Number(line.split(/\s+/)[0]));
    expect(prices).toEqual([427.4, 427.25, 427.2]);
    expect(out).toContain('spread 0.15 (3.5 bp)');
    const last = JSON.parse((await cli.run('inspect', 'NSE:SBIN-EQ', '--json')).out) as {
      book: { volume: number };
    };
    expect(last.book.volume).toBe(20 * 11);
  });

  test('shows the phase of a day that is not compacted yet', async () => {
    await recordDay({ dataDir: cli.dataDir, state: 'running' });
    expect((await cli.run('inspect', 'SBIN')).out).toContain('09:00:55 IST  PREOPEN_ENTRY');
    const { out } = await cli.run('inspect', 'SBIN', '--json');
    expect(JSON.parse(out)).toMatchObject({ phase: 'PREOPEN_ENTRY' });
  });

  test('rejects an unknown symbol, a time before the first book, and an invalid time', async () => {
    await recordDay({ dataDir: cli.dataDir });
    for (const [args, message] of [
      [['TCS'], 'TCS is not in it; there are NSE:INFY-EQ, NSE:SBIN-EQ.'],
      [['SBIN', '--at', '08:00'], 'There is no book of SBIN at or before 08:00.'],
      ...['noon', '25:00', '12:60', '15:20:99', '9:3'].map(
        (at) => [['SBIN', '--at', at], `--at "${at}" is not a time of day.`] as const,
      ),
    ] as const) {
      const { code, err } = await cli.run('inspect', ...args);
      expect(err).toContain(message);
      expect(code).toBe(2);
    }
  });
});
