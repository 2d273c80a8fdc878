// Writes the keeper's texts for people. Each failure names the next step, with commands that exist.
import { FyersError } from '../errors.ts';
import type { Message, RefusedBy } from '../ports.ts';
import { asSentence } from '../text.ts';
import { LOGIN_COMMAND } from './login/message.ts';
import type { AskReason, FailureCode } from './decide.ts';

const REASONS: Readonly<Record<AskReason, string>> = {
  'no-token': 'no refresh token is stored',
  expired: 'the refresh token has expired',
  'no-pin': 'no PIN is configured',
  policy: 'Fyers has switched refresh tokens off to comply with SEBI regulations',
  used: "the refresh token has already made today's token, which is not live any more",
  pin: 'Fyers refused the PIN',
  'refresh-token': 'Fyers refused the refresh token',
  'auth-code': 'Fyers refused the refresh for an auth code',
  'app-secret': 'Fyers refused the app secret',
  unrecognised: 'Fyers refused the refresh with an answer that is not known here',
  silent: 'Fyers left two refreshes unanswered',
  unreachable: 'Fyers could not be reached',
  'rate-limited': 'Fyers has answered with its rate limit',
  'not-fyers': 'a gateway or a firewall answered in place of Fyers',
};

/** The function's answer while it waits for the operator's login. */
export function linkSentMessage(reason: AskReason): string {
  return `Login link sent, and a login is awaited: ${REASONS[reason]}.`;
}

/** For an operator's run at a time without a session to log in for. */
export function noLinkMessage(reason: AskReason): string {
  return `No login link was sent, because no session is near: ${REASONS[reason]}. To get a token anyway, run \`${LOGIN_COMMAND}\`.`;
}

/** Part of a sentence. */
export function reasonText(reason: AskReason): string {
  return REASONS[reason];
}

/** For an operator's probe while the stored token is live. */
export function probeRefusedMessage(by: RefusedBy): string {
  return `Probe refused: ${REASONS[by]}. The stored token is live.`;
}

/** @param holiday why the exchange is closed, such as "Republic Day". */
export function closedDayMessage(holiday: string): string {
  return `No trading today (${holiday}): nothing was done.`;
}

export const REFRESH_WORKS_AGAIN: Message = {
  subject: 'Fyers refreshes tokens again: no login is needed',
  text: [
    "Fyers had switched refresh tokens off. Today's attempt was accepted, and the new access token is live.",
    '',
    'Refresh is on again. You get a login link only when a refresh fails. A refresh token lives 15 days, so one login is needed every two weeks.',
  ].join('\n'),
};

export const DAY_OVER_MESSAGE = "Today's session is over: nothing was done.";

/** The next steps fit a stack; a caller elsewhere may replace them. */
const GENERAL = { isGeneral: true } as const;

/** @param detail Fyers' answer, scrubbed; empty without an answer */
export function keeperFailure(code: FailureCode, detail = ''): FyersError {
  const answer = detail === '' ? '' : ` ${asSentence(detail)}`;
  switch (code) {
    case 'operator.app-secret':
      return new FyersError(
        code,
        'Fyers refused the app id with its secret, and a login would send the same.',
        'Copy the secret again from https://myapi.fyers.in/dashboard, give it to `pulumi config set --secret secretKey`, and run `pulumi up`.',
        GENERAL,
      );
    case 'operator.account':
      return new FyersError(
        code,
        'The token belongs to another Fyers account than the one configured or first seen; it was not published.',
        'Log in with the right account, or name it with `pulumi config set fyId` and run `pulumi up`.',
        GENERAL,
      );
    case 'broker.bad-token':
      return new FyersError(
        code,
        `Fyers gave a token that is not live until 06:00 IST tomorrow; it was not published.${answer}`,
        'Log in yourself with `./fyers login --aws`.',
        GENERAL,
      );
    case 'broker.unreachable':
      return new FyersError(
        code,
        `Fyers could not be reached or did not answer; nothing was published.${answer}`,
        'The next run tries again by itself; to try now, run `./fyers refresh --aws`.',
        GENERAL,
      );
    case 'broker.refused':
      return new FyersError(
        code,
        `Fyers refuses this app or this machine, so no token can be proven; nothing was published.${answer}`,
        "Check the app's permissions and IP addresses at https://myapi.fyers.in/dashboard, then run `./fyers refresh --aws`.",
        GENERAL,
      );
    case 'broker.rate-limit':
      return new FyersError(
        code,
        `Fyers' rate limit is reached, so nothing more was asked; nothing was published.${answer}`,
        'Stop other programs that use the account. Wait a few minutes, then run `./fyers refresh --aws`; a third time blocks the account for the day.',
        GENERAL,
      );
    case 'broker.foreign-answer':
      return new FyersError(
        code,
        `Something else answered in place of Fyers, such as a gateway or a firewall, so nothing more was asked.${answer}`,
        'Wait ten minutes before you run `./fyers refresh --aws`: each further call can extend such a block.',
        GENERAL,
      );
  }
}
