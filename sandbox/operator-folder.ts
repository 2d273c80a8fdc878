// Creates a temporary operator folder (`.env` and token files) for a run, or reads the user's own.
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readEnvFile, readTokenFiles } from '../adapters/operator/env-and-token-files.ts';
import { environmentName, type Key } from '../core/config/keys.ts';
import { REFERENCE_REDIRECT_URI } from '../core/config/names.ts';
import { mintTokens, type SimulatedApp } from './fyers/tokens.ts';

export interface OperatorFolder {
  readonly dir: string;
  readonly app: SimulatedApp;
  /** False: the broker is never asked to refresh, with any broker. */
  readonly hasRefreshToken: boolean;
  /** An invented address for a folder without one; null: the folder has its own. */
  readonly email: string | null;
}

/** Of a domain that is reserved for examples. Mail is never sent. */
const DEMO_EMAIL = 'you@example.com';

/** As docs/laptop.md has it. */
export const LOOPBACK_URI = 'http://127.0.0.1:8080/';

const DEMO_APP: SimulatedApp = {
  id: 'DEMO1234AB-100',
  secret: 'DEMOSECRET',
  pin: '4071',
  fyId: 'XD00001',
  redirectUri: REFERENCE_REDIRECT_URI,
  loopbackUri: LOOPBACK_URI,
};

/**
 * Creates a folder like those of the Python original's users: yesterday's access token and a refresh token that is
 * valid for days.
 */
export async function throwAwayFolder(
  dir: string,
  seed: string,
  now: number,
): Promise<OperatorFolder> {
  const { accessToken, refreshToken } = mintTokens(seed, DEMO_APP, now);
  const env = `FYERS_CLIENT_ID=${DEMO_APP.id}\nFYERS_SECRET_KEY=${DEMO_APP.secret}\nFYERS_PIN=${DEMO_APP.pin}\n`;
  const files = { '.env': env, 'access_token.txt': accessToken, 'refresh_token.txt': refreshToken };
  for (const [name, text] of Object.entries(files)) {
    await writeFile(path.join(dir, name), text, { mode: 0o600 });
  }
  return { dir, app: DEMO_APP, hasRefreshToken: true, email: DEMO_EMAIL };
}

/** A key's value in `.env`; null if it is absent or blank. */
export function envValue(values: Readonly<Record<string, string>>, key: Key): string | null {
  const value = values[environmentName(key)]?.trim() ?? '';
  return value === '' ? null : value;
}

/**
 * Reads the user's own folder, which the preflight has checked. The simulator accepts its credentials and refresh
 * token. Missing values are invented.
 */
export function ownFolder(dir: string): OperatorFolder {
  const { values } = readEnvFile(dir);
  const { refreshToken } = readTokenFiles(dir);
  const valueOf = (key: Key) => envValue(values, key);
  return {
    dir: path.resolve(dir),
    hasRefreshToken: refreshToken !== null && valueOf('pin') !== null,
    email: valueOf('email') === null ? DEMO_EMAIL : null,
    app: {
      id: valueOf('clientId') ?? '',
      secret: valueOf('secretKey') ?? '',
      pin: valueOf('pin') ?? DEMO_APP.pin,
      fyId: valueOf('fyId') ?? DEMO_APP.fyId,
      redirectUri: valueOf('redirectUri') ?? REFERENCE_REDIRECT_URI,
      loopbackUri: LOOPBACK_URI,
      ...(refreshToken === null ? {} : { honoured: refreshToken }),
    },
  };
}
