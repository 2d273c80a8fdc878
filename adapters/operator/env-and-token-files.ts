// Reads the operator's folder: `.env`, the token files (named as in the reference implementation),
// and their permissions.
import { statSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'dotenv';
import {
  type AccessToken,
  parseAccessToken,
  type Parsed,
  parseRefreshToken,
  type RefreshToken,
} from '../../core/config/values.ts';
import { type EnvProblem, readEnvText } from '../../core/config/env-file.ts';
import { OPERATOR_FILES } from '../../core/config/names.ts';
import type { Instant } from '../../core/time.ts';
import type { TokenKind } from '../../core/token/jwt.ts';
import { findToken } from '../../core/token/token-text.ts';
import { readText, unreadableText } from './text-file.ts';
import { STATE_FILE } from './token-folder.ts';

/** Problems are full sentences with a next step, and never contain a value. */
export interface EnvFile {
  readonly values: Readonly<Record<string, string>>;
  /** Location of each value, for messages: `/home/me/fyers/.env line 3`. */
  readonly places: Readonly<Record<string, string>>;
  readonly problems: readonly string[];
}

interface TokenFiles {
  /** The newest token by `iat`, regardless of file times; null if there is no file. */
  readonly accessToken: AccessToken | null;
  readonly refreshToken: RefreshToken | null;
  /** Missing files: reported, but not an error. */
  readonly notices: readonly string[];
  readonly problems: readonly string[];
}

/**
 * Parses `.env` in a folder without changing the environment. A missing file counts as empty. Never
 * throws.
 */
export function readEnvFile(folder: string): EnvFile {
  const file = path.join(folder, OPERATOR_FILES.env);
  const read = readText(file);
  if (read.kind === 'absent') return { values: {}, places: {}, problems: [] };
  if (read.kind === 'unreadable') {
    return { values: {}, places: {}, problems: [unreadableText(file, read)] };
  }
  const { statements, problems } = readEnvText(read.text);
  const values: Record<string, string> = {};
  const places: Record<string, string> = {};
  for (const { key, line, text } of statements) {
    values[key] = parse(text)[key] ?? '';
    places[key] = `${file} line ${String(line)}`;
  }
  return {
    values,
    places,
    problems: [
      ...read.flaws.map((flaw) => `${file} ${flaw}`),
      ...problems.map((problem) => sentence(file, problem)),
    ],
  };
}

function sentence(file: string, { lines, words }: EnvProblem): string {
  const last = lines.length > 1 ? ` and ${String(lines.at(-1))}` : '';
  const named = `${lines.slice(0, Math.max(1, lines.length - 1)).join(', ')}${last}`;
  return `${file} ${lines.length === 1 ? 'line' : 'lines'} ${named}: ${words}`;
}

/**
 * Reads the token files in a folder. Expired tokens are included, because only the broker's answer
 * counts. Never throws.
 *
 * @param appId the configured app; a token of another app is a problem
 */
export function readTokenFiles(folder: string, appId: string | null = null): TokenFiles {
  const access = readNewest({ folder, appId }, 'access_token', parseAccessToken);
  const refresh = readRefreshTokenFile(folder, appId);
  return {
    accessToken: access.token,
    refreshToken: refresh.token,
    notices: [...access.notices, ...refresh.notices],
    problems: [...access.problems, ...refresh.problems],
  };
}

/** Reads only the refresh token; otherwise the same. */
export function readRefreshTokenFile(
  folder: string,
  appId: string | null = null,
): Newest<RefreshToken> {
  return readNewest({ folder, appId }, 'refresh_token', parseRefreshToken);
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

interface Place {
  readonly folder: string;
  readonly appId: string | null;
}

function readNewest<T extends string>(
  { folder, appId }: Place,
  kind: FileKind,
  parseToken: (text: string) => Parsed<T>,
): Newest<T> {
  const files = FILES[kind].map((name) => path.join(folder, name));
  const found = files.flatMap((file) => readTokenFile(file, kind, appId, parseToken) ?? []);
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

/** Null if there is no such file. */
function readTokenFile<T extends string>(
  file: string,
  kind: FileKind,
  appId: string | null,
  parseToken: (text: string) => Parsed<T>,
): Parsed<Dated<T>> | null {
  const read = readText(file);
  if (read.kind === 'absent') return null;
  if (read.kind === 'unreadable') return { ok: false, problem: unreadableText(file, read) };
  const found = findToken(read.text, kind, appId);
  if (!found.ok) return malformedFile(file, found.problem);
  const parsed = parseToken(found.value.token);
  return parsed.ok
    ? { ok: true, value: { token: parsed.value, issuedAt: found.value.claims.issuedAt } }
    : malformedFile(file, parsed.problem);
}

function malformedFile(file: string, why: string): Parsed<never> {
  return {
    ok: false,
    problem: `The content of ${file} ${why}. Correct it, or run \`rm ${file}\`.`,
  };
}

const GROUP_OR_OTHERS = 0o077;
const OTHERS_WRITE = 0o002;

interface LooseModes {
  /** Files with any permission for group or others. */
  readonly files: readonly string[];
  /** Whether any user may replace these files. */
  readonly isFolderOpen: boolean;
}

/** Checks the files that may contain a secret, including missing ones. Never throws. */
export function looseModes(folder: string): LooseModes {
  const names = [
    OPERATOR_FILES.env,
    ...OPERATOR_FILES.accessToken,
    ...OPERATOR_FILES.refreshToken,
    STATE_FILE,
  ];
  const files = names.map((name) => path.join(folder, name));
  return {
    files: files.filter((file) => hasBits(file, GROUP_OR_OTHERS)),
    isFolderOpen: hasBits(folder, OTHERS_WRITE),
  };
}

function hasBits(place: string, bits: number): boolean {
  try {
    return (statSync(place).mode & bits) !== 0;
  } catch {
    return false;
  }
}
