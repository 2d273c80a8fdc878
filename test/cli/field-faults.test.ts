// Tests how check, report and doctor --live handle unusable fields in the broker's answers.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { DepthField } from '../../core/recording/field-faults.ts';
import { parseInstant } from '../../core/time.ts';
import { mintToken } from '../../sandbox/fyers/tokens.ts';
import { APP, SEED, SEVEN } from '../sandbox/fyers/simulator.ts';
import { DEPTH_SAMPLE } from '../support/depth-sample.ts';
import { startDepthServer } from '../support/depth-server.ts';
import { recordDay } from '../support/recorded-day.ts';
import { stage, openStagePerTest } from './cli-harness.ts';
import { unreachableAws } from './doctor-fixture.ts';

const cli = openStagePerTest();

const runJson = async (...argv: readonly string[]) => {
  const { code, out } = await cli.run(...argv, '--json');
  return { code, ...(JSON.parse(out) as Readonly<Record<string, unknown>>) };
};

/** Three of the twelve rows of one symbol have no trade time. */
const faults = (symbol: string, index: number): readonly DepthField[] =>
  symbol === 'NSE:SBIN-EQ' && index < 3 ? ['ltt'] : [];
const FAULT_COUNTS = [{ field: 'ltt', column: 'last_trade_at', rows: 3 }];

describe.each(['compacted', 'running', 'ended'] as const)('A %s day with field faults', (state) => {
  beforeEach(() => recordDay({ dataDir: cli.dataDir, faults, state }));

  test('has its faults counted by check, which exits with 4', async () => {
    const { code, out } = await cli.run('check');
    expect(code).toBe(4);
    expect(out).toContain("last_trade_at is empty in 3 of 24 rows: the broker's ltt");
    expect(out).toContain('It adds up. Check these columns before you use them: last_trade_at.');
    expect(await runJson('check')).toMatchObject({
      code: 4,
      good: false,
      fieldFaults: FAULT_COUNTS,
    });
  });

  test('has its faults counted by report', async () => {
    expect(await runJson('report')).toMatchObject({ code: 4, fieldFaults: FAULT_COUNTS });
    await cli.run('report');
    const html = await readFile(path.join(cli.folder, 'report-2026-11-25.html'), 'utf8');
    expect(html).toMatch(/Empty columns[^]*last_trade_at[^]*ltt[^]*>3</);
  });
});

test('A day without field faults has neither a count nor a table', async () => {
  const { folder } = await recordDay({ dataDir: cli.dataDir });
  expect(await runJson('check')).toMatchObject({ code: 0, good: true, fieldFaults: [] });
  expect(JSON.parse(await readFile(folder.pathOf('manifest.json'), 'utf8'))).toMatchObject({
    fieldFaults: [],
  });
  await cli.run('report');
  const html = await readFile(path.join(cli.folder, 'report-2026-11-25.html'), 'utf8');
  expect(html).not.toContain('Empty columns');
});

describe('fyers doctor --live', () => {
  async function examineBook(entry: unknown, time = '12:00', symbol = 'NSE:SBIN-EQ') {
    await using server = await startDepthServer((call) => ({
      status: 200,
      body: { s: 'ok', d: { [call.symbol]: entry }, message: '' },
    }));
    const now = parseInstant(`2026-11-25T${time}:00+05:30`);
    await using at = await stage({ now, aws: unreachableAws(null) });
    const lines = [`CLIENT_ID=${APP.id}`, `SECRET_KEY=${APP.secret}`, `SYMBOLS=${symbol}`];
    const env = [...lines, `API_URL=${server.url}`].map((line) => `FYERS_${line}\n`);
    at.write('.env', env.join(''));
    at.write('access_token.txt', mintToken(SEED, APP, 'access_token', SEVEN));
    const { out } = await at.run('doctor', '--live', '--json');
    const { checks } = JSON.parse(out) as {
      checks: readonly { name: string; state: string; detail: string }[];
    };
    return checks.find(({ name }) => name === 'Live book');
  }
  const padding = Array.from({ length: 5 }, () => ({ price: 0, volume: 0, ord: 0 }));
  const empty = { ...DEPTH_SAMPLE, bids: padding, ask: padding };

  test('accepts a complete book', async () => {
    expect(await examineBook(DEPTH_SAMPLE)).toMatchObject({ state: 'ok' });
  });

  test.each([
    ['no order in a session', /no bid, no ask/, empty],
    ['a field under another name', /ltt/, { ...DEPTH_SAMPLE, ltt: undefined, last_traded: 1 }],
    [
      'levels with text values',
      /bids\.price/,
      { ...empty, bids: [{ price: '427', volume: '1', ord: '1' }] },
    ],
    ['no field', /malformed-answer/, {}],
    ['an error inside', /malformed-answer/, { s: 'error', code: -300 }],
  ])('reports a problem in an answer with %s', async (_, detail, entry) => {
    const finding = { state: 'problem', detail: expect.stringMatching(detail) as unknown };
    expect(await examineBook(entry)).toMatchObject(finding);
  });

  test('accepts an empty book at 09:03, at 15:17 and of an index, and a book with asks only', async () => {
    expect(await examineBook({ ...empty, ltt: 0 }, '09:03')).toMatchObject({ state: 'ok' });
    expect(await examineBook(empty, '15:17')).toMatchObject({ state: 'ok' });
    expect(await examineBook(empty, '12:00', 'NSE:NIFTY50-INDEX')).toMatchObject({ state: 'ok' });
    expect(await examineBook({ ...empty, ask: DEPTH_SAMPLE.ask })).toMatchObject({ state: 'ok' });
  });
});
