// Starts the harvester process: connects its ports to their adapters. Bundled, it is the instance's
// artifact.
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { S3Client } from '@aws-sdk/client-s3';
import { SSMClient } from '@aws-sdk/client-ssm';
import { meteredEvents } from '../adapters/aws/metrics.ts';
import { objectStore } from '../adapters/aws/object-store.ts';
import { parameterStore } from '../adapters/aws/parameters.ts';
import { dayFolders, strikeFile, lockFolder } from '../adapters/recordings/data-folder.ts';
import { THIS_DISK, diskRefusal, proveWritable } from '../adapters/recordings/disk.ts';
import { overridesFile, storedOverrides } from '../adapters/operator/calendar-file.ts';
import { indexListsOf, readIndexLists } from '../adapters/operator/index-lists.ts';
import { frameRecorder } from '../adapters/recordings/frame-recorder.ts';
import { rawLog } from '../adapters/recordings/raw-answers.ts';
import { tokenFiles } from '../adapters/operator/token-folder.ts';
import { lastPrices, marketStatus } from '../adapters/fyers/market-status.ts';
import { type RawAnswer, restDepth } from '../adapters/fyers/depth-feed.ts';
import type { RestGuard } from '../adapters/fyers/rate-guard.ts';
import { streamDepth } from '../adapters/fyers/stream/feed.ts';
import { withRestFallback } from '../adapters/fyers/stream/rest-fallback.ts';
import { symbolMaster } from '../adapters/fyers/symbol-master.ts';
import { systemClock, systemTimepiece } from '../adapters/process/clock.ts';
import { type Log, createLog } from '../adapters/process/log.ts';
import { runChild } from '../adapters/process/run-child.ts';
import { serviceManager } from '../adapters/process/service-manager.ts';
import { stopSignal } from '../adapters/process/stop-signal.ts';
import * as logEvents from '../core/recording/log.ts';
import { FyersError, exitCodeOf, toError } from '../core/errors.ts';
import { indicesIn } from '../core/config/groups.ts';
import { nextSession } from '../core/market/calendar.ts';
import { REGION, harvesterDimensions, namesFor } from '../core/config/names.ts';
import { fallbackPlan } from '../core/config/sampling.ts';
import type { Clock, DepthFeed, FrameSink, Logger, TokenStore } from '../core/ports.ts';
import { type IstDate, SECOND } from '../core/time.ts';
import { displayFingerprint } from '../core/token/digest.ts';
import { compactDay } from './compact.ts';
import { proveClosed } from './close-days.ts';
import { harvest } from './loop.ts';
import { type TradingCalendar, sessionsOn } from './calendar.ts';
import {
  type CompactSettings,
  type Environment,
  type HarvestSettings,
  parseSettings,
  refusePast,
} from './settings.ts';
import type { LookFirst } from './first-look.ts';
import type { MarketStatus } from './unscheduled-session.ts';
import type { ProgressListener } from './ports.ts';
import { type NameResolverOptions, type ResolveNames, nameResolver } from './symbols.ts';
import { type HeldToken, holdToken } from './token.ts';

export interface RunOptions {
  readonly clock: Clock;
  /** When aborted, the current slot is finished and the run ends with 0. */
  readonly signal: AbortSignal;
  readonly argv: readonly string[];
  readonly env: Environment;
  /** Output of log lines; default: standard output. */
  readonly write?: (line: string) => void;
  /** A person at a terminal. */
  readonly listener?: ProgressListener;
  /** Set if a person started the harvester. */
  readonly lookFirst?: LookFirst;
}

/** Enough for a day of fifty symbols, and small compared to the instance's memory. */
const COMPACTION_HEAP_MIB = 128;
/** Timeouts of AWS calls: a hanging call must not delay more than a slot or two. */
const AWS = {
  region: REGION,
  maxAttempts: 2,
  requestHandler: {
    connectionTimeout: 2 * SECOND,
    requestTimeout: 10 * SECOND,
    throwOnRequestTimeout: true,
  },
};

const NO_METRICS = { measure: () => undefined, flush: () => Promise.resolve() };

/**
 * Returns the exit code: 0, operator 2, broker 3, platform 4, bug 70. Never throws; an error is the
 * last log line.
 */
export async function run(options: RunOptions): Promise<number> {
  const { clock, signal, argv, env, write } = options;
  const debug = argv.includes('--debug');
  const log = createLog({ clock, debug, ...(write === undefined ? {} : { write }) });
  try {
    const settings = parseSettings(argv, env, undefined, readIndexLists);
    if (settings.kind === 'compact') await compact(settings);
    else {
      refusePast(settings, clock.now());
      const { lookFirst } = options;
      const listeners = listenersOf(options, log);
      await record(settings, { clock, signal, log, listeners, lookFirst });
    }
    return 0;
  } catch (caught) {
    const error = diskRefusal(caught) ?? toError(caught);
    const known = error instanceof FyersError;
    log.log({
      part: 'harvester',
      level: 'error',
      event: known ? error.code : 'bug.unexpected',
      message: log.scrub(known ? error.message : (error.stack ?? error.message)),
    });
    return exitCodeOf(error);
  }
}

