// The report of a whole day in a real browser, as a phone and as a desktop. FYERS_SCREENSHOTS names a folder that keeps the pictures.
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Book } from '../../core/depth/book.ts';
import { dayOf } from '../../core/market/calendar.ts';
import { istDate } from '../../core/time.ts';
import { stage } from '../cli/stage.ts';
import { hasChromium, openPhone } from '../support/phone.ts';
import { expectReadable } from '../support/readable.ts';
import { recordDay } from '../support/recorded-day.ts';

const wanted = hasChromium || process.env['CI'] === 'true';
const title = wanted
  ? 'The report in Chromium'
  : 'The report in Chromium (skipped: no /usr/bin/chromium; `apt-get install chromium` brings it)';
const DESKTOP = { width: 1440, height: 900 };
const SYMBOLS = ['NSE:SBIN-EQ', 'NSE:INFY-EQ', 'NSE:M&M-EQ'];

/** A price that wanders, a spread that breathes, and an hour without answers for one symbol. */
function book(symbol: string, index: number): Partial<Book> | null {
  if (symbol === 'NSE:INFY-EQ' && index >= 120 && index < 180) return null;
  if (index === 300) return null;
  const paise = 42_700 + 200 * Math.sin(index / 40) + 30 * Math.cos(index / 7);
  const half = 5 * (1 + (index % 4));
  const level = (price: number, quantity: number) => ({
    price: Math.round(price / 5) / 20,
    quantity,
    orders: 3,
  });
  return {
    bids: [1, 2, 3, 4, 5].map((n) => level(paise - n * half, 100 * n + (index % 50))),
    asks: [1, 2, 3, 4, 5].map((n) => level(paise + n * half, 90 * n + (index % 37))),
    lastPrice: Math.round(paise / 5) / 20,
    volume: 1_000 * index,
    totalBuyQuantity: 900_000 + 1_000 * index,
    totalSellQuantity: 1_200_000 - 1_000 * index,
  };
}

describe.skipIf(!wanted)(title, () => {
  test('fits a phone and a desktop, in contrast, light and dark, and asks nobody for anything', async () => {
    await using cli = await stage();
    const day = dayOf(istDate('2026-11-25'));
    if (day.kind === 'closed') throw new Error('a trading day');
    const dataDir = path.join(cli.folder, 'harvested_data');
    await recordDay({ dataDir, session: day.plan, symbols: SYMBOLS, everySeconds: 60, book });
    const { code, err } = await cli.run('report');
    expect({ code, err }).toEqual({ code: 0, err: '' });

    const kept = process.env['FYERS_SCREENSHOTS'];
    const pictures = kept ?? (await mkdtemp(path.join(os.tmpdir(), 'pages-')));
    try {
      await using phone = await openPhone({
        pictures: path.join(pictures, 'report'),
        answer: () => Promise.reject(new Error('a report asks nobody')),
      });
      await phone.page.goto(pathToFileURL(path.join(cli.folder, 'report-2026-11-25.html')).href);
      expect(await phone.page.locator('svg').count()).toBeGreaterThan(8);
      await expectReadable(phone, 'phone');
      await phone.page.setViewportSize(DESKTOP);
      await expectReadable(phone, 'desktop');
    } finally {
      if (kept === undefined) await rm(pictures, { recursive: true });
    }
  });
});
