import { appendFile, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { istDate, istInstant } from '../../core/time.ts';
import { shortSession } from '../support/depth.ts';
import { oldFile, oldRows } from '../support/old-files.ts';
import { CROSSED, moving, recordDay, type RecordedDay } from '../support/recorded-day.ts';
import { openStagePerTest } from './cli-harness.ts';

const cli = openStagePerTest();

const IN_TRADING = shortSession(istInstant(istDate('2026-11-25'), '10:00'));

async function expectSameVerdict(): Promise<{ tone: string; code: number; html: string }> {
  const checked = await cli.run('check', '--json');
  const found = JSON.parse(checked.out) as { good: boolean; verdict: string; date: string };
  const reported = await cli.run('report', '--force');
  const html = await readFile(path.join(cli.folder, `report-${found.date}.html`), 'utf8');
  const [, tone = '', text] = /<p class="verdict (\w+)">([^<]*)<\/p>/.exec(html) ?? [];
  expect(text).toBe(found.verdict);
  expect(reported.out).toContain(found.verdict);
  expect((await cli.run('check')).out).toContain(found.verdict);
  expect(tone === 'bad').toBe(!found.good);
  expect(reported.code).toBe(checked.code);
  const json = JSON.parse((await cli.run('report', '--json')).out) as { verdict: object };
  expect(json.verdict).toMatchObject({ good: found.good, text: found.verdict });
  return { tone, code: checked.code, html };
}

describe('check and report show the same verdict and exit code', () => {
  const days: readonly [string, Partial<RecordedDay>, string, number][] = [
    ['complete', {}, 'good', 0],
    ['of which half is missing for a known reason', { book: everyOther }, 'partial', 0],
    ['with a crossed book', { session: IN_TRADING, book: () => CROSSED }, 'bad', 4],
    ['with an unusable field', { faults: () => ['ltt'] }, 'bad', 4],
    ['without a row', { book: () => null }, 'bad', 4],
    ['that is running', { state: 'running' }, 'good', 0],
  ];
  test.each(days)('for a day %s', async (_, options, tone, code) => {
    await recordDay({ dataDir: cli.dataDir, ...options });
    expect(await expectSameVerdict()).toMatchObject({ tone, code });
  });

  test('for a day whose file was changed after its compaction', async () => {
    const { folder } = await recordDay({ dataDir: cli.dataDir });
    await appendFile(folder.pathOf('events.jsonl.gz'), 'x');
    const { tone, code, html } = await expectSameVerdict();
    expect([tone, code]).toEqual(['bad', 4]);
    expect(html).toContain('differs from the manifest');
  });
});

function everyOther(_symbol: string, index: number) {
  return index % 2 === 0 ? null : moving(index);
}

describe('The label of a day', () => {
  const labelsOf = (html: string) =>
    [...html.matchAll(/class="label">([^<]*)</g)].map(([, name]) => name);

  test('marks a simulated day in report and check', async () => {
    await recordDay({ dataDir: cli.dataDir, broker: '127.0.0.1' });
    const { html } = await expectSameVerdict();
    expect(labelsOf(html)).toEqual(['Simulated day']);
    const { out } = await cli.run('check', '--json');
    expect(JSON.parse(out)).toMatchObject({ replacedBroker: '127.0.0.1' });
    expect((await cli.run('check')).out).toContain('recorded from 127.0.0.1');
  });

  test('names another host, which may forward data of Fyers', async () => {
    await recordDay({ dataDir: cli.dataDir, broker: 'relay.example.com' });
    const { html } = await expectSameVerdict();
    expect(labelsOf(html)).toEqual(['Not from Fyers itself']);
    expect(html).toContain('relay.example.com');
  });

  test('is absent for a day from Fyers', async () => {
    await recordDay({ dataDir: cli.dataDir });
    expect(labelsOf((await expectSameVerdict()).html)).toEqual([]);
  });

  test('marks an imported day, whose verdict is partial if slots are missing', async () => {
    await cli.run('import', await oldFile(cli.folder, oldRows(4_285)));
    const { tone, code, html } = await expectSameVerdict();
    expect([tone, code]).toEqual(['partial', 0]);
    expect(labelsOf(html)).toEqual(['Imported day']);
  });
});

test('The report names the phases of each symbol next to its prices', async () => {
  const [share, plain] = ['NSE:SBIN-EQ', 'NSE:SMALL-EQ'];
  await recordDay({
    dataDir: cli.dataDir,
    session: IN_TRADING,
    symbols: [share, plain],
    auctions: { [share]: true, [plain]: false },
    book: (_, index) => ({ ...moving(index), lastPrice: 427 + index / 10 }),
  });
  const { html } = await expectSameVerdict();
  const cards = html.split('<h3>').slice(1, 3);
  const phases = cards.map((card) =>
    [...card.matchAll(/<li><i[^>]*><\/i>([^<]*)</g)].map(([, name]) => name),
  );
  expect(phases[0]).toContain('Continuous trading 09:15–15:15');
  expect(phases[0]).toContain('Closing auction 15:15–15:35');
  expect(phases[1]).toContain('Continuous trading 09:15–15:30');
  expect(phases[1]?.join()).not.toContain('auction');
  for (const card of cards) expect(card).toContain('₹ 428.10 last, 428.10 to 428.10; 220 traded');
});
