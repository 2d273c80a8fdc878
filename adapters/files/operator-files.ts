// The operator's folder: `.env` and the token files, under the names that the reference gave them.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'dotenv';
import {
  type AccessToken,
  type Parsed,
  type RefreshToken,
  parseAccessToken,
  parseRefreshToken,
} from '../../core/config.ts';
import { toError } from '../../core/errors.ts';
import { OPERATOR_FILES } from '../../core/names.ts';
import type { Instant } from '../../core/time.ts';
import { type TokenKind, decodeToken } from '../../core/token/jwt.ts';

/** Problems are full sentences with what to do, and never hold a value. */
export interface EnvFile {
  readonly values: Readonly<Record<string, string>>;
  readonly problems: readonly string[];
}

export interface TokenFiles {
  /** The newest by `iat`, whatever the files' own times; null when there is no file. */
  readonly accessToken: AccessToken | null;
  readonly refreshToken: RefreshToken | null;
  /** Missing files: worth saying, no fault. */
  readonly notices: readonly string[];
  readonly problems: readonly string[];
}

/** `.env` of a folder, parsed and put nowhere else. A missing file is an empty one. Never throws. */
export function readEnvFile(folder: string): EnvFile {
  const file = path.join(folder, OPERATOR_FILES.env);
  const read = readText(file);
  if (read.kind === 'unreadable') {
    return { values: {}, problems: [unreadable(file, read.why)] };
  }
  return { values: read.kind === 'text' ? parse(read.text) : {}, problems: [] };
}

/** The token files of a folder. An expired token is a token: only the broker's answer counts. Never throws. */
export function readTokenFiles(folder: string): TokenFiles {
  const access = newest(folder, 'access_token', parseAccessToken);
  const refresh = newest(folder, 'refresh_token', parseRefreshToken);
  return {
    accessToken: access.token,
    refreshToken: refresh.token,
    notices: [...access.notices, ...refresh.notices],
    problems: [...access.problems, ...refresh.problems],
  };
}

export type Read =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly why: string };

/** Never throws. */
export function readText(file: string): Read {
  try {
    return { kind: 'text', text: readFileSync(file, 'utf8') };
  } catch (caught) {
    const code = 'code' in toError(caught) ? String(Reflect.get(toError(caught), 'code')) : '';
    return code === 'ENOENT' ? { kind: 'absent' } : { kind: 'unreadable', why: code };
  }
}

interface Newest<T> {
  readonly token: T | null;
  readonly notices: readonly string[];
  readonly problems: readonly string[];
}

type FileKind = Exclude<TokenKind, 'auth_code'>;

const FILES: Readonly<Record<FileKind, readonly string[]>> = {
  access_token: OPERATOR_FILES.accessToken,
  refresh_token: OPERATOR_FILES.refreshToken,
};

function newest<T extends string>(
  folder: string,
  kind: FileKind,
  parseToken: (text: string) => Parsed<T>,
): Newest<T> {
  const files = FILES[kind].map((name) => path.join(folder, name));
  const found = files.flatMap((file) => readTokenFile(file, kind, parseToken) ?? []);
  const tokens = found.flatMap((each) => (each.ok ? each.value : []));
  return {
    token: tokens.toSorted((a, b) => b.issuedAt - a.issuedAt)[0]?.token ?? null,
    notices: found.length === 0 ? [`There is no ${FILES[kind].join(' or ')} in ${folder}.`] : [],
    problems: found.flatMap((each) => (each.ok ? [] : each.problem)),
  };
}

interface Dated<T> {
  readonly token: T;
  readonly issuedAt: Instant;
}

/** Null where there is no such file. */
function readTokenFile<T extends string>(
  file: string,
  kind: FileKind,
  parseToken: (text: string) => Parsed<T>,
): Parsed<Dated<T>> | null {
  const read = readText(file);
  if (read.kind === 'absent') return null;
  if (read.kind === 'unreadable') return { ok: false, problem: unreadable(file, read.why) };
  const parsed = parseToken(read.text.trim());
  if (!parsed.ok) return malformed(file, parsed.problem);
  const claims = decodeToken(parsed.value);
  if (claims === null) return malformed(file, 'must be a token that Fyers issued');
  if (claims.kind !== null && claims.kind !== kind) {
    return malformed(file, `is a token of the kind ${claims.kind}, and must be a ${kind}`);
  }
  return { ok: true, value: { token: parsed.value, issuedAt: claims.issuedAt } };
}

function malformed(file: string, why: string): Parsed<never> {
  return {
    ok: false,
    problem: `The content of ${file} ${why}. Correct it, or run \`rm ${file}\`.`,
  };
}

/** A full sentence with what to do. */
export function unreadable(file: string, why: string): string {
  if (why === 'EISDIR')
    return `${file} is a folder. Move it away: it must be a file, or not be there.`;
  const remedy =
    why === 'EACCES'
      ? `Run \`chmod 600 ${file}\` as its owner.`
      : `Look at it with \`ls -l ${file}\`.`;
  return `${file} cannot be read (${why}). ${remedy}`;
}
