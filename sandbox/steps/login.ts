// Runs the login as it works since 1 April 2026: the broker refuses the refresh, a message asks the person to log in,
// and the person logs in.
import { FyersError } from '../../core/errors.ts';
import { withoutQuery, windowlessBrowser, type Browser, type Form, type Page } from '../browser.ts';
import { ONE_TIME_PASSWORD } from '../fyers/auth.ts';
import { openInbox, type Mail } from '../inbox.ts';
import type { StandIns } from '../stand-ins.ts';
import type { Progress } from './progress.ts';
import type { Provisioned } from './provision.ts';
import {
  answerOf,
  invoke,
  invokeStep,
  isNewAndLive,
  isRefreshed,
  refreshAnswers,
  storedToken,
  TOKEN,
} from './token.ts';

/** Expected: user ID, one-time password, PIN; one more attempt means an error. */
const MAX_FORMS = 4;

/** Registers the redirect URL as a person does it in Fyers' dashboard, once, after the first `up`. */
export async function registerStep(
  { simulator, operator }: StandIns,
  { outputs }: Provisioned,
  progress: Progress,
): Promise<void> {
  const redirectUri = String(outputs['loginUrl']);
  await progress.step('Register the login URL of the app at Fyers, once', async () => {
    const response = await fetch(`${simulator.controlUrl}/register`, {
      method: 'POST',
      body: JSON.stringify({ appId: operator.app.id, redirectUri }),
    });
    await response.body?.cancel();
    if (!response.ok) {
      throw new FyersError(
        'bug.unexpected',
        `The simulator did not register ${redirectUri}: HTTP ${String(response.status)}.`,
        'Check sandbox/fyers/control.ts.',
      );
    }
    progress.details([['redirect URL', redirectUri]]);
  });
}

/**
 * Refusal → message → link, page, Fyers, callback → live token → the answer of the guide.
 * @throws FyersError if one of them is missing.
 */
export async function loginSteps(
  standIns: StandIns,
  made: Provisioned,
  progress: Progress,
): Promise<void> {
  await using inbox = await openInbox(standIns.emulator, String(made.outputs['topic']));
  await refusedStep(standIns, made, progress);
  const link = await progress.step('Read the message on the phone', async () => {
    progress.status('waiting for the message');
    const mail = await inbox.next();
    const found = linkIn(mail, String(made.outputs['loginUrl']));
    progress.rows([['Subject', mail.subject]]);
    for (const line of shortenLink(mail).split('\n')) progress.details([['', line]]);
    return found;
  });
  await progress.step('Log in with one tap: link, page, Fyers, and back', () =>
    humanStep(standIns, link, progress),
  );
  await answeredStep(standIns, made, progress);
  await watchStep(standIns, made, progress);
}

async function refusedStep(
  { emulator, simulator, operator }: StandIns,
  { outputs }: Provisioned,
  progress: Progress,
): Promise<void> {
  const functionName = String(outputs['functionName']);
  await invokeStep(progress, functionName, ', as at 07:00', async () => {
    const before = await storedToken(emulator, TOKEN);
    const { answer, statusCode, message } = await invoke(emulator, functionName);
    const asked = refreshAnswers(simulator.requests());
    progress.rows([
      ...asked.map(
        ({ status, code }) =>
          [
            'Fyers',
            `refuses the refresh token: HTTP ${String(status)}, code ${String(code)}`,
          ] as const,
      ),
      ['answer', message],
    ]);
    progress.details([['whole answer', answer]]);
    const after = await storedToken(emulator, TOKEN);
    const refused = asked.every(({ status, code }) => status === 400 && code === -16);
    // A user's own folder may have no PIN or no refresh token, and then there is no refusal.
    const rightly = asked.length === 1 || (asked.length === 0 && !operator.hasRefreshToken);
    if (!refused || !rightly || statusCode !== 202 || before.value !== after.value) {
      throw new FyersError(
        'bug.unexpected',
        'The first run must get one refusal, answer 202, and leave the parameter unchanged.',
        'Check keeper/.',
      );
    }
  });
}

