// Runs the keeper's refresh in AWS or on this folder's files (`./fyers refresh`).
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import type { Command } from 'commander';
import * as z from 'zod/mini';
import { fyersBroker } from '../../adapters/fyers/auth.ts';
import {
  claimFiles,
  folderStore,
  makeKeys,
  refuseUnwritable,
} from '../../adapters/operator/token-folder.ts';
import { clockError, faultByTokens } from '../../core/clock-faults.ts';
import { ENVIRONMENT, REFERENCE_REDIRECT_URI } from '../../core/config/names.ts';
import { parseFyId, parsePin, type Pin } from '../../core/config/values.ts';
import { FyersError } from '../../core/errors.ts';
import type { App, Broker, SecretReader, TokenStore } from '../../core/ports.ts';
import type { AskReason } from '../../core/token/decide.ts';
import { reasonText } from '../../core/token/messages.ts';
import { parseTokenState } from '../../core/token/state.ts';
import type { KeeperPorts, KeeperSettings } from '../../keeper/ports.ts';
import { refresh } from '../../keeper/refresh.ts';
import { invokeKeeper, withNextStep } from '../shared/aws.ts';
import type { Session } from '../shared/io.ts';
import {
  apiUrlOf,
  calendarOf,
  clockCheck,
  type ClockCheck,
  namesOf,
  parseOrThrow,
  parseSettingOrThrow,
  proofReads,
  type Settings,
  settingsOf,
  warnOfClock,
} from '../shared/settings.ts';
import { ownApp } from './login/context.ts';
import {
  isWorthKeeping,
  keepTokens,
  patience,
  proveStored,
  type Tokens,
  unprovenError,
} from './login/mint.ts';
import { report } from './login/report.ts';

export function addRefresh(program: Command, session: Session): void {
  program
    .command('refresh')
    .description('Refresh the access token, as FyersTokenRefresh does every morning.')
    .option('--local', 'refresh the token files of the folder')
    .option('--aws', 'run FyersTokenRefresh in AWS now')
    .option('--probe', 'try a refresh at Fyers although Fyers has switched refreshes off')
    .option('--dir <DIR>', 'the folder of .env and of the token files', '.')
    .option('--suffix <SUFFIX>', 'the suffix of a second stack in the account')
    .option('--json', 'for scripts')
    .option('--debug', 'show more detail when something fails')
    .addHelpText(
      'after',
      `
Needs a refresh token and the PIN. Fyers switched refreshes off on 1 April 2026. A refusal is stored, and the PIN is not
sent again without --probe. If the access token is live, no refresh is requested. Use \`login\` for a new one.

--local reads refresh_token.txt, and FYERS_CLIENT_ID, FYERS_SECRET_KEY and FYERS_PIN from .env (a missing PIN is
asked for), and writes access_token.txt and daily_token.txt (the same), readable only by you (mode 600). Earlier refusals are
kept in .fyers-token-state.json. --aws invokes the function with your own AWS identity; it may send a login link.

Exits with 0 if the token is live, 2 if a login is needed, and 3 or 4 if Fyers or AWS failed.

Examples:
  $ ./fyers refresh --local
  $ ./fyers refresh --aws
  $ ./fyers refresh --aws --probe`,
    )
    .action((options: RefreshOptions) => refreshWith(session, options));
}

async function refreshWith(session: Session, options: RefreshOptions): Promise<void> {
  if ((options.local === true) === (options.aws === true)) {
    throw new FyersError(
      'operator.usage',
      'A refresh changes either the token files of this folder or the stack in AWS; choose one.',
      'Run `./fyers refresh --local` or `./fyers refresh --aws`.',
    );
  }
  await (options.local === true ? refreshFiles(session, options) : refreshStack(session, options));
}

const Body = z.object({ message: z.string() });

/** Maps the status to the exit code: 200 is a live token (or a day of rest), 202 a pending login. */
async function refreshStack(session: Session, options: RefreshOptions): Promise<void> {
  const { io } = session;
  const names = namesOf(settingsOf(path.resolve(io.cwd, options.dir), io.env), options.suffix);
  const event = options.probe === true ? { probe: true } : {};
  const { statusCode, body } = await invokeKeeper(session, names, event);
  const parsed = Body.safeParse(body);
  const message = parsed.success ? parsed.data.message : '';
  const answer = { function: names.function('refresh'), statusCode, message };
  io.out(options.json === true ? JSON.stringify(answer, null, 2) : message);
  if (statusCode === 200) return;
  throw new FyersError(
    'operator.login',
    'The token is not live until you log in.',
    'Log in through the link, if one was sent, or run `./fyers login --aws`.',
  );
}

