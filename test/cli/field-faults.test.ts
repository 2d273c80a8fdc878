// Fields that the broker's answers had no usable value of: what check, report and doctor --live make of them.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DepthField } from '../../core/recording/field-faults.ts';
import { parseInstant } from '../../core/time.ts';
import { mintToken } from '../../sandbox/fyers/tokens.ts';
import { APP, SEED, SEVEN } from '../sandbox/fyers/simulator.ts';
import { DEPTH_SAMPLE } from '../support/depth-sample.ts';
import { startDepthServer } from '../support/depth-server.ts';
import { recordDay } from '../support/recorded-day.ts';
import { type Stage, stage } from './cli-harness.ts';

let cli: Stage;
let dataDir = '';
beforeEach(async () => {
  cli = await stage();
  dataDir = path.join(cli.folder, 'harvested_data');
});
afterEach(() => cli[Symbol.asyncDispose]());

const json = async (...argv: readonly string[]) => {
  const { code, out } = await cli.run(...argv, '--json');
  return { code, ...(JSON.parse(out) as Readonly<Record<string, unknown>>) };
};

/** Three of a symbol's twelve rows have no trade time. */
const faults = (symbol: string, index: number): readonly DepthField[] =>
  symbol === 'NSE:SBIN-EQ' && index < 3 ? ['ltt'] : [];
const COUNTED = [{ field: 'ltt', column: 'last_trade_at', rows: 3 }];

describe.each(['compacted', 'running', 'ended'] as const)('A day that is %s', (state) => {
  beforeEach(() => recordDay({ dataDir, faults, state }));

  test('has its count in check, which is red', async () => {
    const { code, out } = await cli.run('check');
    expect(code).toBe(4);
    expect(out).toContain("last_trade_at is empty in 3 of 24 rows: the broker's ltt");
    expect(out).toContain('It adds up. Check these columns before you use them: last_trade_at.');
    expect(await json('check')).toMatchObject({ code: 4, good: false, fieldFaults: COUNTED });
  });

  test('has its count in report', async () => {
    expect(await json('report')).toMatchObject({ code: 4, fieldFaults: COUNTED });
    await cli.run('report');
    const html = await readFile(path.join(cli.folder, 'report-2026-11-25.html'), 'utf8');
    expect(html).toMatch(/Empty columns[^]*last_trade_at[^]*ltt[^]*>3</);
  });
});

test('A day without such a field has neither a count nor a table', async () => {
  const { folder } = await recordDay({ dataDir });
  expect(await json('check')).toMatchObject({ code: 0, good: true, fieldFaults: [] });
  expect(JSON.parse(await readFile(folder.pathOf('manifest.json'), 'utf8'))).toMatchObject({
    fieldFaults: [],
  });
  await cli.run('report');
  const html = await readFile(path.join(cli.folder, 'report-2026-11-25.html'), 'utf8');
  expect(html).not.toContain('Empty columns');
});

const NO_AWS = {
  endpoint: 'http://127.0.0.1:1',
  region: 'ap-south-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  maxAttempts: 1,
};

describe('doctor --live', () => {
  async function found(entry: unknown, time = '12:00', symbol = 'NSE:SBIN-EQ') {
    await using server = await startDepthServer((call) => ({
      status: 200,
      body: { s: 'ok', d: { [call.symbol]: entry }, message: '' },
    }));
    const now = parseInstant(`2026-11-25T${time}:00+05:30`);
    await using at = await stage({ now, aws: NO_AWS });
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

  test('is content with a whole book', async () => {
    expect(await found(DEPTH_SAMPLE)).toMatchObject({ state: 'ok' });
  });

  test.each([
    ['no order in a session', /no bid, no ask/, empty],
    ['a field under another name', /ltt/, { ...DEPTH_SAMPLE, ltt: undefined, last_traded: 1 }],
    [
      'levels of texts',
      /bids\.price/,
      { ...empty, bids: [{ price: '427', volume: '1', ord: '1' }] },
    ],
    ['nothing at all', /malformed-answer/, {}],
    ['an error inside', /malformed-answer/, { s: 'error', code: -300 }],
  ])('finds a problem in an answer with %s', async (_, detail, entry) => {
    const finding = { state: 'problem', detail: expect.stringMatching(detail) as unknown };
    expect(await found(entry)).toMatchObject(finding);
  });

  test('knows when a book may be empty', async () => {
    expect(await found({ ...empty, ltt: 0 }, '09:03')).toMatchObject({ state: 'ok' });
    expect(await found(empty, '15:17')).toMatchObject({ state: 'ok' });
    expect(await found(empty, '12:00', 'NSE:NIFTY50-INDEX')).toMatchObject({ state: 'ok' });
    expect(await found({ ...empty, ask: DEPTH_SAMPLE.ask })).toMatchObject({ state: 'ok' });
  });
});