/** After the login, the function must give the answer that the guide promises. */
async function answeredStep(
  { emulator }: StandIns,
  { outputs }: Provisioned,
  progress: Progress,
): Promise<void> {
  const functionName = String(outputs['functionName']);
  await invokeStep(progress, functionName, ' again, as at 07:30', async () => {
    const invoked = await invoke(emulator, functionName, '07:30');
    progress.note(invoked.answer);
    if (isRefreshed(invoked)) return;
    throw new FyersError(
      'bug.unexpected',
      `With a live token the function did not answer as the guide promises: ${invoked.message}`,
      'Check keeper/refresh.ts.',
    );
  });
}

/** Runs before the session, with or without a login. */
async function watchStep(
  { emulator }: StandIns,
  { outputs }: Provisioned,
  progress: Progress,
): Promise<void> {
  const functionName = String(outputs['watchFunctionName']);
  await invokeStep(progress, functionName, ', as at 08:45', async () => {
    const answer = await answerOf(emulator, functionName, { trigger: 'watch', slot: '08:45' });
    progress.details([['answer', answer]]);
    if ((JSON.parse(answer) as { readonly token?: string }).token === 'live') {
      progress.note('the token is live, so no message is sent');
      return;
    }
    throw new FyersError('bug.unexpected', 'The watch found no live token.', 'Check keeper/.');
  });
}

/** @throws FyersError if the message has no link */
export function linkIn({ text }: Mail, loginUrl: string): string {
  const link = text.split('\n').find((line) => line.startsWith(`${loginUrl}go/`));
  if (link !== undefined) return link;
  throw new FyersError(
    'bug.unexpected',
    `The message has no link to ${loginUrl}go/….`,
    'Check keeper/login.ts, and redirectUri in this run.',
  );
}

/** Shortens the link, because it gives access to the page. */
function shortenLink({ text }: Mail): string {
  return text.replaceAll(/(\/go\/[\d-]+\/[0-9a-f]{4})[0-9a-f]+/g, '$1…');
}

async function humanStep(standIns: StandIns, link: string, progress: Progress): Promise<void> {
  const { emulator } = standIns;
  const browser = windowlessBrowser(emulator.endpoint);
  const before = await storedToken(emulator, TOKEN);
  const done = await logIn(browser, standIns, link, progress);
  for (const words of done.text) progress.note(`   ${words}`);
  const published = await isNewAndLive(standIns, before, progress);
  const again = await browser.open(link);
  reportPage(progress, 'the link again', again);
  const isDone = done.title === 'Done' && again.title === 'Already done';
  if (!isDone || !published) {
    throw new FyersError(
      'bug.unexpected',
      `The login ended at "${done.title}" and "${again.title}", not with a live token in ${TOKEN}.`,
      'Check functions/login/ and keeper/callback.ts.',
    );
  }
}

/** Returns the page to which Fyers redirects. */
async function logIn(
  browser: Browser,
  { operator }: StandIns,
  link: string,
  progress: Progress,
): Promise<Page> {
  const { fyId, pin } = operator.app;
  const known: Readonly<Record<string, string>> = { fy_id: fyId, otp: ONE_TIME_PASSWORD, pin };
  const first = await browser.open(link);
  reportPage(progress, 'the link', first);
  if (first.press === null) return first;
  let page = await browser.open(first.press.url);
  reportPage(progress, `"${first.press.label}"`, page);
  for (let forms = 0; page.form !== null && forms < MAX_FORMS; forms += 1) {
    const typed = fillForm(page.form, known);
    page = await browser.submit(page.form, typed);
    reportPage(progress, `the form, with ${Object.keys(typed).join(' and ')}`, page);
  }
  return page;
}

/** Fills each visible field of the form; hidden fields are kept. */
function fillForm(
  { fields }: Form,
  known: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(known).filter(([name]) => fields[name] === ''));
}

function reportPage(progress: Progress, pressed: string, { url, status, title }: Page): void {
  const place = withoutQuery(url).replace(/(\/go\/[\d-]+\/[0-9a-f]{4})[0-9a-f]+/, '$1…');
  progress.note(`${pressed} → ${String(status)} "${title}"`);
  progress.details([['', place]]);
}
