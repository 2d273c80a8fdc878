// Finds the one token in a text that a person saved or pasted, or describes a text that contains no token.
//
// A token file should contain a bare token, but in practice it contains the output of the last tool: `app:token`, JSON,
// a quoted string, `Bearer …`, `FYERS_ACCESS_TOKEN=…`, a web page, the address after a login. The text is split into
// words. If one of them is a token of the wanted kind and all others are known decorations, that token is returned.
// Otherwise the problem names the kind of text that was found. It never quotes the text, and every step takes time
// proportional to its length.
import { type Parsed, parseAppId, parseFyId } from '../config/values.ts';
import { PLACEHOLDER } from '../config/names.ts';
import { type TokenClaims, type TokenKind, decodeToken } from './jwt.ts';

export interface FoundToken {
  readonly token: string;
  readonly claims: TokenClaims;
  /** The app id in front of it, as in `ABCD1234EF-100:token`, or null. */
  readonly appId: string | null;
}

const NAMES: Readonly<Record<TokenKind, string>> = {
  access_token: 'an access token',
  refresh_token: 'a refresh token',
  auth_code: 'an auth code',
};
const HOMES: Readonly<Record<TokenKind, string>> = {
  access_token: 'It belongs in access_token.txt',
  refresh_token: 'It belongs in refresh_token.txt',
  auth_code: 'A login exchanges it for a token: `./fyers login`',
};
/** Words next to a token that have no meaning, in lower case and without underscores. */
const DECORATION = new Set(
  'export set bearer access refresh daily fyers token authorization header accesstoken refreshtoken dailytoken fyersaccesstoken fyersrefreshtoken fyersdailytoken is your new the'.split(
    ' ',
  ),
);

/**
 * @param wanted a token that does not state its kind counts as one of this kind
 * @param appId of the configured app; null if none is configured
 */
