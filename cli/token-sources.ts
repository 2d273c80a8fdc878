// Where tokens are looked at: the operator's folder, or the parameters in AWS.
import path from 'node:path';
import { readTokenFiles } from '../adapters/files/operator-files.ts';
import { parseFyId } from '../core/config.ts';
import type { CalendarOptions } from '../core/market/calendar.ts';
import { ENVIRONMENT, REGION } from '../core/names.ts';
import { tokenIn } from '../core/token/check.ts';
import { parameterReader } from './aws.ts';
import type { Session } from './io.ts';
import {
  type Settings,
  apiUrlOf,
  calendarOf,
  namesOf,
  proofReads,
  settingOrStop,
  settingsOf,
} from './settings.ts';

export interface Held {
  /** For people: "in /home/me/fyers" or "in Parameter Store (ap-south-1)". */
  readonly place: string;
  readonly appId: string | null;
  /** The only Fyers client whose tokens count; null when none is configured. */
  readonly account: string | null;
  readonly accessToken: string | null;
  readonly refreshToken: string | null;
  /** Without a trailing slash. */
  readonly apiUrl: string;
  /** What a proof of the access token reads. */
  readonly reads: 'profile' | 'depth';
  /** The days that the operator knows better. */
  readonly calendar: CalendarOptions;
  readonly notices: readonly string[];
  readonly problems: readonly string[];
  /** How a new token gets here. */
  readonly nextStep: string;
}

interface Where {
  readonly dir: string;
  readonly suffix?: string;
  /** Of a caller that reports by itself what is wrong with `.env`; by default any problem of it is an error. */
  readonly settings?: Settings;
}

/** Errors: `operator.config`. What is wrong with a token file is among the problems. */
export function fromFiles(session: Session, { dir, settings: given }: Where): Held {
  const { io } = session;
  const folder = path.resolve(io.cwd, dir);
  const settings = given ?? settingsOf(folder, io.env);
  const appId = settings('FYERS_CLIENT_ID');
  const { accessToken, refreshToken, notices, problems } = readTokenFiles(folder, appId);
  for (const token of [accessToken, refreshToken]) if (token !== null) session.hide(token);
  return {
    place: `in ${folder}`,
    appId,
    ...shared(folder, settings),
    accessToken,
    refreshToken,
    notices,
    problems,
    nextStep: `Run \`npx --no-install fyers login${dir === '.' ? '' : ` --dir ${dir}`}\`, which writes ${path.join(folder, 'access_token.txt')}.`,
  };
}

/** Errors: `operator.config`, `operator.credentials`, `platform.permission`, `platform.store`. */
export async function fromParameters(
  session: Session,
  { dir, suffix, settings: given }: Where,
): Promise<Held> {
  const { io } = session;
  const folder = path.resolve(io.cwd, dir);
  const settings = given ?? settingsOf(folder, io.env);
  const read = await parameterReader(session, namesOf(settings, suffix));
  const appId = await read('FYERS_CLIENT_ID');
  const accessToken = tokenIn(await read('FYERS_ACCESS_TOKEN'));
  const refreshToken = tokenIn(await read('FYERS_REFRESH_TOKEN'));
  return {
    place: `in Parameter Store (${REGION})`,
    appId,
    ...shared(folder, settings),
    accessToken,
    refreshToken,
    notices: [],
    problems: [],
    nextStep: `Run \`npx --no-install fyers login --aws${suffix === undefined ? '' : ` --suffix ${suffix}`}\`.`,
  };
}

function shared(
  folder: string,
  settings: Settings,
): Pick<Held, 'account' | 'apiUrl' | 'reads' | 'calendar'> {
  return {
    account: settingOrStop(settings, ENVIRONMENT.fyId, parseFyId),
    apiUrl: apiUrlOf(settings),
    reads: proofReads(settings),
    calendar: calendarOf(folder, settings),
  };
}
