// Writes the texts of the pages. A text states only facts that are certain when it is shown, and repeats nothing from a
// request. The public page and its button are for anyone, so their texts do not depend on whether a token is live.
import type { ErrorFamily } from '../../core/errors.ts';
import { formatHhMm, formatIst, type Instant, type IstDate, istInstant } from '../../core/time.ts';
import type { LoginDay } from '../../core/token/login/link.ts';
import { LOGIN_COMMAND } from '../../core/token/messages.ts';
import type { LoginOutcome, LoginProblem, UnprovenReason } from '../../keeper/login.ts';

export interface Words {
  readonly status: number;
  readonly tone: 'good' | 'bad' | 'plain';
  readonly title: string;
  /** Whether today's token works; only for the holder of a signed link. */
  readonly state?: string;
  /** Paragraphs. A `code` paragraph is a command to copy. */
  readonly text: readonly (string | { readonly code: string })[];
  /** The page's only button. */
  readonly press?:
    | { readonly kind: 'go'; readonly url: string; readonly label: string }
    /** A form that posts to `action`. */
    | { readonly kind: 'ask'; readonly label: string; readonly action: string };
}

const ASK = { kind: 'ask', label: 'Send me the link again', action: '/ask' } as const;

export function pageContent(outcome: Exclude<LoginOutcome, { kind: 'unknown' }>): Words {
  switch (outcome.kind) {
    case 'home':
      return HOME;
    case 'link':
      return {
        status: 200,
        tone: 'plain',
        title: `Fyers login for ${dayOf(outcome.date)}`,
        ...(outcome.token === undefined ? {} : { state: TOKEN_STATES[outcome.token] }),
        text: [
          'The button leads to Fyers’ own page. Log in there with your PIN and one-time code; Fyers then sends you back here, and the new token is checked and stored.',
          'If this browser is still logged in at Fyers, Fyers may not ask for them.',
          `This link is valid until ${formatHhMm(outcome.until)} IST. The page contains no token.`,
        ],
        press: { kind: 'go', url: outcome.url, label: 'Log in at Fyers' },
      };
    case 'damaged-link':
      return damagedLinkPage(outcome);
    case 'incomplete-link':
      return INCOMPLETE_LINK;
    case 'other-day-link':
      return otherDayLinkPage(outcome);
    case 'asked':
      return ASKED;
    case 'sent':
      return SENT;
    case 'no-listener':
      return NO_LISTENER;
    case 'not-sent':
      return notSentPage(outcome);
    case 'too-soon':
      return tooSoonPage(outcome.at);
    case 'done':
      return donePage(outcome);
    case 'no-login':
      return noLoginPage(outcome.day);
    case 'refused':
      return withDetail(PROBLEMS[outcome.why], outcome.detail);
    case 'unproven':
      return withDetail(unprovenPage(outcome.why), outcome.detail);
    case 'failed':
      return failedPage(outcome);
  }
}

const TOKEN_STATES = {
  'not-live': 'No live token for today is stored yet.',
  unknown: 'Fyers did not confirm whether today’s token is live.',
} as const;

function donePage({
  validUntil,
  already,
  depthRefused,
}: Extract<LoginOutcome, { kind: 'done' }>): Words {
  if (depthRefused !== undefined) {
    return {
      status: 200,
      tone: 'bad',
      title: 'Done, but nothing can be recorded',
      text: [
        `The Fyers token is live, and valid until ${formatIst(validUntil)}. Bots that need no market depth can use it.`,
        'Fyers refuses market depth to this app, so the harvester cannot record. Give the app the permission “Market Data” at myapi.fyers.in → Dashboard, then log in again.',
        `Fyers’ answer: ${depthRefused}`,
      ],
    };
  }
  return {
    status: 200,
    tone: 'good',
    title: already ? 'Already done' : 'Done',
    state: `The Fyers token is live, and valid until ${formatIst(validUntil)}.`,
    text: ['Your harvester and your bots read it within a minute. You can close this page.'],
  };
}

function noLoginPage(day: Exclude<LoginDay, { kind: 'open' }>): Words {
  if (day.kind === 'too-early') {
    return {
      status: 409,
      tone: 'plain',
      title: 'Too early',
      text: [
        'A token from before 06:00 IST expires at 06:00. Log in after that; if a login is needed, the link is sent at 07:00.',
      ],
    };
  }
  return {
    status: 409,
    tone: 'plain',
    title: day.kind === 'closed' ? 'No market today' : 'The session is over',
    text: [
      `${day.kind === 'closed' ? `The exchange is closed today (${day.why})` : 'Today’s session is over'}, so no login is needed. The next trading day is ${dayOf(day.next)}; if it needs a login, its link is sent at 07:00 IST.`,
    ],
  };
}

