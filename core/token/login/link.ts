// Signs and checks the day's login link, and the state that Fyers returns to the callback. Both are hex, because a
// public report shows that Fyers refused a state with `-` and `_`. Also recognises damaged links: mail programs, chats
// and people add a full stop, a bracket or a campaign parameter, change the case, insert an invisible character, or cut
// the end off. The form alone distinguishes the exact link, a damaged one that still contains the whole link, an
// incomplete one that must be opened again from the message, and an unrelated path. Recognition uses no secret; the
// signature decides afterwards whether a link is genuine.
import type { AppId, LinkKey } from '../../config/values.ts';
import { type CalendarOptions, dayOf, nextSession } from '../../market/calendar.ts';
import {
  addDays,
  brokerDay,
  brokerDayEnd,
  instant,
  type Instant,
  type IstDate,
  istDateAt,
  istInstant,
  MINUTE,
  parseIstDate,
  plus,
  SECOND,
} from '../../time.ts';
import { isSameSignature, loginSignature, type Signer } from '../digest.ts';

/** Tolerance between two machines' clocks. */
const CLOCK_TOLERANCE_MS = MINUTE;
/** From pressing the button to the redirect back from Fyers, including the time to find the second factor. */
const STATE_TTL_MS = 30 * MINUTE;

/**
 * A stack signs with a random key: a link travels by mail, and its signature must not let a reader search for the broker's
 * short app secret. An {@link App} is a signer too, for logins that stay on one machine (`cli/commands/login/context.ts`).
 */
interface LinkSigner {
  readonly id: AppId;
  readonly secret: LinkKey;
}

/** The link's path below the login function's address, for one trading day. Publishing a token spends it; opening it does not. */
export function linkPath(signer: LinkSigner, day: IstDate): string {
  return `go/${day}/${loginSignature(signer, 'link', day)}`;
}

/** Cheap check of the form, before any secret is read. */
export function isLinkShaped(path: string): boolean {
  return LINK.test(path);
}

/** The day in a link; does not check the signature. */
export function claimedDay(path: string): IstDate | null {
  return parseIstDate(LINK.exec(path)?.[1] ?? '');
}

/** The day of a link with a valid signature, else null. Does not check whether the day has passed: {@link linkEndsAt}. */
export function dayOfLink(signer: LinkSigner, path: string): IstDate | null {
  const [, date = '', signature = ''] = LINK.exec(path) ?? [];
  const day = parseIstDate(date);
  if (day === null) return null;
  return isSameSignature(signature, loginSignature(signer, 'link', day)) ? day : null;
}

/** The session's end; on a day without one (`days: all`) the end of the broker day. */
export function linkEndsAt(day: IstDate, calendar: CalendarOptions): Instant {
  const today = dayOf(day, calendar);
  return today.kind === 'closed' ? brokerDayEnd(istInstant(day, '07:00')) : today.plan.closesAt;
}

/** Whether a login is useful now. */
export type LoginDay =
  | { readonly kind: 'open'; readonly date: IstDate; readonly until: Instant }
  /** A token issued before 06:00 expires at 06:00. */
  | { readonly kind: 'too-early' }
  | { readonly kind: 'closed' | 'over'; readonly why: string; readonly next: IstDate };

export function loginDay(
  now: Instant,
  days: 'trading' | 'all',
  calendar: CalendarOptions,
): LoginDay {
  const date = istDateAt(now);
  const today = dayOf(date, calendar);
  const next = nextSession(now, calendar).date;
  if (today.kind === 'closed' && days === 'trading')
    return { kind: 'closed', why: today.why, next };
  if (now >= linkEndsAt(date, calendar))
    return { kind: 'over', why: "today's session is over", next };
  return brokerDay(now) === date
    ? { kind: 'open', date, until: linkEndsAt(date, calendar) }
    : { kind: 'too-early' };
}

/** The day to sign a state for. After the session it is the next day, as a state ends with its day's session. */
export function stateDay(now: Instant, calendar: CalendarOptions): IstDate {
  const today = istDateAt(now);
  return now < linkEndsAt(today, calendar) ? today : addDays(today, 1);
}

/** @param nonce 32 random hex digits */
export function newState(signer: Signer, day: IstDate, now: Instant, nonce: string): string {
  const issued = Math.floor(now / SECOND)
    .toString(16)
    .padStart(8, '0');
  const text = `${day.replaceAll('-', '')}${issued}${nonce}`;
  return `${text}${loginSignature(signer, 'state', text)}`;
}