// Runs the keeper's refresh on the operator's folder (`./fyers refresh --local`): the same decisions, latches and
// counters as in AWS, stored in files.

interface RefreshOptions {
  readonly dir: string;
  readonly suffix?: string;
  readonly local?: true;
  readonly aws?: true;
  readonly probe?: true;
  readonly json?: true;
}

/** Replaces next steps of the keeper that only apply to a stack. */
const NEXT_STEPS: Readonly<Partial<Record<FyersError['code'], string>>> = {
  'operator.app-secret':
    'Copy both again from https://myapi.fyers.in/dashboard into .env, and repeat the command.',
  'operator.account':
    'Log in to the right account with `./fyers login`, or set your account as FYERS_FY_ID in .env.',
  'broker.bad-token': 'Run `./fyers login`.',
  'broker.unreachable': 'Run `./fyers refresh --local` again in a few minutes.',
  'broker.refused':
    "Check the app's permissions and IP addresses at https://myapi.fyers.in/dashboard, then run `./fyers refresh --local` again.",
  'broker.rate-limit':
    'Stop other programs that use the account, and run `./fyers refresh --local` again in a few minutes.',
  'broker.foreign-answer':
    "Check this machine's connection, and wait ten minutes before you run `./fyers refresh --local` again.",
  'platform.busy': 'Run `./fyers refresh --local` again in two minutes.',
};

/** @throws FyersError as the keeper, with next steps for this machine; `operator.login` if only a login helps */
async function refreshFiles(session: Session, options: RefreshOptions): Promise<void> {
  const { io } = session;
  const folder = path.resolve(io.cwd, options.dir);
  const settings = settingsOf(folder, io.env);
  const app = ownApp(settings, folder);
  session.hide(app.secret);
  await refuseUnwritable(folder);
  await makeKeys(folder);
  const store = folderStore({ folder, settings, onSecret: session.hide });
  const check = clockCheck(io.clock);
  await refuseWrongClock(store, io);
  const { onServerTime } = check;
  const apiUrl = apiUrlOf(settings);
  const minting = rememberTokens(fyersBroker({ apiUrl, onSecret: session.hide, onServerTime }));
  const { broker } = minting;
  const probe = options.probe === true;
  const keeper = keeperSettings(settings, options, folder);
  const ports: KeeperPorts = {
    ...withoutLinks(patience(io)),
    store,
    claims: claimFiles(folder),
    secrets: pinReader(settings, {
      ...{ session, app, store, broker, probe, reads: keeper.proof },
      clockCheck: check,
      account: keeper.fyId,
    }),
    // Send no message: the person who has to log in is running this command.
    notifier: { send: () => Promise.resolve(), hasListener: () => Promise.resolve(true) },
    broker,
    nonce: () => randomBytes(16).toString('hex'),
  };
  const { signal } = new AbortController();
  const outcome = await refresh(ports, keeper, { kind: 'operator', probe }, signal).catch(
    async (caught: unknown) => {
      const failure = failureOf(caught, check);
      const minted = minting.minted();
      const kept = { session, folder, target: 'local', options } as const;
      if (minted !== null && isWorthKeeping(failure, false)) await keepTokens(kept, minted);
      throw failure;
    },
  );
  warnOfClock(io, check);
  if (outcome.kind === 'login-needed') throw notRefreshedError(outcome.why);
  if (outcome.kind === 'rested') io.err(outcome.message);
  const already = outcome.kind === 'rested' || !outcome.published;
  report(
    io,
    {
      already,
      ...(already ? {} : { refreshed: true }),
      place: `in ${folder}`,
      accessToken: (await store.read('FYERS_ACCESS_TOKEN')) ?? '',
      refreshToken: await store.read('FYERS_REFRESH_TOKEN'),
      notes: [],
    },
    options,
  );
}

