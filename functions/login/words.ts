// What each page says: what happened, and what to do. Nothing of a request is repeated in it.
import type { ErrorFamily } from '../../core/errors.ts';
import { type Instant, type IstDate, formatClock, formatIst, istInstant } from '../../core/time.ts';
import type { LoginDay } from '../../core/token/login-link.ts';
import { LOGIN_COMMAND } from '../../core/token/login-message.ts';
import type { LoginOutcome, LoginProblem } from '../../keeper/login.ts';

export interface Words {
  readonly status: number;
  readonly tone: 'good' | 'bad' | 'plain';
  readonly title: string;
  /** Paragraphs; one that is `code` is a command to copy. */
  readonly text: readonly (string | { readonly code: string })[];
  /** The one thing to press. */
  readonly press?:
    | { readonly kind: 'go'; readonly url: string; readonly label: string }
    | { readonly kind: 'ask'; readonly label: string };
}

const ASK = { kind: 'ask', label: 'Send me the link again' } as const;

export function wordsFor(outcome: Exclude<LoginOutcome, { kind: 'unknown' }>): Words {
  switch (outcome.kind) {
    case 'home':
      return {
        status: 200,
        tone: 'plain',
        title: 'Fyers login of the day',
        text: [
          'Fyers wants one login for each trading day. The link to it is sent at 07:00 IST; here you can have it sent again.',
          'It goes to the e-mail address and the Telegram chat that are set up for this stack, and nowhere else.',
        ],
        press: { kind: 'ask', label: 'Send me today’s link' },
      };
    case 'link':
      return {
        status: 200,
        tone: 'plain',
        title: `Fyers login for ${dayOf(outcome.date)}`,
        text: [
          'The button leads to Fyers’ own page. Log in there with your PIN and one-time code; Fyers then sends you back here, and the token is stored.',
          'If this browser is still logged in at Fyers, Fyers may pass you straight through.',
          `This link is good until ${clock(outcome.until)} IST. The page holds no token.`,
        ],
        press: { kind: 'go', url: outcome.url, label: 'Log in at Fyers' },
      };
    case 'sent':
      return {
        status: 200,
        tone: 'good',
        title: 'The link was sent',
        text: ['Look into your mail or Telegram. It can be asked for again in five minutes.'],
      };
    case 'too-soon':
      return {
        status: 429,
        tone: 'plain',
        title: 'The link was sent already',
        text: [
          outcome.at === null
            ? 'It was asked for often enough today. Use a link of an earlier message: all of a day’s are the same.'
            : `Look into your mail or Telegram. It can be asked for again at ${clock(outcome.at)} IST.`,
        ],
      };
    case 'done':
      return done(outcome);
    case 'no-login':
      return noLogin(outcome.day);
    case 'refused':
      return PROBLEMS[outcome.why];
    case 'failed':
      return failed(outcome);
  }
}

function done({
  validUntil,
  already,
}: {
  readonly validUntil: Instant;
  readonly already: boolean;
}): Words {
  return {
    status: 200,
    tone: 'good',
    title: already ? 'Already done' : 'Done',
    text: [
      `The Fyers token is live, and valid until ${formatIst(validUntil)}.`,
      'Your harvester and your bots take it up within a minute. Nothing else is to do; you can close this page.',
    ],
  };
}

function noLogin(day: Exclude<LoginDay, { kind: 'open' }>): Words {
  if (day.kind === 'too-early') {
    return {
      status: 409,
      tone: 'plain',
      title: 'Too early',
      text: [
        'A token of before 06:00 IST dies at 06:00. Log in after that; the link comes at 07:00.',
      ],
    };
  }
  return {
    status: 409,
    tone: 'plain',
    title: day.kind === 'closed' ? 'No market today' : 'The session is over',
    text: [
      `${day.kind === 'closed' ? `The exchange is closed today (${day.why})` : 'Today’s session is over'}, so no login is needed. The next trading day is ${dayOf(day.next)}; its link comes at 07:00 IST.`,
    ],
  };
}

const FAILED: Readonly<Record<ErrorFamily, string>> = {
  operator: 'Something of this stack has to be set right first.',
  broker: 'Fyers did not answer as it should. Press the link in today’s message again in a minute.',
  platform: 'AWS did not do its part. Press the link in today’s message again in a minute.',
  bug: 'That is a fault of ours.',
};

