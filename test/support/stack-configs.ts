// Defines operators' folders and configurations that tests of the program begin from. The values are canaries.
import { parseKeys } from '../../core/config/keys.ts';
import type { World } from './graph.ts';
import { operatorToken } from './operator-token.ts';

export const APP_ID = 'CANARYID01-100';
export const APP_SECRET = 'CANARYSECRET';
export const PIN = '8263';
export const TELEGRAM = '7000000001:CANARY-bot-token-of-telegram/-100200300';
export const ACCESS_TOKEN = operatorToken('access_token', '2026-11-24T09:00:00+05:30');
export const REFRESH_TOKEN = operatorToken('refresh_token', '2026-11-24T09:00:00+05:30');

const ENV = `FYERS_CLIENT_ID=${APP_ID}\nFYERS_SECRET_KEY=${APP_SECRET}\n`;

/** The values of keys that are not set. */
export const { values: DEFAULTS } = parseKeys(
  () => null,
  (text) => text,
);

/** An app, and nothing else. */
export const APP_ONLY: World = { files: { '.env': ENV } };

/** Everything: an app in `.env`, both token files, the PIN and Telegram in Pulumi's configuration. */
export const WHOLE: World = {
  config: { pin: PIN, telegram: TELEGRAM },
  secretKeys: ['pin', 'telegram'],
  files: { '.env': ENV, 'access_token.txt': ACCESS_TOKEN, 'refresh_token.txt': REFRESH_TOKEN },
};
