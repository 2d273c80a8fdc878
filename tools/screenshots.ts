// Renews the pictures of docs/images in Chromium: the report of a demo day on a desktop and on a phone, and the page of
// the day's login link on a phone. `npm run screenshots -- DIR` reads the recording of `npm start -- --data DIR`.
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser } from 'playwright-core';
import { main } from '../cli/program.ts';
import { istDate, istInstant } from '../core/time.ts';
import { renderOutcome } from '../functions/login/router.ts';

const CHROMIUM = '/usr/bin/chromium';
const IMAGES = path.join(import.meta.dirname, '..', 'docs', 'images');
const MAX_BYTES = 200_000;

const DESKTOP = { viewport: { width: 1280, height: 800 }, deviceScaleFactor: 1 };
/** The smallest width of phones in use. */
const PHONE = { viewport: { width: 375, height: 760 }, deviceScaleFactor: 2, isMobile: true };

type Screen = typeof DESKTOP | typeof PHONE;

interface Page {
  readonly url: string;
  readonly screen: Screen;
  readonly name: string;
}

async function renewPictures(data: string): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'fyers-pictures-'));
  try {
    const report = await writeReport(data, path.join(folder, 'report.html'));
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
    try {
      await takePicture(browser, { url: report, screen: DESKTOP, name: 'report' });
      await takePicture(browser, { url: report, screen: PHONE, name: 'report-phone' });
      await takePicture(browser, { url: loginPage(), screen: PHONE, name: 'login-phone' });
    } finally {
      await browser.close();
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function writeReport(data: string, file: string): Promise<string> {
  const code = await main(['report', '--data', data, '--to', file]);
  if (code !== 0) throw new Error(`The report of ${data} ended with code ${String(code)}.`);
  return pathToFileURL(file).href;
}

/** The page that the owner's link of the day leads to, as the deployed function renders it. */
function loginPage(): string {
  const date = istDate('2026-11-25');
  const { body = '' } = renderOutcome(
    {
      kind: 'link',
      date,
      until: istInstant(date, '16:00'),
      url: 'https://api-t1.fyers.in/',
      token: 'not-live',
    },
    'GET',
  );
  return `data:text/html;charset=utf-8,${encodeURIComponent(body)}`;
}

/** Takes the first screen of the page. */
async function takePicture(browser: Browser, { url, screen, name }: Page): Promise<void> {
  const context = await browser.newContext({ ...screen, colorScheme: 'light' });
  const page = await context.newPage();
  await page.goto(url);
  const file = path.join(IMAGES, `${name}.png`);
  await page.screenshot({ path: file });
  await context.close();
  const { size } = await stat(file);
  process.stdout.write(`docs/images/${name}.png: ${size.toLocaleString('en')} bytes\n`);
  if (size >= MAX_BYTES) throw new Error(`${name}.png is larger than ${String(MAX_BYTES)} bytes.`);
}

await renewPictures(process.argv[2] ?? 'demo');
