// Runs the daily login in Chromium with a phone's screen: the deployed function's pages and the simulated Fyers.
// FYERS_SCREENSHOTS names a folder that keeps a picture of every page.
import path from 'node:path';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { LinkKey } from '../../core/config/values.ts';
import { instant, istDate } from '../../core/time.ts';
import { linkPath, newState } from '../../core/token/login/link.ts';
import type { App } from '../../core/ports.ts';
import { renderOutcome } from '../../functions/login/router.ts';
import { send } from '../../sandbox/browser.ts';
import { ONE_TIME_PASSWORD } from '../../sandbox/fyers/auth.ts';
import { mintToken, type SimulatedApp } from '../../sandbox/fyers/tokens.ts';
import { openInbox, type Inbox } from '../../sandbox/inbox.ts';
import { linkIn, registerStep } from '../../sandbox/steps/login.ts';
import { provision, type Provisioned } from '../../sandbox/steps/provision.ts';
import { startStandIns, type StandIns } from '../../sandbox/stand-ins.ts';
import { clientOptions, invoke, isLive, storedToken } from '../../sandbox/steps/token.ts';
import { OUTCOMES } from '../support/login-outcomes.ts';
import { hasChromium, openPhone, type Phone } from '../support/mobile-browser.ts';
import { quietProgress } from '../support/quiet-progress.ts';
import { expectReadable } from '../support/page-checks.ts';
import { makeFolderPerFile } from '../support/temporary-folder.ts';

const DATE = istDate('2026-11-25');
const wanted = hasChromium || process.env['CI'] === 'true';
const title = wanted
  ? 'On a phone'
  : 'On a phone (skipped: no /usr/bin/chromium; `apt-get install chromium` brings it)';

const folder = makeFolderPerFile();
const picturesIn = (name: string) =>
  path.join(process.env['FYERS_SCREENSHOTS'] ?? folder.path, name);

describe.skipIf(!wanted)(`${title}, every page`, () => {
  test('fits the screen, has large enough buttons and enough contrast, light and dark', async () => {
    await using phone = await openPhone({
      pictures: picturesIn('every-page'),
      answer: ({ url }) => {
        const outcome = OUTCOMES[Number(new URL(url).pathname.slice(1))];
        const {
          statusCode = 0,
          headers = {},
          body = '',
        } = renderOutcome(outcome ?? { kind: 'unknown' }, 'GET');
        const texts = Object.entries(headers).map(
          ([name, value]) => [name, String(value)] as const,
        );
        // The page of a redirect is for a browser that does not follow it.
        const status = statusCode === 302 ? 200 : statusCode;
        return Promise.resolve({ status, headers: Object.fromEntries(texts), body });
      },
    });
    for (const [index, outcome] of OUTCOMES.entries()) {
      await phone.page.goto(`https://pages.lambda-url.ap-south-1.on.aws/${String(index)}`);
      const what = 'why' in outcome ? outcome.why : outcome.kind;
      await expectReadable(phone, `${String(index).padStart(2, '0')}-${what}`);
    }
  });
});

