// Creates a temporary operator folder (`.env` and token files) for a run, or reads the user's own.
import { constants } from 'node:fs';
import { access, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readEnvFile, readTokenFiles } from '../adapters/operator/env-and-token-files.ts';
import { FyersError, toError } from '../core/errors.ts';
import { OPERATOR_FILES, REFERENCE_REDIRECT_URI } from '../core/config/names.ts';
import { mintTokens, type SimulatedApp } from './fyers/tokens.ts';

export interface OperatorFolder {
  readonly dir: string;
  readonly app: SimulatedApp;
}

const DEMO_APP: SimulatedApp = {
  id: 'DEMO1234AB-100',
  secret: 'DEMOSECRET',
  pin: '4071',
  fyId: 'XD00001',
  redirectUri: REFERENCE_REDIRECT_URI,
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
  return { dir, app: DEMO_APP };
}

/**
 * Reads the user's own folder. The simulator accepts its credentials and refresh token; the program validates their
 * form.
 * @throws FyersError `operator.config` if there is no folder with a readable `.env`.
 */
export async function ownFolder(dir: string): Promise<OperatorFolder> {
  const file = path.join(dir, OPERATOR_FILES.env);
  try {
    await access(file, constants.R_OK);
  } catch (caught) {
    const cause = toError(caught);
    throw new FyersError(
      'operator.config',
      `--env ${dir}: ${file} cannot be read (${'code' in cause ? String(cause.code) : cause.message}).`,
      'Name a folder that holds your .env, or leave --env away to use an invented one.',
      { cause },
    );
  }
  // The program reports the problems of single lines.
  const { values } = readEnvFile(dir);
  const { refreshToken } = readTokenFiles(dir);
  return {
    dir: path.resolve(dir),
    app: {
      id: values['FYERS_CLIENT_ID'] ?? '',
      secret: values['FYERS_SECRET_KEY'] ?? '',
      pin: values['FYERS_PIN'] ?? '',
      fyId: values['FYERS_FY_ID'] ?? DEMO_APP.fyId,
      redirectUri: values['FYERS_REDIRECT_URI'] ?? REFERENCE_REDIRECT_URI,
      ...(refreshToken === null ? {} : { honoured: refreshToken }),
    },
  };
}