export function findToken(
  text: string,
  wanted: 'access_token' | 'refresh_token',
  appId: string | null = null,
): Parsed<FoundToken> {
  const plain = text.replaceAll(/[\u200B-\u200D\u2060\uFEFF\0]/g, '').trim();
  if (plain === '') return failure(text === '' ? 'is empty' : 'is white space only');
  if (plain === PLACEHOLDER)
    return failure('is the placeholder that the program writes, not a token');
  const json = /^[[{"]/.test(plain) ? parseJson(plain) : undefined;
  if (json !== undefined && typeof json === 'object') return tokenInJson(json, wanted, appId);
  const words = wordsOf(typeof json === 'string' ? json : plain);
  const tokens = tokensIn(words);
  const fitting = tokens.filter(({ kind }) => (kind ?? wanted) === wanted);
  const [found, second] = fitting;
  if (found === undefined || isPage(plain)) return failure(describeText(plain, words, tokens));
  if (second !== undefined) {
    return failure(`has ${String(fitting.length)} different tokens. Keep the newest, alone`);
  }
  const apps = words.filter((word) => parseAppId(word).ok);
  const others = words.filter((word) => !isDecoration(word) && !isToken(word, tokens));
  if (others.length > 0 || apps.length > 1) {
    return failure(
      plain.split(/\s+/).length > 1
        ? 'has text besides a token, or the token is broken over several lines. Put the token alone on one line'
        : 'has text besides a token. Keep the token alone',
    );
  }
  return checkApp(found, apps[0] ?? null, appId);
}

interface Candidate {
  readonly token: string;
  readonly kind: TokenKind | null;
  readonly claims: TokenClaims;
}

function wordsOf(text: string): readonly string[] {
  return text
    .split(/[^\w.-]+/)
    .map(withoutOuterDots)
    .filter((word) => word !== '');
}

/** Removes the dots of a sentence. A regular expression would take quadratic time. */
function withoutOuterDots(word: string): string {
  let [from, to] = [0, word.length];
  while (from < to && word[from] === '.') from += 1;
  while (to > from && word[to - 1] === '.') to -= 1;
  return word.slice(from, to);
}

function tokensIn(words: readonly string[]): readonly Candidate[] {
  return [...new Set(words)].flatMap((token) => {
    const claims = decodeToken(token);
    return claims === null ? [] : [{ token, kind: claims.kind, claims }];
  });
}

function isToken(word: string, tokens: readonly Candidate[]): boolean {
  return tokens.some(({ token }) => token === word);
}

function isDecoration(word: string): boolean {
  return DECORATION.has(word.toLowerCase().replaceAll('_', '')) || parseAppId(word).ok;
}

function checkApp(
  { token, claims }: Candidate,
  before: string | null,
  configured: string | null,
): Parsed<FoundToken> {
  return before !== null && configured !== null && before !== configured
    ? failure('is a token of another app than FYERS_CLIENT_ID')
    : { ok: true, value: { token, claims, appId: before } };
}

/** JSON may contain anything next to the token, such as the whole answer of a login. */
function tokenInJson(
  json: unknown,
  wanted: 'access_token' | 'refresh_token',
  appId: string | null,
): Parsed<FoundToken> {
  const texts = stringsIn(json);
  const words = texts.flatMap(wordsOf);
  const tokens = tokensIn(words);
  const fitting = tokens.filter(({ kind }) => (kind ?? wanted) === wanted);
  const [found, second] = fitting;
  if (found === undefined) {
    const other = tokens[0]?.kind ?? null;
    if (other !== null) return failure(`is JSON with ${NAMES[other]}. ${HOMES[other]}`);
    return failure(
      isRefusal(json)
        ? 'is JSON without a token: an answer in which Fyers refused a request'
        : `is JSON without ${NAMES[wanted]}`,
    );
  }
  if (second !== undefined) {
    return failure(
      `is JSON with ${String(fitting.length)} different tokens. Keep the newest, alone`,
    );
  }
  const text = texts.find((each) => each.includes(found.token)) ?? '';
  return checkApp(found, wordsOf(text).find((word) => parseAppId(word).ok) ?? null, appId);
}

function stringsIn(value: unknown): readonly string[] {
  const found: string[] = [];
  const rest: unknown[] = [value];
  while (rest.length > 0) {
    const each = rest.pop();
    if (typeof each === 'string') found.push(each);
    else if (typeof each === 'object' && each !== null) {
      for (const inner of Object.values(each) as readonly unknown[]) rest.push(inner);
    }
  }
  return found;
}

function isRefusal(json: unknown): boolean {
  return typeof json === 'object' && json !== null && Reflect.get(json, 's') === 'error';
}

function isPage(text: string): boolean {
  return text.startsWith('<') || /<(?:!doctype|html|body)\b/i.test(text);
}

/** Returns the end of a sentence about a text without a token of the wanted kind. */
function describeText(
  text: string,
  words: readonly string[],
  [token]: readonly Candidate[],
): string {
  if (isPage(text)) return 'is a web page (HTML), not a token';
  if (/^https?:\/\//.test(text)) {
    return token?.kind === 'auth_code'
      ? `is the address after a login, with an auth code. ${HOMES.auth_code}`
      : 'is an address, not a token';
  }
  const kind = token?.kind ?? null;
  if (kind !== null) {
    return `is a token of the kind ${kind}, ${NAMES[kind]}. ${HOMES[kind]}`;
  }
  if (/^[[{]/.test(text)) return 'is JSON that is not complete';
  const [word = '', ...others] = words;
  if (others.length > 0 && decodeToken(words.join('')) !== null) {
    return `is a token that is broken over ${String(words.length)} lines or words. Put it on one line`;
  }
  const longest = words.reduce((a, b) => (b.length > a.length ? b : a), '');
  if (longest.startsWith('eyJ')) {
    return 'is a token that was cut off or changed: it cannot be decoded. Copy the whole token again';
  }
  if (others.length > 0) return `is text of ${String(words.length)} words without a token`;
  if (/^\d{4}$/.test(word))
    return 'is four digits, such as a PIN, not a token. A PIN belongs in .env as FYERS_PIN';
  if (/^\d{6}$/.test(word)) return 'is six digits, such as a one-time code, not a token';
  if (parseAppId(word).ok)
    return 'is an app id, not a token. It belongs in .env as FYERS_CLIENT_ID';
  if (/^[A-Z]{2}\d{4,6}$/.test(word) && parseFyId(word).ok)
    return 'is a Fyers client id, not a token';
  if (/^[\w-]+\.[\w-]+\.[\w-]+$/.test(word)) {
    return 'has three parts joined by dots, but is not a token that Fyers issued';
  }
  return /^[A-Za-z0-9]{4,64}$/.test(word)
    ? 'is one word of letters and digits, such as an app secret, not a token. A secret belongs in .env as FYERS_SECRET_KEY'
    : `is text of ${String(text.length)} characters that is not a token`;
}

function failure(problem: string): { readonly ok: false; readonly problem: string } {
  return { ok: false, problem };
}

/** Returns undefined if the text is not JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
