// Parses every value that people configure; each rule exists only here. Problems name the place and the allowed form, never a
// secret.
import { countedSymbols, groupsNote, type IndexLists, NO_LISTS } from './groups.ts';
import type { ConfiguredFeed } from './stream-limits.ts';

declare const kind: unique symbol;
type Branded<Name extends string> = string & { readonly [kind]: Name };

export type AppId = Branded<'AppId'>;
export type AppSecret = Branded<'AppSecret'>;
export type Pin = Branded<'Pin'>;
export type AccessToken = Branded<'AccessToken'>;
export type RefreshToken = Branded<'RefreshToken'>;
export type AuthCode = Branded<'AuthCode'>;
/** Signs links and states. The Pulumi program creates it; refresh, login and watch read it. */
export type LinkKey = Branded<'LinkKey'>;
/** Keys the fingerprint of refresh token and PIN. The Pulumi program creates it; only refresh reads it. */
export type PinKey = Branded<'PinKey'>;
export type DepthSymbol = Branded<'DepthSymbol'>;
/**
 * A name that means a different contract on different days: `FUT:NIFTY`, `ATM:NIFTY+1CE`, or a group of symbols:
 * `CHAIN:NIFTY`, `INDEX:NIFTY50`.
 */
export type SymbolAlias = Branded<'SymbolAlias'>;

export type Parsed<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

const ok = <T>(value: T): Parsed<T> => ({ ok: true, value });
const failure = <T>(problem: string): Parsed<T> => ({ ok: false, problem });

function matching<T extends string>(pattern: RegExp, expected: string) {
  return (text: string): Parsed<T> => (pattern.test(text) ? ok(text as T) : failure(expected));
}

/** The values of the documents' examples begin with YOUR. */
function notAnExample<T extends string>(parse: (text: string) => Parsed<T>) {
  return (text: string): Parsed<T> =>
    text.startsWith('YOUR')
      ? failure('is the example of the documents: copy yours from https://myapi.fyers.in/dashboard')
      : parse(text);
}

/** Ends in -100, or -200 for newer apps (facts/fyers §0.4); other numbers are tolerated. */
export const parseAppId = notAnExample(
  matching<AppId>(
    /^[A-Za-z0-9]{3,32}-\d{2,3}$/,
    'must be the full app id with its suffix, such as ABCD1234EF-100',
  ),
);
export const parseAppSecret = notAnExample(
  matching<AppSecret>(
    /^[A-Za-z0-9]{4,64}$/,
    'must be the app secret as Fyers shows it, letters and digits only',
  ),
);
export const parsePin = matching<Pin>(/^\d{4}$/, 'must be exactly four digits');
/** Three base64url parts. Does not verify the token: only a call to the broker proves it. */
export const parseAccessToken = matching<AccessToken>(
  /^[\w-]+\.[\w-]+\.[\w-]+$/,
  'must be one token of three parts joined by dots',
);
export const parseRefreshToken = matching<RefreshToken>(
  /^[\w-]+\.[\w-]+\.[\w-]+$/,
  'must be one token of three parts joined by dots',
);
const RANDOM_KEY = /^[0-9a-f]{64}$/;
const RANDOM_KEY_FORM = 'must be 32 random bytes in hex, as the program makes them';
export const parseLinkKey = matching<LinkKey>(RANDOM_KEY, RANDOM_KEY_FORM);
export const parsePinKey = matching<PinKey>(RANDOM_KEY, RANDOM_KEY_FORM);
/** Twice the length of the longest one seen from Fyers. */
export const parseAuthCode = matching<AuthCode>(
  /^(?=.{20,4096}$)[\w-]+\.[\w-]+\.[\w-]+$/,
  'must be the auth_code of the address that Fyers redirected to',
);
/** The login function's address: one host and nothing after it. */
export const parseLoginUrl = matching<string>(
  /^https:\/\/[a-z0-9.-]+\/$/,
  'must be the https address of the login function, with a slash at its end',
);
/** Exchange, ticker, and for shares the series: `NSE:SBIN-EQ`, `NSE:M&M-EQ`, `NSE:NIFTY26AUGFUT`. */
export const parseSymbol = matching<DepthSymbol>(
  /^(?:NSE|BSE):[A-Z0-9&_.-]{1,40}$/,
  'must be an exchange and a ticker, such as NSE:SBIN-EQ, or an alias, such as FUT:NIFTY',
);
/** NSE's series of shares that a person may write after the ticker. */
const SERIES = /-(?:EQ|BE|BZ|SM|ST)$/;

