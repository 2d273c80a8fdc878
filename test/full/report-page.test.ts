// Opens the report of a whole day in Chromium with a phone's and a desktop's screen. FYERS_SCREENSHOTS names a folder that keeps the pictures.
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Book } from '../../core/recording/book.ts';
import { dayOf } from '../../core/market/calendar.ts';
import { istDate } from '../../core/time.ts';
import { stage } from '../cli/cli-harness.ts';
import { hasChromium, openPhone } from '../support/mobile-browser.ts';
import { expectReadable } from '../support/page-checks.ts';
import { recordDay } from '../support/recorded-day.ts';
import { makeFolderPerTest } from '../support/temporary-folder.ts';

const wanted = hasChromium || process.env['CI'] === 'true';
const title = wanted
  ? 'The report in Chromium'
  : 'The report in Chromium (skipped: no /usr/bin/chromium; `apt-get install chromium` brings it)';
const DESKTOP = { width: 1440, height: 900 };
const SMALL_PHONE = { width: 375, height: 760 };
const SYMBOLS = ['NSE:SBIN-EQ', 'NSE:INFY-EQ', 'NSE:M&M-EQ', 'NSE:BANKNIFTY26DEC53000CE'];

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
    volume: 10_000_000 * index,
    totalBuyQuantity: 900_000 + 1_000 * index,
    totalSellQuantity: 1_200_000 - 1_000 * index,
  };
}

interface Fit {
  /** Those with a table: CSS pixels of both, and whether anything in them reaches beyond the card. */
  readonly cards: readonly {
    readonly said: string;
    readonly tablePx: number;
    readonly cardPx: number;
    readonly scrolls: boolean;
  }[];
  readonly tiles: readonly { readonly said: string; readonly lines: number }[];
  /** Words of pictures that reach beyond their card. */
  readonly outside: readonly string[];
}

/** Runs in the page, whose types are not ours. */
const MEASURE_FIT = `(() => {
  const inner = (card) => {
    const { paddingLeft, paddingRight } = getComputedStyle(card);
    return card.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
  };
  const beyond = (card) => {
    const edge = card.getBoundingClientRect().right - parseFloat(getComputedStyle(card).paddingRight);
    return [...card.querySelectorAll('th, td')].some((cell) => {
      const words = document.createRange();
      words.selectNodeContents(cell);
      return words.getBoundingClientRect().right > edge + 1;
    });
  };
  const tables = [...document.querySelectorAll('.card table')];
  return {
    cards: tables.map((table) => {
      const card = table.closest('.card');
      return {
        said: table.innerText.slice(0, 60),
        tablePx: table.getBoundingClientRect().width,
        cardPx: inner(card),
        scrolls: card.scrollWidth > card.clientWidth || beyond(card),
      };
    }),
    outside: [...document.querySelectorAll('.card svg text')]
      .filter((text) => {
        const [word, card] = [text, text.closest('.card')].map((one) => one.getBoundingClientRect());
        return word.left < card.left || word.right > card.right;
      })
      .map((text) => text.textContent),
    tiles: [...document.querySelectorAll('.tiles dd')].map((value) => {
      const words = document.createRange();
      words.selectNodeContents(value);
      const fits = words.getBoundingClientRect().right <= value.getBoundingClientRect().right + 1;
      const height = parseFloat(getComputedStyle(value).lineHeight);
      return { said: value.textContent, lines: fits ? Math.round(value.clientHeight / height) : 2 };
    }),
  };
})()`;

const folder = makeFolderPerTest();

describe.skipIf(!wanted)(title, () => {
  test('fits a phone and a desktop with enough contrast, light and dark, and makes no request', async () => {
    await using cli = await stage();
    const day = dayOf(istDate('2026-11-25'));
    if (day.kind === 'closed') throw new Error('a trading day');
    const dataDir = path.join(cli.folder, 'harvested_data');
    await recordDay({ dataDir, session: day.plan, symbols: SYMBOLS, everySeconds: 60, book });
    const { code, err } = await cli.run('report');
    expect({ code, err }).toEqual({ code: 0, err: '' });

    await using phone = await openPhone({
      pictures: path.join(process.env['FYERS_SCREENSHOTS'] ?? folder.path, 'report'),
      answer: () => Promise.reject(new Error('a report sends no requests')),
    });
    await phone.page.goto(pathToFileURL(path.join(cli.folder, 'report-2026-11-25.html')).href);
    expect(await phone.page.locator('svg').count()).toBeGreaterThan(8);
    for (const [screen, size] of [
      ['phone', null],
      ['small-phone', SMALL_PHONE],
      ['desktop', DESKTOP],
    ] as const) {
      if (size !== null) await phone.page.setViewportSize(size);
      await expectReadable(phone, screen);
      const { cards, tiles, outside } = await phone.page.evaluate<Fit>(MEASURE_FIT);
      // Nothing has to be scrolled to, and no table leaves half a card empty.
      expect(cards.length).toBeGreaterThan(6);
      for (const { said, tablePx, cardPx, scrolls } of cards) {
        expect.soft(scrolls, `${screen}: ${said}`).toBe(false);
        expect.soft(Math.abs(cardPx - tablePx), `${screen}: ${said}`).toBeLessThan(2);
      }
      expect.soft(outside, screen).toEqual([]);
      for (const { said, lines } of tiles) expect.soft(lines, `${screen}: ${said}`).toBe(1);
    }
  });
});
