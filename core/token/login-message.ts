// The messages that ask for the day's login: what happened, the one thing to press, and until when it is of use.
import type { CalendarOptions } from '../market/calendar.ts';
import type { Message } from '../ports.ts';
import { type Instant, type IstDate, formatClock, weekdayName } from '../time.ts';
import { linkEndsAt } from './login-link.ts';

/** How the login can be finished, by what is registered as the app's redirect URL. */
export type LoginWay =
  /** One tap: Fyers redirects to the login function. */
  | { readonly kind: 'link'; readonly url: string }
  /** A command on the operator's machine opens Fyers' page, and takes up what it redirects to. */
  | { readonly kind: 'command' };

export interface LoginRequest {
  readonly day: IstDate;
  readonly calendar: CalendarOptions;
  readonly now: Instant;
  /** Why a login is needed, as part of a sentence: "no refresh token is stored". */
  readonly reason: string;
  readonly way: LoginWay;
  /** first: the day's first word of it; again: by later slots; late: from 08:45 on, when the session is near or running. */
  readonly urgency: 'first' | 'again' | 'late';
}

export const LOGIN_COMMAND = 'npx --no-install fyers login --aws';

export function loginMessage(request: LoginRequest): Message {
  const { day, calendar, now, reason, way, urgency } = request;
  const date = `${weekdayName(day)} ${day}`;
  const subject = {
    first: `Fyers login for ${date}: one tap`,
    again: `Fyers login for ${date} is still to do`,
    late: `URGENT ${formatClock(now).slice(0, 5)} IST: no Fyers token for ${date}`,
  }[urgency];
  const opening = {
    first: `Fyers wants one login for ${date}: ${reason}.`,
    again: `The Fyers login for ${date} is still to do: ${reason}.`,
    late: `There is no live Fyers token for ${date}: ${reason}. Nothing is recorded without one.`,
  }[urgency];
  return { subject, text: [opening, '', ...steps(way), '', ending(day, calendar)].join('\n') };
}

function steps(way: LoginWay): readonly string[] {
  return way.kind === 'link'
    ? ['Press this link and log in at Fyers with your PIN and one-time code:', '', way.url]
    : [
        "Run this in the project's folder, and log in at Fyers with your PIN and one-time code:",
        '',
        LOGIN_COMMAND,
      ];
}

function ending(day: IstDate, calendar: CalendarOptions): string {
  const until = formatClock(linkEndsAt(day, calendar)).slice(0, 5);
  return `Good until ${until} IST. When it is done, the token is valid until 06:00 IST tomorrow, and nothing else is to do.`;
}
