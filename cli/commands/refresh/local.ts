// Runs the keeper's refresh on the operator's folder (`./fyers refresh --local`): the same decisions, latches and
// counters as in AWS, stored in files.
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import {
  claimFiles,
  folderStore,
  makeKeys,
  refuseUnwritable,
} from '../../../adapters/operator/token-folder.ts';
import { fyersBroker } from '../../../adapters/fyers/auth.ts';
import { type Pin, parseFyId, parsePin } from '../../../core/config/values.ts';
import { clockError, faultByTokens } from '../../../core/clock-fault.ts';
import { FyersError } from '../../../core/errors.ts';
import { reasonText } from '../../../core/token/messages.ts';
import { ENVIRONMENT, REFERENCE_REDIRECT_URI } from '../../../core/config/names.ts';
import type { App, Broker, SecretReader, TokenStore } from '../../../core/ports.ts';
import type { AskReason } from '../../../core/token/decide.ts';
import { parseTokenState } from '../../../core/token/state.ts';
import type { KeeperPorts, KeeperSettings } from '../../../keeper/ports.ts';
import { refresh } from '../../../keeper/refresh.ts';
import {
  apiUrlOf,
  calendarOf,
  clockCheck,
  type ClockCheck,
  namesOf,
  proofReads,
  parseSettingOrThrow,
  type Settings,
  settingsOf,
  parseOrThrow,
  warnOfClock,
} from '../../shared/settings.ts';
import type { Session } from '../../shared/io.ts';
import { ownApp } from '../login/context.ts';
import {
  isWorthKeeping,
  keepTokens,
  patience,
  proveStored,
  type Tokens,
  unprovenError,
} from '../login/mint.ts';
import { report } from '../login/report.ts';
import { withNextStep } from '../../shared/bucket.ts';

export interface RefreshOptions {
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
export async function refreshFiles(session: Session, options: RefreshOptions): Promise<void> {
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

/** An operator's run does not rest on any day, and the command itself prints the login text. */
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
    ? clockError(fault, 'So the new token could not be judged.')
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
