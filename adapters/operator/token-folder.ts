// Writes the operator's folder. Each file is replaced atomically and readable only by its owner.
import { randomBytes } from 'node:crypto';
import { lstat, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { OPERATOR_FILES, type ParameterName } from '../../core/config/names.ts';
import type { AccessToken, RefreshToken } from '../../core/config/values.ts';
import { errnoOf, FyersError, toError } from '../../core/errors.ts';
import type { ClaimStore, TokenStore } from '../../core/ports.ts';
import { formatUtc, instant } from '../../core/time.ts';
import { parseTokenState } from '../../core/token/state.ts';
import { readEnvFile, readRefreshTokenFile, readTokenFiles } from './env-and-token-files.ts';
import { readText } from './text-file.ts';

/** State between refreshes of this folder. Git ignores every file of this name. */
export const STATE_FILE = '.fyers-token-state.json';

/** Keys of the fingerprints in that state. */
const KEY_FILES = {
  FYERS_LINK_KEY: '.fyers-link-key',
  FYERS_PIN_KEY: '.fyers-pin-key',
} as const satisfies Partial<Record<ParameterName, string>>;
const KEY_BYTES = 32;

const OWNER_ONLY = 0o600;

/**
 * Writes both file names that readers of the reference implementation expect.
 * @returns the files
 */
export async function writeAccessToken(
  folder: string,
  token: AccessToken,
): Promise<readonly string[]> {
  return writeAll(folder, OPERATOR_FILES.accessToken, token);
}

export async function writeRefreshToken(
  folder: string,
  token: RefreshToken,
): Promise<readonly string[]> {
  return writeAll(folder, OPERATOR_FILES.refreshToken, token);
}

/**
 * Call this before a login.
 * @throws FyersError `platform.disk` if the token files cannot be written
 */
export async function refuseUnwritable(folder: string): Promise<void> {
  for (const name of [...OPERATOR_FILES.accessToken, ...OPERATOR_FILES.refreshToken]) {
    const file = path.join(folder, name);
    const found = await lstat(file).catch(() => null);
    if (found?.isDirectory() === true) throw notWritableError(file, 'EISDIR');
  }
  const trial = temporaryPath(folder);
  try {
    await (await open(trial, 'wx', OWNER_ONLY)).close();
  } catch (caught) {
    throw notWritableError(folder, codeOf(caught));
  } finally {
    await rm(trial, { force: true });
  }
}

interface FolderStoreOptions {
  readonly folder: string;
  /** From `.env` and the environment; null if the setting is in neither. */
  readonly settings: (name: string) => string | null;
  /** Called with every token that is read or written, so that an error can mask it. */
  readonly onSecret: (value: string) => void;
}

/**
 * The keeper's store: tokens and state in files, the app from the settings. Errors:
 * `operator.token-file`, `platform.*`.
 */
export function folderStore({ folder, settings, onSecret }: FolderStoreOptions): TokenStore {
  return {
    read: (name) =>
      Promise.resolve().then(() => {
        const value = read(folder, settings, name);
        if (value !== null) onSecret(value);
        return value;
      }),
    write: async (name, value) => {
      onSecret(value);
      const files = FILES[name];
      if (files === undefined) throw new Error(`${name} is not kept in files`);
      await writeAll(folder, files, value);
    },
  };
}

/**
 * Creates missing keys for the folder; for a stack, `pulumi up` does this.
 * @throws FyersError `platform.disk`
 */
export async function makeKeys(folder: string): Promise<void> {
  for (const name of Object.values(KEY_FILES)) {
    const file = path.join(folder, name);
    if ((await lstat(file).catch(() => null)) !== null) continue;
    await writeWhole(file, randomBytes(KEY_BYTES).toString('hex'));
  }
}

const FILES: Readonly<Partial<Record<ParameterName, readonly string[]>>> = {
  FYERS_ACCESS_TOKEN: OPERATOR_FILES.accessToken,
  FYERS_REFRESH_TOKEN: OPERATOR_FILES.refreshToken,
  FYERS_TOKEN_STATE: [STATE_FILE],
};

function read(
  folder: string,
  settings: FolderStoreOptions['settings'],
  name: ParameterName,
): string | null {
  switch (name) {
    case 'FYERS_ACCESS_TOKEN':
      // A file without a valid token counts as missing: the next token replaces it.
      return readTokenFiles(folder, settings('FYERS_CLIENT_ID')).accessToken;
    case 'FYERS_REFRESH_TOKEN': {
      const { token, problems } = readRefreshTokenFile(folder, settings('FYERS_CLIENT_ID'));
      if (token !== null || problems.length === 0) return token;
      throw new FyersError(
        'operator.token-file',
        problems.join(' '),
        'Then repeat the command; `./fyers tokens` checks all files.',
      );
    }
    case 'FYERS_TOKEN_STATE':
      return readState(path.join(folder, STATE_FILE));
    case 'FYERS_CLIENT_ID':
    case 'FYERS_SECRET_KEY':
      return settings(name);
    case 'FYERS_LINK_KEY':
    case 'FYERS_PIN_KEY':
      return readOwn(path.join(folder, KEY_FILES[name]));
    case 'FYERS_LOGIN_STATE':
    case 'FYERS_LOGIN_URL':
    case 'FYERS_TELEGRAM':
      return null;
  }
}

function readState(file: string): string | null {
  const text = readOwn(file);
  if (text === null || parseTokenState(text) !== null) return text;
  throw unreadableStateError(file, 'does not contain a token state');
}

/** Null if there is no such file. */
function readOwn(file: string): string | null {
  const read = readText(file);
  if (read.kind === 'unreadable') throw unreadableStateError(file, read.why);
  return read.kind === 'absent' ? null : read.text;
}

function unreadableStateError(file: string, problem: string): FyersError {
  return new FyersError(
    'platform.integrity',
    `${file} ${problem}, so the inputs that were refused before are unknown.`,
    `Run \`rm ${file}\` if the refresh token and the PIN are right.`,
  );
}

async function writeAll(
  folder: string,
  names: readonly string[],
  content: string,
): Promise<readonly string[]> {
  const files = names.map((name) => path.join(folder, name));
  for (const file of files) await writeWhole(file, content);
  return files;
}

/**
 * Writes a temporary file and renames it: a reader gets the old content or the new one, and a
 * failure keeps the old one.
 */
async function writeWhole(file: string, content: string): Promise<void> {
  const temporaryFile = temporaryPath(path.dirname(file));
  try {
    const handle = await open(temporaryFile, 'wx', OWNER_ONLY);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporaryFile, file);
  } catch (caught) {
    await rm(temporaryFile, { force: true });
    throw notWritableError(file, codeOf(caught));
  }
}

