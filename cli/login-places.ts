// Where the tokens of a login go: the files of the reference, or the parameters by way of the keeper.
import * as z from 'zod/mini';
import {
  folderStore,
  refuseUnwritable,
  writeAccessToken,
  writeRefreshToken,
} from '../adapters/files/token-folder.ts';
import { readTokenFiles } from '../adapters/files/operator-files.ts';
import { FyersError } from '../core/errors.ts';
import { REGION } from '../core/names.ts';
import { considerAccessToken, considerRefreshToken } from '../core/token/adopt.ts';
import { parseTokenState } from '../core/token/state.ts';
import { parameterReader } from './aws.ts';
import { invokeKeeper } from './functions.ts';
import type { LoginContext } from './login-context.ts';
import { type Tokens, foreign, proveStored } from './login-mint.ts';

export interface Place {
  /** For people: "in /home/me/fyers" or "in Parameter Store (ap-south-1)". */
  readonly name: string;
  /** The account as configured or first seen here. */
  readonly account: string | null;
  readonly accessToken: string | null;
  readonly refreshToken: string | null;
  /** The caller has proven them. @returns what became of each, a sentence each */
  put(tokens: Tokens): Promise<readonly string[]>;
}

/** @throws FyersError `platform.disk` where a token could not be kept; before anybody logs in for it */
export async function placeOf(context: LoginContext): Promise<Place> {
  return context.target === 'aws' ? parameters(context) : folder(context);
}

async function folder(context: LoginContext): Promise<Place> {
  const { session, fyId } = context;
  await refuseUnwritable(context.folder);
  const { accessToken, refreshToken } = readTokenFiles(context.folder);
  for (const token of [accessToken, refreshToken]) if (token !== null) session.hide(token);
  const account = fyId ?? (await firstSeen(context));
  return {
    name: `in ${context.folder}`,
    account,
    accessToken,
    refreshToken,
    put: (tokens) => putIntoFiles(context, account, tokens),
  };
}

/** The account that a refresh of this folder noted. */
async function firstSeen({ folder, session }: LoginContext): Promise<string | null> {
  const store = folderStore({ folder, settings: () => null, onSecret: session.hide });
  return parseTokenState((await store.read('FYERS_TOKEN_STATE')) ?? '')?.fyId ?? null;
}

/** Read again: another login may have ended first, and the newest token that lives is kept. */
async function putIntoFiles(
  context: LoginContext,
  account: string | null,
  { accessToken, refreshToken }: Tokens,
): Promise<readonly string[]> {
  const { folder, session } = context;
  const held = readTokenFiles(folder);
  const view = { account, now: session.io.clock.now() };
  const { kind } = considerAccessToken(accessToken, held.accessToken, view);
  const stays = kind === 'left' && (await proveStored(context, account, held.accessToken)) !== null;
  const access = stays
    ? [`The access token in ${folder} is as new and live; it stays.`]
    : (await writeAccessToken(folder, accessToken)).map((file) => `Access token: ${file}`);
  const refresh = considerRefreshToken(refreshToken, held.refreshToken, view);
  if (refresh.kind === 'left') return access;
  const files = await writeRefreshToken(folder, refresh.token);
  return [...access, ...files.map((file) => `Refresh token: ${file}`)];
}

async function parameters(context: LoginContext): Promise<Place> {
  const { session, names, fyId } = context;
  const read = await parameterReader(session, names);
  return {
    name: `in Parameter Store (${REGION})`,
    account: fyId,
    accessToken: await read('FYERS_ACCESS_TOKEN'),
    refreshToken: await read('FYERS_REFRESH_TOKEN'),
    put: (tokens) => handOver(context, tokens),
  };
}

const Adopted = z.object({ did: z.string(), fingerprint: z.nullable(z.string()) });
const Report = z.object({ accessToken: Adopted, refreshToken: Adopted });

/** The keeper proves the token itself, and publishes it. */
async function handOver(context: LoginContext, tokens: Tokens): Promise<readonly string[]> {
  const { session, names } = context;
  const { body } = await invokeKeeper(session, names, { adopt: tokens });
  const report = Report.safeParse(body);
  if (!report.success) {
    throw new FyersError(
      'platform.integrity',
      `${names.function('refresh')} did not say what it did with the tokens.`,
      'Look with `npx --no-install fyers tokens --use-ssm`.',
    );
  }
  const { accessToken, refreshToken } = report.data;
  refuseUnadopted(names.function('refresh'), accessToken.did);
  return [
    `${names.parameter('FYERS_ACCESS_TOKEN')}: ${accessToken.did}`,
    `${names.parameter('FYERS_REFRESH_TOKEN')}: ${refreshToken.did}`,
  ];
}

/** `same` and `older` mean that another login was published first. */
function refuseUnadopted(name: string, did: string): void {
  if (['published', 'same', 'older'].includes(did)) return;
  if (did === 'foreign') throw foreign(null, null);
  throw new FyersError(
    'broker.bad-token',
    `${name} found the new token ${did} and did not publish it.`,
    'Run `npx --no-install fyers login --aws` again in a few minutes.',
  );
}