describe.skipIf(!wanted)(`${title}, the deployed login`, () => {
  let standIns: StandIns;
  let made: Provisioned;
  let inbox: Inbox;
  let link = '';
  let phone: Phone;

  beforeAll(async () => {
    standIns = await startStandIns({
      date: DATE,
      broker: 'today',
      env: null,
      seed: 'pages',
    });
    made = await provision(standIns, quietProgress);
    await registerStep(standIns, made, quietProgress);
    inbox = await openInbox(standIns.emulator, String(made.outputs['topic']));
    await invoke(standIns.emulator, String(made.outputs['functionName']));
    link = linkIn(await inbox.next(), loginUrl());
  });
  afterAll(async () => {
    await inbox[Symbol.asyncDispose]();
    await standIns[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    phone = await openPhone({
      pictures: picturesIn('deployed'),
      answer: (call) => send(standIns.emulator.endpoint, call),
    });
  });
  afterEach(async () => {
    await phone[Symbol.asyncDispose]();
  });

  const keysOf = ({ id, secret }: SimulatedApp) => ({ id, secret }) as App;
  const loginUrl = () => String(made.outputs['loginUrl']);
  const heading = () => phone.page.locator('h1').innerText();

  /** From the day's link to the simulated Fyers' first form. */
  async function toFyers(): Promise<void> {
    await phone.page.goto(link);
    await phone.page.locator('a.press').tap();
    await phone.page.waitForURL(`${standIns.simulator.url}/**`);
  }

  async function logIn(pin: string): Promise<void> {
    const { page } = phone;
    await page.fill('[name=otp]', ONE_TIME_PASSWORD);
    await page.getByRole('button', { name: 'Continue' }).tap();
    await page.fill('[name=pin]', pin);
    await page.getByRole('button', { name: 'Log in' }).tap();
  }

  test('sends the link again on request, and refuses a second request that is too soon', async () => {
    await phone.page.goto(loginUrl());
    await expectReadable(phone, '1-home');
    await phone.page.locator('button.press').tap();
    await phone.page.waitForURL('**/ask');
    expect(await heading()).toBe('The request was received');
    await expectReadable(phone, '2-sent');
    expect(linkIn(await inbox.next(), loginUrl())).toBe(link);
    await phone.page.goto(loginUrl());
    await phone.page.locator('button.press').tap();
    await phone.page.waitForURL('**/ask');
    expect(await heading()).toBe('The button was already pressed');
    await expectReadable(phone, '3-too-soon');
  });

  test('refuses a link of another day and a forged state', async () => {
    const { app } = standIns.operator;
    const ssm = new SSMClient(clientOptions(standIns.emulator));
    const { Parameter } = await ssm.send(
      new GetParameterCommand({ Name: 'FYERS_LINK_KEY', WithDecryption: true }),
    );
    const secret = String(Parameter?.Value) as LinkKey;
    const yesterday = linkPath({ ...keysOf(app), secret }, istDate('2026-11-24'));
    await phone.page.goto(`${loginUrl()}${yesterday}`);
    expect(await heading()).toBe('This link is for another day');
    await expectReadable(phone, '4-expired');
    const now = instant(standIns.simulator.now());
    const forged = newState(keysOf(app), DATE, now, 'ab'.repeat(16));
    const code = mintToken('pages', app, 'auth_code', now);
    const query = new URLSearchParams({ s: 'ok', code: '200', auth_code: code, state: forged });
    await phone.page.goto(`${loginUrl()}?${query.toString()}`);
    expect(await heading()).toBe('This login was not started by this stack');
    await expectReadable(phone, '5-forged');
  });

  test('shows the page of an unfinished login after a cancelled login', async () => {
    await toFyers();
    await phone.look('6-fyers');
    await phone.page.getByRole('button', { name: 'Cancel' }).tap();
    await phone.page.waitForURL(`${loginUrl()}?**`);
    expect(await heading()).toBe('Fyers did not finish the login');
    await expectReadable(phone, '7-cancelled');
  });

  test('publishes a token by one tap, and shows "Already done" on Back, reload and another device', async () => {
    const { emulator, operator } = standIns;
    const before = await storedToken(emulator, 'FYERS_ACCESS_TOKEN');
    const referrers: (string | null)[] = [];
    phone.page.on('request', (request) => {
      const { referer } = request.headers();
      if (request.url().startsWith(standIns.simulator.url)) referrers.push(referer ?? null);
    });
    await phone.page.goto(link);
    expect(await heading()).toBe('Fyers login for 25 Nov 2026');
    await expectReadable(phone, '8-link');
    await toFyers();
    expect(referrers, 'nothing of the link goes along to Fyers').toEqual([null]);
    await logIn(operator.app.pin);
    await phone.page.waitForURL(`${loginUrl()}?**`);
    expect(await heading()).toBe('Done');
    await expectReadable(phone, '9-done');
    const after = await storedToken(emulator, 'FYERS_ACCESS_TOKEN');
    expect(after.value).not.toBe(before.value);
    expect(await isLive(standIns, after.value)).toBe(true);

    await phone.page.reload();
    expect(await heading()).toBe('Already done');
    await expectReadable(phone, '10-already-done');
    await phone.page.evaluate('history.go(-3)');
    await phone.page.waitForURL(link);
    expect(await heading()).toBe('Already done');
    await using other = await openPhone({
      pictures: picturesIn('deployed'),
      answer: (call) => send(emulator.endpoint, call),
    });
    await other.page.goto(link);
    expect(await other.page.locator('h1').innerText()).toBe('Already done');
  });
});
