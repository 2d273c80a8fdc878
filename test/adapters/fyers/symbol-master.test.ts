// Serves valid and damaged symbol masters over loopback.
import { readdir } from 'node:fs/promises';
import { type ServerResponse, createServer } from 'node:http';
import { beforeEach, describe, expect, test } from 'vitest';
import { symbolMaster } from '../../../adapters/fyers/symbol-master.ts';
import { istDate } from '../../../core/time.ts';
import { listenOnLoopback } from '../../support/loopback.ts';
import { makeFolderPerTest } from '../../support/temporary-folder.ts';

const TODAY = istDate('2026-11-25');
const NOT_ABORTED = new AbortController().signal;
const line = (n: number) =>
  `10100000000${String(n).padStart(4, '0')},SHARE ${String(n)},0,1,0.05,INE${String(n % 1_000).padStart(3, '0')}A01018,0915-1530,2026-11-25,,NSE:S${String(n)}-EQ,10,10,${String(n)},S${String(n)},${String(n)},-1,XX,,None,0,0\n`;

const folder = makeFolderPerTest();
let respond: (response: ServerResponse) => void;
let requests: string[] = [];
let url = '';
const server = createServer((request, response) => {
  requests.push(request.url ?? '');
  respond(response);
});
beforeEach(async () => {
  requests = [];
  respond = (response) => response.end([1, 2, 3].map(line).join(''));
  const listening = await listenOnLoopback(server);
  url = `${listening.url}/sym_details`;
  return () => listening[Symbol.asyncDispose]();
});

async function readMaster(date = TODAY, timeoutMs = 20_000, maxBytes?: number) {
  const master = symbolMaster({
    masterUrl: url,
    folder: folder.path,
    ...(maxBytes === undefined ? {} : { maxBytes }),
  });
  const { file, problem } = await master('NSE_CM', date, { timeoutMs, signal: NOT_ABORTED });
  let rows = 0;
  let last = '';
  for await (const row of file?.rows() ?? []) {
    rows += 1;
    last = row.symbol;
  }
  return { date: file?.date ?? null, rows, last, problem };
}

describe('The symbol master', () => {
  test('is fetched once a day, and replaces an earlier one', async () => {
    expect(await readMaster(istDate('2026-11-23'))).toMatchObject({ rows: 3, problem: null });
    expect(await readMaster()).toEqual({ date: TODAY, rows: 3, last: 'NSE:S3-EQ', problem: null });
    expect(await readMaster()).toMatchObject({ rows: 3, problem: null });
    expect(requests).toEqual(['/sym_details/NSE_CM.csv', '/sym_details/NSE_CM.csv']);
    expect(await readdir(folder.path)).toEqual(['NSE_CM-2026-11-25.csv']);
  });

  test('is read with 100,000 rows', async () => {
    respond = (response) => {
      for (let n = 0; n < 100_000; n += 1) response.write(line(n));
      response.end();
    };
    expect(await readMaster()).toMatchObject({
      rows: 100_000,
      last: 'NSE:S99999-EQ',
      problem: null,
    });
  });

  test.each<[string, (response: ServerResponse) => void, RegExp]>([
    [
      'a page of HTML',
      (response) => response.end('<html>\n<body>\n'),
      /2 of its 2 lines are not instruments/,
    ],
    ['one endless line', (response) => response.end('0,'.repeat(100_000)), /it has no lines/],
    ['empty', (response) => response.end(), /0 of its 0 lines/],
    [
      'cut in its last line',
      (response) => response.end(line(1) + line(2).slice(0, 30)),
      /lines are not instruments|middle of a line/,
    ],
    ['missing (404)', (response) => response.writeHead(404).end('x'), /answered HTTP 404/],
    [
      'shorter than announced',
      (response) => {
        response.writeHead(200, { 'content-length': 10_000 });
        response.write(line(1), () => response.destroy());
      },
      /NSE_CM\.csv: /,
    ],
    ['not answered', () => undefined, /did not arrive in time/],
    [
      'an answer that stops',
      (response) => {
        response.write(line(1));
      },
      /did not arrive in time/,
    ],
  ])('that is %s is reported, and the previous one is used', async (_what, bad, problem) => {
    await readMaster(istDate('2026-11-23'));
    respond = bad;
    const second = await readMaster(TODAY, 700);
    expect(second).toMatchObject({ date: '2026-11-23', rows: 3 });
    expect(second.problem).toMatch(problem);
    expect(await readdir(folder.path)).toEqual(['NSE_CM-2026-11-23.csv']);
  });

  test('that is larger than the limit is refused', async () => {
    respond = (response) => response.end(Array.from({ length: 100 }, (_, n) => line(n)).join(''));
    const { date, problem } = await readMaster(TODAY, 20_000, 5_000);
    expect({ date, problem }).toEqual({
      date: null,
      problem: 'NSE_CM.csv: it has more than 5000 bytes',
    });
  });
});