const UNPROVEN: Readonly<Record<UnprovenReason, string>> = {
  unreachable: 'Fyers cannot be reached. Reload this page in two minutes.',
  refused:
    'Fyers refuses the app or the address of this function. Check the app’s permissions and IP addresses at myapi.fyers.in → Dashboard, then reload this page.',
  'rate-limited':
    'Fyers’ rate limit is reached. Stop other programs that use the account, and reload this page in five minutes. A third time blocks the account for the day.',
  'not-fyers':
    'A gateway or a firewall answered instead of Fyers. Reload this page in ten minutes: each further call can extend such a block.',
};

function unprovenPage(why: UnprovenReason): Words {
  return {
    status: 503,
    tone: 'bad',
    title: 'Logged in, but not checked yet',
    text: [
      'Your login at Fyers succeeded. Its token could not be checked, so it was not published.',
      UNPROVEN[why],
      'The token is kept for half an hour. If this page then asks for a new login, press the link in today’s message again.',
    ],
  };
}

const FAILED: Readonly<Record<ErrorFamily, string>> = {
  operator: 'A setting of this stack must be fixed first.',
  broker: 'No usable answer came in time.',
  platform: 'An AWS service that this page needs failed.',
  bug: 'This is a fault of the program.',
};

/** The failure may have happened before, during or after a publish, so the page makes no claim about the token. */
function failedPage({ family, code }: Extract<LoginOutcome, { kind: 'failed' }>): Words {
  return {
    status: family === 'operator' ? 409 : 503,
    tone: 'bad',
    title: 'That did not work',
    text: [
      FAILED[family],
      `Code ${code}. Press your link again in a minute: it shows whether a token is live. The log has the cause and the next step:`,
      { code: './fyers logs login' },
    ],
  };
}

/** `25 Nov 2026` */
function dayOf(date: IstDate): string {
  return formatIst(istInstant(date, '00:00')).replace(/,.*/, '');
}

function problemPage(status: number, title: string, ...text: Words['text']): Words {
  return { status, tone: 'bad', title, text: [...text, 'Nothing was published.'] };
}

/** Adds the broker's message at the end, as an explanation. */
function withDetail(words: Words, detail: string | undefined): Words {
  return detail === undefined
    ? words
    : { ...words, text: [...words.text, `Fyers’ answer: ${detail}`] };
}

const PROBLEMS: Readonly<Record<LoginProblem, Words>> = {
  forged: problemPage(
    403,
    'This login was not started by this stack',
    'The address was not signed with the keys of this stack, so the login was not finished. Press the link in today’s message.',
  ),
  expired: {
    ...problemPage(
      410,
      'This login has expired',
      'It began more than half an hour ago, or on another day. Press the link in today’s message again.',
    ),
    press: ASK,
  },
  used: {
    ...problemPage(
      409,
      'This login was already used',
      'It published a token earlier, and that token is no longer live. Press the link in today’s message to log in again.',
    ),
    press: ASK,
  },
  cancelled: {
    ...problemPage(
      400,
      'Fyers did not finish the login',
      'It was cancelled or refused on Fyers’ page. Press the link in today’s message to try again.',
    ),
    press: ASK,
  },
  'wrong-app': problemPage(
    403,
    'This login is for another app',
    'Fyers issued the code for another app than the one of this stack. Check the app’s redirect URL at myapi.fyers.in → Dashboard, then press the link in today’s message.',
  ),
  'wrong-account': problemPage(
    403,
    'This is another Fyers user',
    'The login was for another Fyers account than the configured or first one. Log out at trade.fyers.in, then press the link in today’s message and log in with the right user. If it is the right one, run:',
    { code: 'pulumi config set fyId YOUR_CLIENT_ID && pulumi up' },
  ),
  'app-secret': problemPage(
    409,
    'Fyers refused the app secret',
    'The app id and its secret do not belong together. Copy the secret again at myapi.fyers.in → Dashboard → your app, then run:',
    { code: 'pulumi config set --secret secretKey && pulumi up' },
  ),
  code: {
    ...problemPage(
      409,
      'Fyers refused the code of this login',
      'It was used before or has expired. Press the link in today’s message again.',
    ),
    press: ASK,
  },
  silent: problemPage(
    504,
    'Fyers did not answer',
    'The code of this login may be used up. Press the link in today’s message again in a minute.',
  ),
  unreachable: problemPage(
    503,
    'Fyers cannot be reached',
    'Try again in a few minutes with the link in today’s message. If the problem persists, check status.fyers.in.',
  ),
  'rate-limited': problemPage(
    503,
    'Fyers’ rate limit is reached',
    'Stop other programs that use the account, and press the link in today’s message in five minutes. A third time blocks the account for the day.',
  ),
  'not-fyers': problemPage(
    503,
    'Something else answered instead of Fyers',
    'A gateway or a firewall refused the request. Wait ten minutes before you press the link in today’s message again: each further call can extend such a block.',
  ),
  'bad-token': problemPage(
    502,
    'Fyers issued a token that cannot be used',
    'It does not last until 06:00 IST tomorrow. Press the link in today’s message again in a few minutes. If this page appears again, check the log:',
    { code: './fyers logs login' },
  ),
  busy: problemPage(
    503,
    'Another run is fetching a token',
    'Press the link in today’s message again in two minutes: the other run may be done by then.',
  ),
  'too-many': problemPage(
    429,
    'Too many attempts',
    'This login was tried several times in a short time, so Fyers was not asked again. Wait two minutes, then press the link in today’s message.',
  ),
  unrecognised: problemPage(
    502,
    'Fyers gave an unknown answer',
    'The log has its text. Try to log in from your own machine:',
    { code: LOGIN_COMMAND },
    'Please report the output of:',
    { code: './fyers logs login' },
  ),
  'not-registered': problemPage(
    409,
    'Fyers would not redirect to this page',
    'The configured redirect URL is not the address of this page. Register this one at myapi.fyers.in → Dashboard → your app, then run:',
    { code: 'pulumi config set redirectUri loginUrl && pulumi up' },
    'Until then, log in from your own machine:',
    { code: LOGIN_COMMAND },
  ),
};

