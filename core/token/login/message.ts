// Writes the messages that ask for the day's login: the reason, the link or command, and how long it is valid.
import { type CalendarOptions, dayOf } from '../../market/calendar.ts';
import type { Message } from '../../ports.ts';
import {
  HOUR,
  type Instant,
  type IstDate,
  formatHhMm,
  istDateAt,
  weekdayName,
} from '../../time.ts';
import { linkEndsAt } from './link.ts';

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
    first: `Fyers wants one login for ${date}: ${reason}.`,
    again: `The Fyers login for ${date} is still to do: ${reason}.`,
    late: `There is no live Fyers token for ${date}: ${reason}. Nothing is recorded without one.`,
  }[urgency];
  const text = [`${opening} ${session.words}`, '', ...loginSteps(way), '', ending(day, calendar)];
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

function ending(day: IstDate, calendar: CalendarOptions): string {
  const endsAt = linkEndsAt(day, calendar);
  const until = `${formatHhMm(endsAt)} IST${istDateAt(endsAt) === day ? '' : ' tomorrow'}`;
  return `Good until ${until}. When it is done, the token is valid until 06:00 IST tomorrow, and nothing else is to do.`;
}