function failed({ family, code }: Extract<LoginOutcome, { kind: 'failed' }>): Words {
  return {
    status: family === 'operator' ? 409 : 503,
    tone: 'bad',
    title: 'That did not work',
    text: [
      FAILED[family],
      `Code ${code}. Nothing was published. What it was, and what to do, is in the log:`,
      { code: 'npx --no-install fyers logs login' },
    ],
  };
}

/** `25 Nov 2026` */
function dayOf(date: IstDate): string {
  return formatIst(istInstant(date, '00:00')).replace(/,.*/, '');
}

function clock(at: Instant): string {
  return formatClock(at).slice(0, 5);
}

function problem(status: number, title: string, ...text: Words['text']): Words {
  return { status, tone: 'bad', title, text: [...text, 'Nothing was published.'] };
}

const PROBLEMS: Readonly<Record<LoginProblem, Words>> = {
  forged: problem(
    403,
    'This address is not from here',
    'The login was not begun on this stack’s page, so it was not finished. Press the link in today’s message.',
  ),
  expired: {
    ...problem(
      410,
      'That took too long',
      'The address is of an earlier login or an earlier day. Press the link in today’s message again.',
    ),
    press: ASK,
  },
  used: {
    ...problem(
      409,
      'This login was used',
      'It has published a token already, which is not live any more. Press the link in today’s message to log in anew.',
    ),
    press: ASK,
  },
  cancelled: {
    ...problem(
      400,
      'Fyers did not finish the login',
      'It was cancelled or refused on Fyers’ page. Press the link in today’s message to try again.',
    ),
    press: ASK,
  },
  'wrong-app': problem(
    403,
    'This login is for another app',
    'Fyers’ code is of another app than the one of this stack. Check the app’s redirect URL at myapi.fyers.in → Dashboard, then press the link in today’s message.',
  ),
  'wrong-account': problem(
    403,
    'This is another Fyers user',
    'The login is of another Fyers account than the one configured or first seen. Log out at trade.fyers.in, then press the link in today’s message and log in with the right user. If it is the right one, run:',
    { code: 'pulumi config set fyId YOUR_CLIENT_ID && pulumi up' },
  ),
  'app-secret': problem(
    409,
    'Fyers refused the app secret',
    'The app id and its secret do not belong together. Copy the secret again at myapi.fyers.in → Dashboard → your app, then run:',
    { code: 'pulumi config set --secret secretKey && pulumi up' },
  ),
  code: {
    ...problem(
      409,
      'Fyers refused the code of this login',
      'It was used before or has expired: each login gives one. Press the link in today’s message again.',
    ),
    press: ASK,
  },
  silent: problem(
    504,
    'Fyers did not answer',
    'The code of this login may be used up. Press the link in today’s message again in a minute.',
  ),
  unreachable: problem(
    503,
    'Fyers cannot be reached',
    'Try again in a few minutes with the link in today’s message. If it stays so, look at status.fyers.in.',
  ),
  'bad-token': problem(
    502,
    'Fyers gave a token that is not good',
    'It is not live until 06:00 IST tomorrow. Press the link in today’s message again in a few minutes; if it comes again, look at the log:',
    { code: 'npx --no-install fyers logs login' },
  ),
  busy: problem(
    503,
    'Another run is at work',
    'A token is being fetched at this moment. Press the link in today’s message again in two minutes: it may be done by then.',
  ),
  unrecognised: problem(
    502,
    'Fyers gave an answer that is not known here',
    'Its words are in the log. Try from your own machine:',
    { code: LOGIN_COMMAND },
    'Please report what this shows:',
    { code: 'npx --no-install fyers logs login' },
  ),
  'other-link': {
    ...problem(
      404,
      'This link does not open anything',
      'It was sent before this stack’s keys or its app were changed, or it did not arrive whole. Press the link in the newest of today’s messages, or have it sent again.',
    ),
    press: ASK,
  },
  'not-registered': problem(
    409,
    'Fyers would not come back here',
    'Another redirect URL is configured than the address of this page. Register this one at myapi.fyers.in → Dashboard → your app, then run:',
    { code: 'pulumi config set redirectUri loginUrl && pulumi up' },
    'Until then, log in from your own machine:',
    { code: LOGIN_COMMAND },
  ),
};