const ASK_TODAY = { kind: 'ask', label: 'Send me today’s link', action: '/ask' } as const;
const OWN_MACHINE = 'Or log in from your own machine:';

const HOME: Words = {
  status: 200,
  tone: 'plain',
  title: 'Fyers login of the day',
  text: [
    'Fyers requires one login on each trading day. If today’s login is still to do, this button sends its link again.',
    'The link goes only to the e-mail address and the Telegram chat that are configured for this stack.',
  ],
  press: ASK_TODAY,
};

const ASKED: Words = {
  status: 200,
  tone: 'plain',
  title: 'The request was received',
  text: [
    'If today’s login is still to do, the link was sent to the channels of this stack. If it is done, no message is sent.',
    'If you expect a message and none arrives within two minutes, check the channels:',
    { code: './fyers test-alert' },
    OWN_MACHINE,
    { code: LOGIN_COMMAND },
  ],
};

const SENT: Words = {
  status: 200,
  tone: 'good',
  title: 'The link was sent',
  text: ['Check your mail or Telegram. The button works again in five minutes.'],
};

const NO_LISTENER: Words = {
  status: 409,
  tone: 'bad',
  title: 'No subscription is confirmed',
  text: [
    'No link was sent: no channel of this stack has a confirmed recipient. Find AWS’s mail “Subscription Confirmation”, copy its link, and run:',
    { code: "./fyers confirm 'THE LINK'" },
    'If you cannot find that mail, request a new one:',
    { code: './fyers test-alert --resubscribe' },
    OWN_MACHINE,
    { code: LOGIN_COMMAND },
  ],
};

function notSentPage({ code }: Extract<LoginOutcome, { kind: 'not-sent' }>): Words {
  return {
    status: 503,
    tone: 'bad',
    title: 'The link was not sent',
    text: [
      `No channel accepted the message. Code ${code}. Check the channels:`,
      { code: './fyers test-alert' },
      OWN_MACHINE,
      { code: LOGIN_COMMAND },
    ],
  };
}

function tooSoonPage(at: Instant): Words {
  return {
    status: 429,
    tone: 'plain',
    title: 'The button was already pressed',
    text: [
      `It works again at ${formatHhMm(at)} IST. You can also use the link of an earlier message: all links of a day are the same.`,
      'If no message reached you, check the channels:',
      { code: './fyers test-alert' },
      OWN_MACHINE,
      { code: LOGIN_COMMAND },
    ],
  };
}

const INCOMPLETE_LINK: Words = {
  status: 404,
  tone: 'bad',
  title: 'This link is not complete',
  text: [
    'It was cut off or changed on the way, or the keys of this stack have changed since. Press the link in today’s message again, or copy all of it, up to its last character.',
    'If no link works, send it again, or log in from your own machine:',
    { code: LOGIN_COMMAND },
  ],
  press: ASK_TODAY,
};

function damagedLinkPage({ path }: Extract<LoginOutcome, { kind: 'damaged-link' }>): Words {
  return {
    status: 302,
    tone: 'plain',
    title: 'Open the link without its additions',
    text: [
      'A program on the way added text to the link. The button opens the original link.',
      'If that does not work, press the link in today’s message again.',
    ],
    press: { kind: 'go', url: `/${path}`, label: 'Open the link' },
  };
}

function otherDayLinkPage({ path }: Extract<LoginOutcome, { kind: 'other-day-link' }>): Words {
  return {
    status: 410,
    tone: 'bad',
    title: 'This link is for another day',
    text: [
      'Each trading day has its own link. Press the link in today’s message, or send it again to the channels of this stack.',
    ],
    press: { ...ASK_TODAY, action: `/${path}` },
  };
}
