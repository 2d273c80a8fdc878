// Fetches and reads the symbol master in a process of its own, so that its heap can be small: `node master-child.ts URL
// FOLDER`.
import { symbolMaster } from '../../adapters/fyers/symbol-master.ts';
import { extractOf } from '../../core/market/symbol-master.ts';
import { istDate } from '../../core/time.ts';

const [, , masterUrl = '', folder = ''] = process.argv;
const date = istDate('2026-11-25');
const extract = extractOf({ date, symbols: new Set(), underlyings: new Set(['NIFTY']) });
const master = symbolMaster({ masterUrl, folder });
const { signal } = new AbortController();
const { file, problem } = await master('NSE_FO', date, { timeoutMs: 240_000, signal });
let rows = 0;
for await (const row of file?.rows() ?? []) {
  rows += 1;
  extract.add(row);
}
process.stdout.write(JSON.stringify({ rows, problem, contracts: extract.contracts().length }));