/** Completes a short name: a share of NSE may be given by its ticker alone, also in lower case. */
export function wholeName(name: string): string {
  const upper = name.trim().toUpperCase();
  if (upper.includes(':')) return upper;
  return SERIES.test(upper) ? `NSE:${upper}` : `NSE:${upper}-EQ`;
}

/** Splits a list at commas or white space. Does not change the names. */
export function symbolNames(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((name) => name !== '');
}

export interface ParsedSymbols {
  readonly symbols: readonly (DepthSymbol | SymbolAlias)[];
  readonly problems: readonly string[];
}

/** Reads every list of symbols: full names, aliases, or NSE tickers alone. */
export function parseSymbols(text: string): ParsedSymbols {
  const symbols: (DepthSymbol | SymbolAlias)[] = [];
  const problems: string[] = [];
  const names = symbolNames(text);
  for (const name of names) {
    const whole = wholeName(name);
    const parsed = (aliasForm(whole) ?? parseSymbol)(whole);
    if (!parsed.ok) problems.push(`symbol "${name}" ${parsed.problem}`);
    else if (symbols.includes(parsed.value)) problems.push(`symbol "${name}" is named twice`);
    else symbols.push(parsed.value);
  }
  if (names.length === 0) problems.push('no symbol is named');
  return { symbols, problems };
}

/** Underlyings are named as in the contracts: `NIFTY`, `M&M`, `BAJAJ-AUTO`. An index is named as its list. */
const ALIAS_FORMS: ReadonlyMap<string, (text: string) => Parsed<SymbolAlias>> = new Map([
  [
    'FUT',
    matching(
      /^FUT:[A-Z0-9](?:[A-Z0-9&]|-(?=[A-Z])){0,29}(?:\+[12])?$/,
      'must be FUT: and an underlying, such as FUT:NIFTY or FUT:NIFTY+1',
    ),
  ],
  [
    'ATM',
    matching(
      /^ATM:[A-Z0-9](?:[A-Z0-9&]|-(?=[A-Z])){0,29}[+-]\d{1,2}(?:CE|PE)$/,
      'must be ATM:, an underlying and strikes from the money, such as ATM:NIFTY+0CE or ATM:NIFTY-2PE',
    ),
  ],
  [
    'CHAIN',
    matching(
      /^CHAIN:[A-Z0-9](?:[A-Z0-9&]|-(?=[A-Z])){0,29}$/,
      'must be CHAIN: and an underlying, such as CHAIN:NIFTY or CHAIN:SBIN',
    ),
  ],
  [
    'INDEX',
    matching(
      /^INDEX:[A-Z0-9][A-Z0-9_-]{0,29}$/,
      'must be INDEX: and the name of a list, such as INDEX:NIFTY50 for the file index-NIFTY50.csv',
    ),
  ],
]);

function aliasForm(text: string): ((text: string) => Parsed<SymbolAlias>) | undefined {
  return ALIAS_FORMS.get(text.slice(0, Math.max(0, text.indexOf(':'))));
}

/** Whether the name begins as an alias does; its form may be wrong. */
export function beginsAsAlias(text: string): boolean {
  return aliasForm(text) !== undefined;
}

/** `market/symbol-master.ts` defines the meaning. */
export function parseSymbolAlias(text: string): Parsed<SymbolAlias> {
  return aliasForm(text)?.(text) ?? failure('must begin with FUT:, ATM:, CHAIN: or INDEX:');
}
export function parseBoolean(text: string): Parsed<boolean> {
  return text === 'true' || text === 'false'
    ? { ok: true, value: text === 'true' }
    : { ok: false, problem: 'must be true or false' };
}

export const parseFyId = notAnExample(
  matching<string>(/^[A-Z0-9]{4,12}$/, 'must be a Fyers client id, such as XA00001'),
);
export const parseSuffix = matching<string>(
  /^(?:[a-z][a-z0-9]{0,15})?$/,
  'must be 1 to 16 small letters and digits, starting with a letter',
);
export const parseRedirectUri = matching<string>(
  /^(?:loginUrl$|https:\/\/|http:\/\/(?:127\.0\.0\.1|localhost)(?::\d+)?(?:\/|$))\S*$/,
  'must be an https address, or http on 127.0.0.1, or loginUrl for the login function of the stack',
);

/**
 * The address of a service that receives a token, without a trailing slash. Plain http is refused except on this machine. The
 * value also reaches a systemd environment file, so quotes and backslashes are refused.
 */
