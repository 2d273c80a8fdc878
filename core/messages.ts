// The keeper's words for people. Each failure says what to do, with commands that exist.
import { FyersError } from './errors.ts';
import type { RefusedBy } from './ports.ts';
import { LOGIN_COMMAND } from './token/login-message.ts';
import type { AskReason, FailureCode } from './token/decide.ts';

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
};

/** The function's answer while the human is awaited. */
export function linkSentMessage(reason: AskReason): string {
  return `Login link sent, and a login is awaited: ${REASONS[reason]}.`;
}

/** For an operator's run on a day, or at an hour, without a session to log in for. */
export function noLinkMessage(reason: AskReason): string {
  return `No login link was sent, because no session is near: ${REASONS[reason]}. For a token all the same, run \`${LOGIN_COMMAND}\`.`;
}

/** The reason alone, as part of a sentence. */
export function reasonText(reason: AskReason): string {
  return REASONS[reason];
}

/** For an operator's probe while the stored token lives. */
export function probeRefusedMessage(by: RefusedBy): string {
  return `Probe refused: ${REASONS[by]}. The stored token is live.`;
}

/** @param holiday why the exchange is closed, such as "Republic Day". */
export function closedDayMessage(holiday: string): string {
  return `No trading today (${holiday}): nothing was done.`;
}

export const DAY_OVER_MESSAGE = "Today's session is over: nothing was done.";

/** The steps are those of a stack; a caller in another place gives its own. */
const GENERAL = { isGeneral: true } as const;

/** What stops a run, as the keeper decides it. */
export function keeperFailure(code: FailureCode): FyersError {
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
        'Fyers gave a token that is not live until 06:00 IST tomorrow; it was not published.',
        'Log in yourself with `npx --no-install fyers login --aws`.',
        GENERAL,
      );
    case 'broker.unreachable':
      return new FyersError(
        code,
        'Fyers could not be reached or did not answer; nothing was published.',
        'The next run tries again by itself; to try now, run `npx --no-install fyers refresh --aws`.',
        GENERAL,
      );
  }
}
