// The texts of the pages up to Fyers' own page: the public page, its button, and links that are old or damaged. The
// public page and its button are for anybody, so nothing here depends on whether a token is live.
import { formatClock, type Instant } from '../../core/time.ts';
import { LOGIN_COMMAND } from '../../core/token/login-message.ts';
import type { LoginOutcome } from '../../keeper/login.ts';
import type { Words } from './words.ts';

const ASK = { kind: 'ask', label: 'Send me today’s link', action: '/ask' } as const;
const OWN_MACHINE = 'Or log in from your own machine:';

export const HOME: Words = {
  status: 200,
  tone: 'plain',
  title: 'Fyers login of the day',
  text: [
    'Fyers wants one login for each trading day. This button has the link sent again if the login is still to do.',
    'It goes to the e-mail address and the Telegram chat that are set up for this stack, and nowhere else.',
  ],
  press: ASK,
};

export const ASKED: Words = {
  status: 200,
  tone: 'plain',
  title: 'The request was taken',
  text: [
    'If today’s login is still to do, the link was sent to the channels of this stack. If it is done, no message comes.',
    'If you expect a message and none comes within two minutes, check the channels:',
    { code: 'npx --no-install fyers test-alert' },
    OWN_MACHINE,
    { code: LOGIN_COMMAND },
  ],
};

export const SENT: Words = {
  status: 200,
  tone: 'good',
  title: 'The link was sent',
  text: ['Check your mail or Telegram. The button works again in five minutes.'],
};

export const NO_LISTENER: Words = {
  status: 409,
  tone: 'bad',
  title: 'No subscription is confirmed',
  text: [
    'No link was sent: no channel of this stack has a confirmed recipient. Find AWS’s mail “Subscription Confirmation”, copy its link, and run:',
    { code: "npx --no-install fyers confirm 'THE LINK'" },
    'If that mail is lost, have a new one sent:',
    { code: 'npx --no-install fyers test-alert --resubscribe' },
    OWN_MACHINE,
    { code: LOGIN_COMMAND },
  ],
};

export function notSent({ code }: Extract<LoginOutcome, { kind: 'not-sent' }>): Words {
  return {
    status: 503,
    tone: 'bad',
    title: 'The link was not sent',
    text: [
      `No channel confirmed that it took the message. Code ${code}. Check the channels:`,
      { code: 'npx --no-install fyers test-alert' },
      OWN_MACHINE,
      { code: LOGIN_COMMAND },
    ],
  };
}

export function tooSoon(at: Instant): Words {
  return {
    status: 429,
    tone: 'plain',
    title: 'The button was pressed already',
    text: [
      `It works again at ${formatClock(at).slice(0, 5)} IST. A link of an earlier message today is as good: all of a day’s are the same.`,
      'If no message reached you, check the channels:',
      { code: 'npx --no-install fyers test-alert' },
      OWN_MACHINE,
      { code: LOGIN_COMMAND },
    ],
  };
}

export const INCOMPLETE_LINK: Words = {
  status: 404,
  tone: 'bad',
  title: 'This link is not complete',
  text: [
    'It was cut, changed on the way, or made before the keys of this stack changed. Press the link in today’s message again, or copy all of it, up to its last character.',
    'If no link works, have it sent again, or log in from your own machine:',
    { code: LOGIN_COMMAND },
  ],
  press: ASK,
};

export function damagedLink({ path }: Extract<LoginOutcome, { kind: 'damaged-link' }>): Words {
  return {
    status: 302,
    tone: 'plain',
    title: 'Open the link without its additions',
    text: [
      'Something was added to the link on its way here. The button opens the link itself.',
      'If that does not work, press the link in today’s message again.',
    ],
    press: { kind: 'go', url: `/${path}`, label: 'Open the link' },
  };
}

export function otherDayLink({ path }: Extract<LoginOutcome, { kind: 'other-day-link' }>): Words {
  return {
    status: 410,
    tone: 'bad',
    title: 'This link is of another day',
    text: [
      'Each trading day has a link of its own. Press the link in today’s message, or have it sent to the channels of this stack.',
    ],
    press: { ...ASK, action: `/${path}` },
  };
}
