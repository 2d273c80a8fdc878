// Reads a symbol master of derivatives, three times as long as the real one, with a small heap.
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import path from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { listenOnLoopback } from '../support/loopback.ts';
import { makeFolderPerTest } from '../support/temporary-folder.ts';

const CHILD = path.join(import.meta.dirname, '..', 'support', 'master-child.ts');
const ROWS = 300_000;
const NEAREST = 200;
/** 2 and 30 December 2026, 15:30 in India, epoch seconds. */
const [NEAR, FAR] = [1_796_205_600, 1_798_624_800];

/** Options of two hundred underlyings; the nearest ones of our underlying are at the end, because no order is documented. */
function* lines(): Generator<string> {
  for (let n = 0; n < ROWS; n += 1) {
    const isNear = n >= ROWS - NEAREST;
    const underlying = isNear || n % 200 === 0 ? 'NIFTY' : `SHARE${String(n % 200)}`;
    yield `1011261230${String(n).padStart(6, '0')},${underlying} ${String(n)} CE,14,75,0.05,,0915-1530|1815-1915:,2026-11-25,${String(isNear ? NEAR : FAR)},NSE:${underlying}26DEC${String(n)}CE,10,11,${String(n)},${underlying},26000,${String(n + 1)},CE,101000000026000,None,0,0\n`;
  }
}

/** A thousand lines at a time, or serving them would take longer than reading them. */
function* blocks(): Generator<string> {
  let block: string[] = [];
  for (const line of lines()) {
    if (block.push(line) < 1_000) continue;
    yield block.join('');
    block = [];
  }
}

const folder = makeFolderPerTest();
const server = createServer((_request, response) => {
  Readable.from(blocks()).pipe(response);
});
test('The symbol master of 300,000 rows is fetched, checked and read with a heap of 24 MiB', async () => {
  await using listening = await listenOnLoopback(server);
  const { url } = listening;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--max-old-space-size=24', CHILD, url, folder.path],
    { timeout: 280_000 },
  );
  expect(JSON.parse(stdout)).toEqual({ rows: ROWS, problem: null, contracts: NEAREST });
});