function temporaryPath(folder: string): string {
  return path.join(folder, `.fyers-${randomBytes(6).toString('hex')}.tmp`);
}

function codeOf(caught: unknown): string {
  return errnoOf(caught) || toError(caught).name;
}

function notWritableError(place: string, code: string): FyersError {
  const nextStep =
    code === 'EISDIR'
      ? `It is a folder. Check its content with \`ls -la ${place}\`, move it away, and repeat the command.`
      : code === 'ENOSPC'
        ? 'Make room on that disk (`df -h`), and repeat the command.'
        : `Check it with \`ls -ld ${place}\`, or name another folder with --dir.`;
  return new FyersError(
    'platform.disk',
    `${place} cannot be written (${code}); its old content is unchanged.`,
    nextStep,
  );
}

// Implements a read-only token store on the operator's folder: `.env` and the token files, read
// again at every call.

interface TokenFileOptions {
  readonly folder: string;
  /** Called with every token that is read, so that a log can mask it. */
  readonly onSecret: (value: string) => void;
}

/** Errors: `operator.token-file` for a file that cannot be read or is malformed. */
export function tokenFiles({ folder, onSecret }: TokenFileOptions): TokenStore {
  return {
    read(name) {
      return Promise.resolve().then(() => {
        const { values, problems } = readEnvFile(folder);
        if (name !== 'FYERS_ACCESS_TOKEN') {
          // An error in another line of `.env` does not stop a recording.
          const value = values[name]?.trim() ?? '';
          if (value === '') throwIfProblems(problems);
          return value === '' ? null : value;
        }
        const tokens = readTokenFiles(folder, values['FYERS_CLIENT_ID'] ?? null);
        if (tokens.accessToken === null) throwIfProblems(tokens.problems);
        if (tokens.accessToken !== null) onSecret(tokens.accessToken);
        return tokens.accessToken;
      });
    },
    write(name) {
      return Promise.reject(
        new FyersError(
          'platform.store',
          `${name} is not written to the operator's folder.`,
          'Run `./fyers login`, which writes the token files.',
        ),
      );
    },
  };
}

function throwIfProblems(problems: readonly string[]): void {
  if (problems.length === 0) return;
  throw new FyersError(
    'operator.token-file',
    problems.join(' '),
    'Then the file is read again; `./fyers tokens` checks it.',
  );
}

// Stores claims on a token mint as create-once files in the operator's folder. Claims contain no
// secrets. `FYERS_TOKEN_CLAIM_2026-11-25_1` is `.fyers-token-claim-2026-11-25-1`, a name that git
// ignores.

/** Errors: `platform.disk`. */
export function claimFiles(folder: string): ClaimStore {
  const fileOf = (claim: string) =>
    path.join(folder, `.${claim.toLowerCase().replaceAll('_', '-')}`);
  return {
    async take(claim, value) {
      try {
        await writeFile(fileOf(claim), value, { flag: 'wx', mode: 0o600 });
        return true;
      } catch (caught) {
        if (errnoOf(caught) === 'EEXIST') return false;
        throw claimError(fileOf(claim), caught);
      }
    },
    async read(claim) {
      try {
        const read = readText(fileOf(claim));
        if (read.kind === 'absent') return null;
        if (read.kind === 'unreadable') throw new Error(`it ${read.why}`);
        // The file is empty while its holder writes it, and stays empty if the holder crashed. Its
        // modification time is then precise enough.
        return read.text === ''
          ? formatUtc(instant(Math.floor((await stat(fileOf(claim))).mtimeMs)))
          : read.text;
      } catch (caught) {
        if (errnoOf(caught) === 'ENOENT') return null;
        throw claimError(fileOf(claim), caught);
      }
    },
    async remove(claim) {
      await rm(fileOf(claim), { force: true });
    },
  };
}

function claimError(file: string, caught: unknown): FyersError {
  return new FyersError(
    'platform.disk',
    `The claim ${file} failed: ${toError(caught).message}.`,
    `Check the folder with \`ls -la ${path.dirname(file)}\`, or name another one with --dir.`,
  );
}