type ReadState =
  | { readonly kind: 'valid'; readonly day: IstDate; readonly nonce: string }
  /** `forged`: well formed, but signed with another key or for another app. */
  | { readonly kind: 'malformed' | 'forged' | 'expired' };

export function isStateShaped(text: string): boolean {
  return STATE.test(text);
}

export function readState(
  signer: Signer,
  state: string,
  now: Instant,
  calendar: CalendarOptions,
): ReadState {
  const [, text = '', signature = ''] = STATE.exec(state) ?? [];
  const day = parseIstDate(`${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6, 8)}`);
  if (day === null) return { kind: 'malformed' };
  if (!isSameSignature(signature, loginSignature(signer, 'state', text))) return { kind: 'forged' };
  const issuedAt = instant(parseInt(text.slice(8, 16), 16) * SECOND);
  const inTime =
    now >= issuedAt - CLOCK_TOLERANCE_MS &&
    now < plus(issuedAt, STATE_TTL_MS) &&
    now < linkEndsAt(day, calendar) &&
    day <= stateDay(now, calendar);
  return inTime ? { kind: 'valid', day, nonce: text.slice(16) } : { kind: 'expired' };
}

/** Fyers' login page (Fyers API v3, "generate-authcode"). Every value is percent-encoded, unlike in the SDKs. */
export function fyersLoginUrl(options: {
  readonly apiUrl: string;
  readonly appId: AppId;
  readonly redirectUri: string;
  readonly state: string;
}): string {
  const query = new URLSearchParams({
    client_id: options.appId,
    redirect_uri: options.redirectUri,
    response_type: 'code',
    state: options.state,
  });
  return `${options.apiUrl}/api/v3/generate-authcode?${query.toString()}`;
}

const LINK = /^go\/(\d{4}-\d{2}-\d{2})\/([0-9a-f]{32})$/;
/** Day, seconds since 1970, nonce; then the signature. */
const STATE = /^([0-9]{8}[0-9a-f]{8}[0-9a-f]{32})([0-9a-f]{32})$/;

type RecognisedLink =
  | { readonly kind: 'exact' | 'repaired'; readonly path: string }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'none' };

/** A link has 50 characters; it still fits if it is encoded twice and followed by a long campaign parameter. */
const MAX_PATH_LENGTH = 2_048;

/** @param path as in the request, without the leading slash */
export function recogniseLink(path: string): RecognisedLink {
  if (isLinkShaped(path)) return { kind: 'exact', path };
  if (path.length > MAX_PATH_LENGTH) return { kind: 'none' };
  const text = removeDamage(path);
  const [, date = '', signature = ''] = WHOLE_LINK.exec(text) ?? [];
  const repaired = `go/${date}/${signature}`;
  if (isLinkShaped(repaired)) return { kind: 'repaired', path: repaired };
  return { kind: BEGINNING.test(text) ? 'incomplete' : 'none' };
}

const WHOLE_LINK = /^go\/+(\d{4}-\d{2}-\d{2})\/+([0-9a-f]{32})/;
/** `go` and the beginning of a date, or `go`, a whole date and any text. */
const BEGINNING = /^go(?:$|\/+(?:$|\d{1,4}(?:$|-(?:$|\d{1,2}(?:$|-(?:$|\d(?:$|\d)))))))/;
/** Left by quoted-printable at the end of a line. */
const SOFT_BREAK = /=(?:\r\n|\n|\r)/g;
/** Separators, control characters and invisible characters: zero-width, soft hyphen, byte order mark. */
const INVISIBLE = /[\p{Z}\p{C}]/gu;
const DASHES = /\p{Pd}/gu;
/** Brackets or quotes before the address; more than a few are not an accident. */
const OPENING = /^[^\da-z]{1,8}/;

function removeDamage(path: string): string {
  return decodePercent(decodePercent(path))
    .replace(SOFT_BREAK, '')
    .replace(INVISIBLE, '')
    .replace(DASHES, '-')
    .replaceAll('\\', '/')
    .toLowerCase()
    .replace(OPENING, '');
}

/** Decodes percent-encoding. Drops invalid sequences, such as one that was cut. */
function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text.replace(/%[\da-f]{0,2}/gi, '');
  }
}
