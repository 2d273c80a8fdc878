// The only door for each rule about a value that people give us. Problems name the place and the allowed form, never a secret.

declare const kind: unique symbol;
type Branded<Name extends string> = string & { readonly [kind]: Name };

export type AppId = Branded<'AppId'>;
export type AppSecret = Branded<'AppSecret'>;
export type Pin = Branded<'Pin'>;
export type AccessToken = Branded<'AccessToken'>;
export type RefreshToken = Branded<'RefreshToken'>;
export type AuthCode = Branded<'AuthCode'>;
/** Signs links and states. The program makes it; refresh, login and watch read it. */
export type LinkKey = Branded<'LinkKey'>;
/** Keys the fingerprint of refresh token and PIN. The program makes it; refresh alone reads it. */
export type PinKey = Branded<'PinKey'>;
export type DepthSymbol = Branded<'DepthSymbol'>;
/** A name that stands for another contract on another day: `FUT:NIFTY`, `ATM:NIFTY+1CE`. */
export type SymbolAlias = Branded<'SymbolAlias'>;

export type Parsed<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

const ok = <T>(value: T): Parsed<T> => ({ ok: true, value });
const wrong = <T>(problem: string): Parsed<T> => ({ ok: false, problem });

function matching<T extends string>(pattern: RegExp, expected: string) {
  return (text: string): Parsed<T> => (pattern.test(text) ? ok(text as T) : wrong(expected));
}

/** Ends in -100, or -200 for newer apps (facts/fyers §0.4); other numbers are tolerated. */
export const parseAppId = matching<AppId>(
  /^[A-Za-z0-9]{3,32}-\d{2,3}$/,
  'must be the full app id with its suffix, such as ABCD1234EF-100',
);
export const parseAppSecret = matching<AppSecret>(
  /^[A-Za-z0-9]{4,64}$/,
  'must be the app secret as Fyers shows it, letters and digits only',
);
export const parsePin = matching<Pin>(/^\d{4}$/, 'must be exactly four digits');
/** Three base64url parts. Nothing is verified: only a call to the broker proves a token. */
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
/** As long as any that Fyers was seen to give, twice over. */
export const parseAuthCode = matching<AuthCode>(
  /^(?=.{20,4096}$)[\w-]+\.[\w-]+\.[\w-]+$/,
  'must be the auth_code of the address that Fyers redirected to',
);
/** Of the login function: one host and nothing after it. */
export const parseLoginUrl = matching<string>(
  /^https:\/\/[a-z0-9.-]+\/$/,
  'must be the https address of the login function, with a slash at its end',
);
/** Exchange, ticker, and for shares the series: `NSE:SBIN-EQ`, `NSE:M&M-EQ`, `NSE:NIFTY26AUGFUT`. */
export const parseSymbol = matching<DepthSymbol>(
  /^(?:NSE|BSE):[A-Z0-9&_.-]{1,40}$/,
  'must be an exchange and a ticker, such as NSE:SBIN-EQ, or an alias, such as FUT:NIFTY',
);
/** The whole name of one that people write short: a share of NSE by its ticker alone, and in small letters too. */
export function wholeName(name: string): string {
  const upper = name.trim().toUpperCase();
  return upper.includes(':') ? upper : `NSE:${upper}-EQ`;
}
/** `market/aliases.ts` says what they mean. Underlyings are named as in the contracts: `NIFTY`, `M&M`, `BAJAJ-AUTO`. */
export const parseSymbolAlias = matching<SymbolAlias>(
  /^(?:FUT:[A-Z0-9](?:[A-Z0-9&]|-(?=[A-Z])){0,29}(?:\+[12])?|ATM:[A-Z0-9](?:[A-Z0-9&]|-(?=[A-Z])){0,29}[+-]\d{1,2}(?:CE|PE))$/,
  'must be FUT: and an underlying, such as FUT:NIFTY or FUT:NIFTY+1, or ATM:, an underlying and strikes from the money, such as ATM:NIFTY+0CE or ATM:NIFTY-2PE',
);
export const parseFyId = matching<string>(
  /^[A-Z0-9]{4,12}$/,
  'must be a Fyers client id, such as XA00001',
);
export const parseSuffix = matching<string>(
  /^(?:[a-z][a-z0-9]{0,15})?$/,
  'must be 1 to 16 small letters and digits, starting with a letter',
);
export const parseRedirectUri = matching<string>(
  /^(?:loginUrl$|https:\/\/|http:\/\/(?:127\.0\.0\.1|localhost)(?::\d+)?(?:\/|$))\S*$/,
  'must be an https address, or http on 127.0.0.1, or loginUrl for the login function of the stack',
);

/** Of several harvesters, each with its own part of the bucket; a single one is 0. */
export function parseShard(text: string): Parsed<number> {
  return /^\d{1,3}$/.test(text) ? ok(Number(text)) : wrong('must be a whole number from 0 to 999');
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
    ? wrong(
        'must be the bot token and the chat id as <bot token>/<chat id>; `npx --no-install fyers telegram` finds them',
      )
    : ok({ botToken, chatId });
}

/** Calls a minute that all symbols together may make (design §6; the account's limit is 200). */
export const CALLS_PER_MINUTE_CAP = 150;

export interface SamplingPlan {
  /** As the operator wrote them; the day resolves what is an alias. */
  readonly symbols: readonly (DepthSymbol | SymbolAlias)[];
  readonly everySeconds: number;
}

/** Symbols (comma or space separated) and seconds between slots, within the account's limits. All problems at once. */
export function parseSampling(
  symbolsText: string,
  everySecondsText: string,
): Parsed<SamplingPlan> & { readonly problems: readonly string[] } {
  const names = symbolsText.split(/[\s,]+/).filter((name) => name !== '');
  const problems: string[] = [];
  const symbols: (DepthSymbol | SymbolAlias)[] = [];
  for (const name of names) {
    const parsed = /^(?:FUT|ATM):/.test(name) ? parseSymbolAlias(name) : parseSymbol(name);
    if (!parsed.ok) problems.push(`symbol "${name}" ${parsed.problem}`);
    else if (symbols.includes(parsed.value)) problems.push(`symbol "${name}" is named twice`);
    else symbols.push(parsed.value);
  }
  if (names.length === 0) problems.push('no symbol is named');
  const everySeconds = Number(everySecondsText);
  if (!/^\d{1,3}$/.test(everySecondsText) || everySeconds < 1 || 60 % everySeconds !== 0) {
    problems.push(`seconds between slots "${everySecondsText}" must divide 60`);
  } else if ((names.length * 60) / everySeconds > CALLS_PER_MINUTE_CAP) {
    problems.push(
      `${String(names.length)} symbols every ${String(everySeconds)} s are ${String((names.length * 60) / everySeconds)} calls a minute, over the ${String(CALLS_PER_MINUTE_CAP)} that leave room under the account's 200`,
    );
  }
  return problems.length > 0
    ? { ok: false, problem: problems.join('; '), problems }
    : { ok: true, value: { symbols, everySeconds }, problems };
}