export function parseEndpoint(text: string): Parsed<string> {
  const url = /^https?:\/\/[^\s"'\\]+$/i.test(text) ? urlIn(text) : null;
  if (url === null) {
    return failure('must be an https address without quotes and backslashes, or http on 127.0.0.1');
  }
  if (url.protocol !== 'https:' && !isLoopback(url.hostname)) {
    return failure(
      'must be an https address, or http on 127.0.0.1: over http the token would be sent in clear text',
    );
  }
  if (url.username !== '' || url.password !== '') {
    return failure('must be an https address without a user name and a password');
  }
  if (/[?#]/.test(text)) return failure('must be an https address without ? and #');
  return ok(`${url.origin}${url.pathname}`.replace(/\/{1,99}$/, ''));
}

function urlIn(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}

/** Compares the host as a URL normalises it, so that `127.1` matches and `127.0.0.1.example.com` does not. */
export function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname === '[::1]' ||
    /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname)
  );
}

/** Number of a harvester, which has its own part of the bucket; a single harvester is 0. */
export function parseShard(text: string): Parsed<number> {
  return /^\d{1,3}$/.test(text)
    ? ok(Number(text))
    : failure('must be a whole number from 0 to 999');
}

/** `<digits>:<letters>` (Telegram Bot API, "Authorizing your bot"). */
export const parseBotToken = matching<string>(
  /^\d{5,20}:[\w-]{20,64}$/,
  'must be the bot token as @BotFather gives it, digits, a colon and letters',
);

export interface TelegramChat {
  readonly botToken: string;
  readonly chatId: string;
}

/** `<bot token>/<chat id>`; a bot token is `<digits>:<letters>` (Telegram Bot API, "Authorizing your bot"). */
export function parseTelegram(text: string): Parsed<TelegramChat> {
  const [, botToken, chatId] = /^(\d{5,20}:[\w-]{20,64})\/(-?\d{1,20})$/.exec(text) ?? [];
  return botToken === undefined || chatId === undefined
    ? failure(
        'must be the bot token and the chat id as <bot token>/<chat id>; `./fyers telegram` finds them',
      )
    : ok({ botToken, chatId });
}

/** Limit of calls a minute for all symbols together (design §6; the account's limit is 200). */
export const CALLS_PER_MINUTE_CAP = 150;

export interface SamplingPlan {
  /** As the operator wrote them; aliases are resolved each day. */
  readonly symbols: readonly (DepthSymbol | SymbolAlias)[];
  readonly everySeconds: number;
}

export interface SamplingFault {
  /** The value that has to change; `both`: either. */
  readonly about: 'symbols' | 'everySeconds' | 'both';
  readonly problem: string;
}

/**
 * Checks symbols and seconds between slots against the account's limits. Returns all problems at once.
 * @param lists members of the indices that are named; one that is missing counts as one symbol
 */
export function parseSampling(
  symbolsText: string,
  everySecondsText: string,
  feed: ConfiguredFeed = 'rest',
  lists: IndexLists = NO_LISTS,
): Parsed<SamplingPlan> & {
  readonly problems: readonly string[];
  readonly faults: readonly SamplingFault[];
} {
  const { symbols, problems: wrongSymbols } = parseSymbols(symbolsText);
  const faults: SamplingFault[] = wrongSymbols.map((problem) => ({ about: 'symbols', problem }));
  const names = symbolNames(symbolsText).length;
  const count = names - symbols.length + countedSymbols(symbols, lists).length;
  const everySeconds = Number(everySecondsText);
  const calls = (count * 60) / everySeconds;
  if (!/^\d{1,3}$/.test(everySecondsText) || everySeconds < 1 || 60 % everySeconds !== 0) {
    const problem = `seconds between slots "${everySecondsText}" must divide 60`;
    faults.push({ about: 'everySeconds', problem });
  } else if (feed === 'rest' && calls > CALLS_PER_MINUTE_CAP) {
    const problem = `${String(count)} symbols every ${String(everySeconds)} s are ${String(calls)} calls a minute, over the ${String(CALLS_PER_MINUTE_CAP)} that leave room under the account's 200${groupsNote(symbols, lists)}`;
    faults.push({ about: 'both', problem });
  }
  const problems = faults.map(({ problem }) => problem);
  return problems.length > 0
    ? { ok: false, problem: problems.join('; '), problems, faults }
    : { ok: true, value: { symbols, everySeconds }, problems, faults };
}