async function compact({ dataDir, date, shard }: CompactSettings): Promise<void> {
  // Lock the day's folder: a compaction continues after its harvester was killed, and the
  // compaction of the next harvester must not use the same files.
  await using _lock = await lockFolder(path.join(dataDir, 'days', date));
  const folder = dayFolders(dataDir).folder(date);
  await compactDay({
    folder,
    date,
    shard,
    ...sessionsOn(date, { overrides: storedOverrides(dataDir) }),
  });
}

interface Surroundings {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly listeners: readonly ProgressListener[];
  readonly lookFirst: LookFirst | undefined;
}

function listenersOf({ env, listener }: RunOptions, log: Log): readonly ProgressListener[] {
  const systemd = serviceManager({
    env,
    onFailure: logStep(log, 'Notifying systemd'),
  });
  return [systemd, listener].flatMap((each) => each ?? []);
}

async function record(settings: HarvestSettings, surroundings: Surroundings) {
  const { clock, signal, log, listeners } = surroundings;
  const { dataDir, shard } = settings;
  signal.addEventListener('abort', () => {
    log.log(logEvents.stopAsked());
  });
  const store = await tokenStoreOf(settings, log);
  await using _lock = await lockFolder(dataDir);
  await proveWritable(path.join(dataDir, 'days'));
  const { events, metrics, objects } = awsPortsOf(settings, log);
  const calendar = overridesFile({
    dataDir,
    objects,
    operatorDir: settings.tokensFolder ?? '.',
    onProblem: logStep(events, 'Reading the calendar'),
  });
  await calendar.refresh();
  const token = holdToken({
    ...{ store, clock, events, calendar },
    fingerprint: displayFingerprint,
  });
  const days = dayFolders(
    dataDir,
    THIS_DISK,
    settings.referenceCsv ? logOncePerMessage(events) : null,
  );
  await using raw = rawLog(dataDir, logStep(events, "Writing the broker's answers"));
  await using polled = polledFeed(settings, { clock, token, events, raw });
  await using feed = feedOf(settings, { clock, token, events, days, polled });
  const { guard } = polled;
  const looked = await surroundings.lookFirst?.({
    ...{ settings, store, clock, events, signal, guard, log },
    session: nextSession(clock.now(), calendar),
  });
  const recorded = await harvest({
    ...settings,
    ...{ clock, signal, feed, token, events, metrics, days, objects, listeners, calendar },
    compact: (date) => compactInChild(dataDir, date, shard),
    resolveNames: namesBy(settings, { days, objects, calendar, token, guard }),
    marketStatus: statusBy(settings.apiUrl, token, guard),
    ...(clock === systemClock ? { timepiece: systemTimepiece() } : {}),
  });
  await looked?.proven;
  // A running harvester retries failed steps, but after the last session there is no retry.
  if (settings.sessions !== null) await proveClosed({ days, objects }, recorded);
}

interface LookupPorts {
  readonly days: ReturnType<typeof dayFolders>;
  readonly objects: ReturnType<typeof awsPortsOf>['objects'];
  readonly calendar: TradingCalendar;
  readonly token: HeldToken;
  readonly guard: RestGuard;
}

/** Creates the lookup that resolves the configured names each day. */
function namesBy(
  { dataDir, tokensFolder, masterUrl, apiUrl, feed, sampling }: HarvestSettings,
  { days, objects, calendar, token, guard }: LookupPorts,
): ResolveNames {
  const { symbols: names, everySeconds } = sampling;
  return nameResolver({
    ...{ names, days, calendar, limit: { feed, everySeconds } },
    master: symbolMaster({ masterUrl, folder: path.join(dataDir, 'symbols') }),
    lastPrices: pricesBy(apiUrl, token, guard),
    indexLists: indexListsOf({
      ...{ dataDir, objects, indices: indicesIn(names.join()) },
      operatorDir: tokensFolder ?? '.',
    }),
  });
}

function logStep(events: Logger, step: string): (problem: string) => void {
  return (problem) => {
    events.log(logEvents.stepFailed(step, problem));
  };
}

/** Metrics and the bucket, which only an instance has. */
function awsPortsOf({ bucket, suffix, shard }: HarvestSettings, log: Log) {
  if (bucket === null) return { events: log, metrics: NO_METRICS, objects: null };
  const metered = meteredEvents({
    client: new CloudWatchClient(AWS),
    events: log,
    dimensions: harvesterDimensions(suffix, String(shard)),
  });
  const objects = objectStore({ client: new S3Client(AWS), bucket });
  return { events: metered, metrics: metered, objects };
}

