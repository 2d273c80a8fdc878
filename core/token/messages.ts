// Writes the keeper's texts for people: the messages that ask for the day's login, and the results of a run. Each failure
// names the next step, with commands that exist.
import { FyersError } from '../errors.ts';
import { type CalendarOptions, dayOf } from '../market/calendar.ts';
import type { Message, RefusedBy } from '../ports.ts';
import { asSentence } from '../text.ts';
import { HOUR, type Instant, type IstDate, formatHhMm, istDateAt, weekdayName } from '../time.ts';
import type { AskReason, FailureCode } from './decide.ts';
import { linkEndsAt } from './login/link.ts';

/** How the login is finished; depends on the app's registered redirect URL. */
export type LoginWay =
  /** One tap: Fyers redirects to the login function. */
  | { readonly kind: 'link'; readonly url: string }
  /** A command on the operator's machine opens Fyers' page and reads the redirect. */
  | { readonly kind: 'command' };

export interface LoginRequest {
  readonly day: IstDate;
  readonly calendar: CalendarOptions;
  readonly now: Instant;
  /** Why a login is needed, as part of a sentence: "no refresh token is stored". */
  readonly reason: string;
  readonly way: LoginWay;
  /** first: the day's first message; again: later slots; late: the watch from 08:45 on, on most days near or in the session. */
  readonly urgency: 'first' | 'again' | 'late';
}

export const LOGIN_COMMAND = './fyers login --aws';

export function loginMessage(request: LoginRequest): Message {
  const { day, calendar, now, reason, way, urgency } = request;
  const date = `${weekdayName(day)} ${day}`;
  const session = sessionToday(day, calendar, now);
  const subject = {
    first: `Fyers login for ${date}: one tap`,
    again: `Fyers login for ${date} is still to do`,
    late: `${session.alert}: no Fyers token for ${date}`,
  }[urgency];
  const opening = {
    first: `Fyers requires one login for ${date}: ${reason}.`,
    again: `The Fyers login for ${date} is still to do: ${reason}.`,
    late: `There is no live Fyers token for ${date}: ${reason}. Nothing is recorded without one.`,
  }[urgency];
  const text = [`${opening} ${session.words}`, '', ...loginSteps(way), '', ending(request)];
  return { subject, text: text.join('\n') };
}

/** A message is urgent only within this time before the opening: an evening session has the whole day. */
const NEAR_MS = 2 * HOUR;

/** Describes the day's session: one sentence, and the beginning of an urgent message's subject. */
export function sessionToday(
  day: IstDate,
  calendar: CalendarOptions,
  now: Instant,
): { readonly words: string; readonly alert: string } {
  const today = dayOf(day, calendar);
  const time = `${formatHhMm(now)} IST`;
  if (today.kind === 'closed')
    return { words: `There is no session today (${today.why}).`, alert: time };
  const { opensAt, closesAt } = today.plan;
  if (now >= closesAt) return { words: "Today's session is over.", alert: time };
  const alert = opensAt - now > NEAR_MS ? time : `URGENT ${time}`;
  return now < opensAt
    ? { words: `Today's session opens at ${formatHhMm(opensAt)} IST.`, alert }
    : { words: `Today's session has been open since ${formatHhMm(opensAt)} IST.`, alert };
}

function loginSteps(way: LoginWay): readonly string[] {
  return way.kind === 'link'
    ? ['Press this link and log in at Fyers with your PIN and one-time code:', '', way.url]
    : [
        "Run this in the project's folder, and log in at Fyers with your PIN and one-time code:",
        '',
        LOGIN_COMMAND,
      ];
}

function ending({ day, calendar, way }: LoginRequest): string {
  const endsAt = linkEndsAt(day, calendar);
  const until = `${formatHhMm(endsAt)} IST${istDateAt(endsAt) === day ? '' : ' tomorrow'}`;
  const valid = way.kind === 'link' ? 'The link works until' : 'Log in by';
  return `${valid} ${until}. After the login, the token is valid until 06:00 IST tomorrow, and you need to do nothing else.`;
}

const REASONS: Readonly<Record<AskReason, string>> = {
  'no-token': 'no refresh token is stored',
  expired: 'the refresh token has expired',
  'no-pin': 'no PIN is configured',
  policy: 'Fyers has switched refresh tokens off to comply with SEBI regulations',
  used: "the refresh token was already used for today's token, which is no longer live",
  pin: 'Fyers refused the PIN',
  'refresh-token': 'Fyers refused the refresh token',
  'auth-code': 'Fyers refused the refresh for an auth code',
  'app-secret': 'Fyers refused the app secret',
  unrecognised: 'Fyers refused the refresh with an unknown answer',
  silent: 'Fyers did not answer two refresh requests',
  unreachable: 'Fyers could not be reached',
  'rate-limited': "Fyers' rate limit is reached",
  'not-fyers': 'a gateway or a firewall answered instead of Fyers',
};

/** The function's answer while it waits for the operator's login. */
export function linkSentMessage(reason: AskReason): string {
  return `Login link sent; waiting for the login: ${REASONS[reason]}.`;
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
        'The token belongs to another Fyers account than the configured or first one; it was not published.',
        'Log in with the right account, or name it with `pulumi config set fyId` and run `pulumi up`.',
        GENERAL,
      );
    case 'broker.bad-token':
      return new FyersError(
        code,
        `Fyers issued a token that does not last until 06:00 IST tomorrow; it was not published.${answer}`,
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
        `Fyers' rate limit is reached, so no more requests were sent; nothing was published.${answer}`,
        'Stop other programs that use the account. Wait a few minutes, then run `./fyers refresh --aws`; a third time in a day blocks the account for the day.',
        GENERAL,
      );
    case 'broker.foreign-answer':
      return new FyersError(
        code,
        `Something else answered instead of Fyers, such as a gateway or a firewall, so no more requests were sent.${answer}`,
        'Wait ten minutes before you run `./fyers refresh --aws`: each further call can extend such a block.',
        GENERAL,
      );
  }
}
