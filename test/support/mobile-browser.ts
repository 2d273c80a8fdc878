// Opens pages in Debian's Chromium with a phone's screen, measures them, takes screenshots, and collects errors.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { chromium, type Page } from 'playwright-core';
import type { Answer, Call } from '../../sandbox/browser.ts';

const CHROMIUM = '/usr/bin/chromium';
export const hasChromium = existsSync(CHROMIUM);
/** Of an iPhone 14; most phones in use are as wide or wider. */
const SCREEN = { width: 390, height: 844 };
/** Nothing is fetched behind our back, and nothing is asked of a profile that was there before. */
const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** Addresses of functions are known to AWS alone. */
const FUNCTIONS = 'https://*.lambda-url.ap-south-1.on.aws/*';
/** Of one connection, and not of the answer. */
const HOP_BY_HOP = ['connection', 'content-length', 'transfer-encoding', 'keep-alive'];

export interface Piece {
  readonly text: string;
  /** As `rgb(…)`. */
  readonly color: string;
  readonly background: string;
}

type Scheme = 'light' | 'dark';

interface Look {
  readonly scheme: Scheme;
  /** How far the page reaches beyond the screen's right edge, CSS pixels. */
  readonly beyondPx: number;
  /** Of each thing to press, by its words, CSS pixels. */
  readonly pressHeights: Readonly<Record<string, number>>;
  readonly pieces: readonly Piece[];
}

export interface Phone extends AsyncDisposable {
  readonly page: Page;
  /** The console's errors, policy violations among them, and requests that failed. */
  readonly complaints: readonly string[];
  /** Measures what is shown, in both schemes, and keeps pictures of the whole page under this name. */
  readonly look: (name: string) => Promise<readonly Look[]>;
}

export interface PhoneOptions {
  /** Where pictures go. */
  readonly pictures: string;
  /** Answers for the functions' addresses; redirects to them included. */
  readonly answer: (call: Call) => Promise<Answer>;
}

export async function openPhone({ pictures, answer }: PhoneOptions): Promise<Phone> {
  await using opened = new AsyncDisposableStack();
  const profile = await mkdtemp(path.join(os.tmpdir(), 'fyers-chromium-'));
  opened.defer(() => rm(profile, { recursive: true, force: true }));
  await mkdir(pictures, { recursive: true });
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    headless: true,
    args: QUIET,
    env: { PATH: process.env['PATH'] ?? '', HOME: profile },
    viewport: SCREEN,
    deviceScaleFactor: 2,
    isMobile: true,
    hasTouch: true,
  });
  opened.defer(() => context.close());
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', ({ message }) => complaints.push(message));
  page.on('requestfailed', (request) =>
    complaints.push(`${request.url()}: ${request.failure()?.errorText ?? ''}`),
  );
  await answering(page, answer);
  const kept = opened.move();
  return {
    page,
    complaints,
    look: async (name) => {
      const light = await lookIn('light', page, path.join(pictures, name));
      return [light, await lookIn('dark', page, path.join(pictures, name))];
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function lookIn(scheme: Scheme, page: Page, picture: string): Promise<Look> {
  await page.emulateMedia({ colorScheme: scheme });
  await page.screenshot({ path: `${picture}-${scheme}.png`, fullPage: true });
  return { scheme, ...(await page.evaluate<Omit<Look, 'scheme'>>(MEASURE)) };
}

/** By the browser's own protocol: `page.route` does not see where a redirect leads. */
async function answering(page: Page, answer: PhoneOptions['answer']): Promise<void> {
  const session = await page.context().newCDPSession(page);
  session.on('Fetch.requestPaused', ({ requestId, request }) => {
    const { method, url, headers, postData } = request;
    const call = { method, url, headers, ...(postData === undefined ? {} : { body: postData }) };
    const fulfilled = answer(call).then((given) => {
      const kept = Object.entries(given.headers).filter(([name]) => !HOP_BY_HOP.includes(name));
      return session.send('Fetch.fulfillRequest', {
        requestId,
        responseCode: given.status,
        responseHeaders: kept.map(([name, value]) => ({ name, value })),
        body: Buffer.from(given.body).toString('base64'),
      });
    });
    fulfilled.catch(() => session.send('Fetch.failRequest', { requestId, errorReason: 'Failed' }));
  });
  await session.send('Fetch.enable', { patterns: [{ urlPattern: FUNCTIONS }] });
}

/** WCAG 2.2, "contrast ratio": from 1 to 21; 4.5 is enough for text of any size. */
export function contrast({ color, background }: Piece): number {
  const [darker = 0, lighter = 0] = [luminance(color), luminance(background)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(color: string): number {
  const channels = /^rgb\((\d+), (\d+), (\d+)\)$/.exec(color);
  if (channels === null) throw new Error(`${color} is no opaque colour`);
  const [red = 0, green = 0, blue = 0] = channels.slice(1).map((text) => {
    const share = Number(text) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Runs in the page, whose types are not ours. */
const MEASURE = `(() => {
  const behind = (element) => {
    const { backgroundColor } = getComputedStyle(element);
    if (backgroundColor !== 'rgba(0, 0, 0, 0)') return backgroundColor;
    return element.parentElement === null ? 'rgb(255, 255, 255)' : behind(element.parentElement);
  };
  const speaking = [...document.querySelectorAll('body *')].filter((element) =>
    [...element.childNodes].some(({ nodeType, data }) => nodeType === 3 && data.trim() !== ''),
  );
  const press = [...document.querySelectorAll('.press')];
  return {
    beyondPx: document.scrollingElement.scrollWidth - innerWidth,
    pressHeights: Object.fromEntries(
      press.map((one) => [one.textContent, one.getBoundingClientRect().height]),
    ),
    pieces: speaking.map((element) => ({
      text: element.textContent,
      color: element instanceof SVGElement ? getComputedStyle(element).fill : getComputedStyle(element).color,
      background: behind(element),
    })),
  };
})()`;