interface FeedPorts {
  readonly clock: Clock;
  readonly token: HeldToken;
  readonly events: Logger;
}

/** The REST feed. With a stream it is the fallback, and its guard is used for all other calls. */
function polledFeed(
  settings: HarvestSettings,
  { clock, token, events, raw }: FeedPorts & { readonly raw: ReturnType<typeof rawLog> },
) {
  const { apiUrl, dataDir, sampling } = settings;
  const keep = (answer: RawAnswer): void => {
    raw.keep(answer);
  };
  return restDepth({
    ...{ apiUrl, appId: token.appId, clock },
    sampling: settings.feed === 'rest' ? sampling : fallbackPlan(sampling),
    ...(settings.raw ? { onAnswer: keep } : {}),
    strikes: strikeFile(dataDir, logStep(events, 'Writing the count of rate limits')),
  });
}

function feedOf(
  { apiUrl, sampling, feed: kind }: HarvestSettings,
  {
    clock,
    token,
    events,
    days,
    polled,
  }: FeedPorts & {
    readonly days: ReturnType<typeof dayFolders>;
    readonly polled: ReturnType<typeof restDepth>;
  },
): DepthFeed {
  if (kind === 'rest') return polled;
  const stream = streamDepth({
    ...{ kind, apiUrl, appId: token.appId, sampling, clock, random: Math.random },
    frames: storeOfFrames(days, clock, events),
  });
  return withRestFallback({ stream, rest: polled, plan: fallbackPlan(sampling) });
}

function storeOfFrames(
  days: ReturnType<typeof dayFolders>,
  clock: Clock,
  events: Logger,
): (date: IstDate) => FrameSink {
  return (date) =>
    frameRecorder({
      ...{ segments: days.frames(date), clock },
      onFailed: logStep(events, 'Storing the frames of the stream'),
    });
}

/**
 * Returns no prices without a token: strikes near the money then depend on the last stored close.
 */
function pricesBy(
  apiUrl: string,
  token: HeldToken,
  guard: RestGuard,
): NameResolverOptions['lastPrices'] {
  return async (symbols, { timeoutMs, signal }) => {
    await token.read('if-due');
    const authorization = authorizationOf(token);
    if (authorization === null) return new Map();
    return lastPrices({ apiUrl, symbols, authorization, timeoutMs, signal, guard });
  };
}

function statusBy(apiUrl: string, token: HeldToken, guard: RestGuard): MarketStatus {
  const memory = { notPermitted: null };
  return async (bounds) => {
    const authorization = authorizationOf(token);
    return authorization === null
      ? null
      : marketStatus({ apiUrl, authorization, guard, memory, ...bounds });
  };
}

/** The `Authorization` value that Fyers expects; null without an app or a token. */
function authorizationOf(token: HeldToken): string | null {
  const [appId, accessToken] = [token.appId(), token.token()];
  return appId === null || accessToken === null ? null : `${appId}:${accessToken}`;
}

/** Logs a failure of the reference CSV once, not at every slot. */
function logOncePerMessage(events: Logger): (problem: Error) => void {
  let lastProblem = '';
  return ({ message }) => {
    if (message !== lastProblem) events.log(logEvents.referenceCsvFailed(message));
    lastProblem = message;
  };
}

/**
 * @throws FyersError `operator.credentials` if the operator's folder has no app id: waiting would
 * not help
 */
async function tokenStoreOf(settings: HarvestSettings, log: Log): Promise<TokenStore> {
  const onSecret = (value: string): void => {
    log.hide(value);
  };
  const folder = settings.tokensFolder;
  if (folder === null) {
    const names = namesFor(settings.suffix);
    return parameterStore({ client: new SSMClient(AWS), names, onSecret });
  }
  const store = tokenFiles({ folder, onSecret });
  if ((await store.read('FYERS_CLIENT_ID')) !== null) return store;
  throw new FyersError(
    'operator.credentials',
    `There is no FYERS_CLIENT_ID in ${path.resolve(folder, '.env')}, or it is empty.`,
    'Write it there, name the folder with --tokens DIR, or read the parameters: `./fyers harvest --use-ssm`.',
  );
}

function compactInChild(dataDir: string, date: IstDate, shard: number): Promise<void> {
  return runChild({
    file: fileURLToPath(import.meta.url),
    args: ['compact', '--data', dataDir, '--date', date, '--shard', String(shard)],
    heapMiB: COMPACTION_HEAP_MIB,
  });
}

function isEntry(): boolean {
  const [, script] = process.argv;
  return script !== undefined && realpathSync(script) === fileURLToPath(import.meta.url);
}

if (isEntry()) {
  using stop = stopSignal();
  process.exitCode = await run({
    clock: systemClock,
    signal: stop.signal,
    argv: process.argv.slice(2),
    env: process.env,
  });
}