/** The operator's own run works on every day, and the command itself prints how to log in. */
function keeperSettings(
  settings: Settings,
  { suffix }: RefreshOptions,
  folder: string,
): KeeperSettings {
  return {
    names: namesOf(settings, suffix),
    days: 'all',
    // The operator probes with --probe.
    probeRefresh: 'never',
    calendar: calendarOf(folder, settings),
    fyId: parseSettingOrThrow(settings, ENVIRONMENT.fyId, parseFyId),
    proof: proofReads(settings),
    login: { loginUrl: '', redirectUri: REFERENCE_REDIRECT_URI, apiUrl: apiUrlOf(settings) },
  };
}

/**
 * Checks the clock before the PIN is sent: with a wrong clock both token validity and the day are misjudged. @throws
 * FyersError `operator.prerequisite`
 */
async function refuseWrongClock(store: TokenStore, { clock }: Session['io']): Promise<void> {
  const tokens = [await store.read('FYERS_ACCESS_TOKEN'), await store.read('FYERS_REFRESH_TOKEN')];
  const fault = faultByTokens(tokens, clock.now());
  if (fault !== null) throw clockError(fault, 'Nothing was sent to Fyers.');
}

/** With a wrong clock, a new token may only seem to end before 06:00. */
function failureOf(caught: unknown, check: ClockCheck): unknown {
  const fault = check.fault();
  const isJudgedByClock = caught instanceof FyersError && caught.code === 'broker.bad-token';
  return fault !== null && isJudgedByClock
    ? clockError(fault, 'The new token could not be judged with this clock.')
    : withNextStep(caught, NEXT_STEPS);
}

/** Wraps the broker and remembers the last tokens it issued. */
function rememberTokens(broker: Broker): {
  readonly broker: Broker;
  readonly minted: () => Tokens | null;
} {
  let minted: Tokens | null = null;
  const refresh: Broker['refresh'] = async (...input) => {
    const answer = await broker.refresh(...input);
    if (answer.kind === 'minted') {
      const { accessToken, refreshToken = null } = answer;
      minted = { accessToken, refreshToken };
    }
    return answer;
  };
  return { broker: { ...broker, refresh }, minted: () => minted };
}

interface Asking {
  readonly session: Session;
  readonly app: App;
  readonly store: TokenStore;
  readonly broker: Broker;
  readonly reads: 'profile' | 'depth';
  readonly clockCheck: ClockCheck;
  readonly probe: boolean;
  readonly account: string | null;
}

/** Reads the PIN from `.env`, else asks the person once, and only if the PIN will be sent. */
function pinReader(settings: Settings, asking: Asking): SecretReader {
  const own = parseSettingOrThrow(settings, 'FYERS_PIN', parsePin);
  let asked: Promise<Pin | null> | undefined;
  return { pin: () => (own === null ? (asked ??= pinOf(asking)) : Promise.resolve(own)) };
}

async function pinOf(asking: Asking): Promise<Pin | null> {
  const { person } = asking.session.io;
  if (person === null || !(await isPinNeeded(asking))) return null;
  const pin = await person.ask('Your Fyers PIN (four digits):', { hidden: true });
  return parseOrThrow('The PIN', parsePin(pin.trim()));
}

async function isPinNeeded({ probe, store, account, ...asking }: Asking): Promise<boolean> {
  if (probe) return true;
  if (parseTokenState((await store.read('FYERS_TOKEN_STATE')) ?? '')?.policyOff === true) {
    return false;
  }
  return (await proveStored(asking, account, await store.read('FYERS_ACCESS_TOKEN'))) === null;
}

/**
 * Drops the keeper's log line about the link, which is for a stack; the command itself reports that a login is
 * needed.
 */
function withoutLinks({ events, ...rest }: ReturnType<typeof patience>): typeof rest & {
  readonly events: typeof events;
} {
  return {
    ...rest,
    events: {
      log: (event) => {
        if (event.event !== 'login-needed') events.log(event);
      },
    },
  };
}

/** If the broker is unreachable, a login is not needed: nothing was refused. */
function notRefreshedError(why: AskReason): FyersError {
  if (why === 'rate-limited' || why === 'not-fyers') {
    return unprovenError({ kind: why, retryAfterMs: null, detail: '' }, 'refresh --local');
  }
  if (why === 'unreachable') {
    return new FyersError(
      'broker.unreachable',
      'Fyers could not be reached; nothing was changed.',
      'Run `./fyers refresh --local` again in a few minutes.',
    );
  }
  return new FyersError(
    'operator.login',
    `The access token could not be refreshed: ${reasonText(why)}.`,
    'Run `./fyers login`.',
  );
}
