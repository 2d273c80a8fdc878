// Prints the logs of the functions and the harvester in readable form (`./fyers logs`). The functions' lines come
// from CloudWatch; the harvesters' event logs of the latest day come from their segments in the bucket.
import type { ListObjectsV2CommandOutput } from '@aws-sdk/client-s3';
import { Argument, type Command } from 'commander';
import * as z from 'zod/mini';
import { stopSignal } from '../../adapters/process/stop-signal.ts';
import { unzipSegment } from '../../adapters/recordings/unzip.ts';
import { type FunctionActor, type Names, REGION } from '../../core/config/names.ts';
import { FyersError } from '../../core/errors.ts';
import { parseEventLine, type DayEvent, eventLine } from '../../core/recording/day-events.ts';
import { counted, onOneLine, parseJson } from '../../core/text.ts';
import {
  DAY,
  HOUR,
  instant,
  type Instant,
  MINUTE,
  plus,
  SECOND,
  formatClock,
  formatIso,
  formatIst,
  parseInstant,
} from '../../core/time.ts';
import { awsCall, nullIfNotFound } from '../shared/aws.ts';
import type { Session } from '../shared/io.ts';
import { bucketOf } from '../shared/recordings.ts';
import { namesOf, settingsOf } from '../shared/settings.ts';
import { type Terminal, type Tone, paint } from '../shared/terminal.ts';

type Who = FunctionActor | 'harvester';

interface LogsOptions {
  readonly follow?: true;
  readonly since?: string;
  readonly suffix?: string;
  readonly bucket?: string;
  readonly json?: true;
  readonly debug?: true;
}

interface Source {
  /** Oldest first. */
  readonly read: (since: Instant) => Promise<readonly Entry[]>;
  readonly since: Instant;
  readonly everyMs: number;
  /** Text for people if there are no lines. */
  readonly empty: string;
}

const WHO = ['refresh', 'login', 'watch', 'harvester'] as const;
const DEFAULT_SINCE = '1d';
/** Lines can reach CloudWatch later than others that were written after them. */
const MAX_DELAY_MS = MINUTE;
const UNITS: Readonly<Record<string, number>> = { s: SECOND, m: MINUTE, h: HOUR, d: DAY };

export function addLogs(program: Command, session: Session): void {
  program
    .command('logs')
    .description('Show the logs of the functions and the harvester, in Indian time.')
    .addArgument(new Argument('<who>', 'whose log').choices(WHO))
    .option('-f, --follow', 'print new lines until Ctrl-C')
    .option('--since <TIME>', `how far back: 90s, 30m, 12h, 7d (default: ${DEFAULT_SINCE})`)
    .option('--suffix <SUFFIX>', 'the suffix of a second stack in the account')
    .option(
      '--bucket <BUCKET>',
      'the bucket of the harvester (default: FYERS_BUCKET, else the stack output)',
    )
    .option('--json', 'one JSON object a line, for scripts')
    .option('--debug', "also show Lambda's own lines, and more detail when something fails")
    .addHelpText(
      'after',
      `
refresh, login and watch are functions: their lines come from CloudWatch Logs, with your own AWS identity. harvester shows
the event log of its latest day in the bucket: the plan, and each slot without a row with its reason. During a session it
is uploaded in segments. The log of the process itself is on the instance: \`journalctl -u fyers-harvester\`.

Examples:
  $ ./fyers logs refresh
  $ ./fyers logs watch --since 7d
  $ ./fyers logs login --follow
  $ ./fyers logs harvester --json | jq 'select(.event == "hole")'`,
    )
    .action((who: Who, options: LogsOptions) => logs(session, who, options));
}

async function logs(session: Session, who: Who, options: LogsOptions): Promise<void> {
  const source = await (who === 'harvester'
    ? harvesterSource(session, options)
    : functionSource(session, who, options));
  const shown = new Set<string>();
  const show = (entries: readonly Entry[]): void => {
    for (const entry of entries) {
      if (shown.has(entry.id)) continue;
      shown.add(entry.id);
      if (isPlatformLine(entry) && options.json !== true && options.debug !== true) continue;
      session.io.out(options.json === true ? jsonOf(entry) : textOf(session.io, entry));
    }
  };
  const first = await source.read(source.since);
  show(first);
  if (options.follow === true) await follow(session, source, first, show);
  else if (first.length === 0) session.io.err(source.empty);
}

/** Runs until Ctrl-C, which is the normal end. */
async function follow(
  { io }: Session,
  source: Source,
  first: readonly Entry[],
  show: (entries: readonly Entry[]) => void,
): Promise<void> {
  using stop = stopSignal();
  try {
    let newest = first.at(-1)?.at ?? source.since;
    while (!stop.signal.aborted) {
      await io.clock.sleepUntil(plus(io.clock.now(), source.everyMs), stop.signal);
      const entries = await source.read(laterOf(source.since, plus(newest, -MAX_DELAY_MS)));
      show(entries);
      newest = laterOf(newest, entries.at(-1)?.at ?? newest);
    }
  } catch (caught) {
    if (!stop.signal.aborted) throw caught;
  }
}

async function functionSource(
  session: Session,
  actor: FunctionActor,
  options: LogsOptions,
): Promise<Source> {
  const { io } = session;
  const names = namesOf(settingsOf(io.cwd, io.env), options.suffix);
  const since = options.since ?? DEFAULT_SINCE;
  const read = await logReader(session);
  return {
    since: plus(io.clock.now(), -durationIn(since)),
    everyMs: 2 * SECOND,
    empty: `${names.function(actor)} has logged nothing for ${since}. Look further back with --since 7d.`,
    read: async (from) => {
      const entries = await read(names.logGroup(actor), from);
      if (entries === null) throw noLogGroupError(names, actor);
      return entries;
    },
  };
}

async function harvesterSource(session: Session, options: LogsOptions): Promise<Source> {
  const { io } = session;
  const bucket = options.bucket ?? (await bucketOf(session));
  const back = options.since === undefined ? null : durationIn(options.since);
  return {
    // Without --since show all of the latest day.
    since: back === null ? plus(io.clock.now(), -365 * DAY) : plus(io.clock.now(), -back),
    everyMs: MINUTE,
    empty: `There is no event log for that time in s3://${bucket}/depth/v2/. The first segments are uploaded a few minutes after a session begins: \`./fyers status\`.`,
    read: async (from) => {
      const latest = await latestDay(session, bucket);
      return latest?.entries.filter(({ at }) => at >= from) ?? [];
    },
  };
}

/** Milliseconds. @throws FyersError `operator.usage` */
function durationIn(text: string): number {
  const [, count = '', unit = ''] = /^(\d{1,4})([smhd])$/.exec(text) ?? [];
  const ms = Number(count) * (UNITS[unit] ?? 0);
  if (ms > 0) return ms;
  throw new FyersError(
    'operator.usage',
    `--since "${text}" is not a duration.`,
    'Write a number and s, m, h or d: `./fyers logs refresh --since 12h`.',
  );
}

function laterOf(a: Instant, b: Instant): Instant {
  return a > b ? a : b;
}

const DAYS = 'depth/v2/';
/** `events.jsonl.gz` after the close; during the day there are segments whose names sort in the order of shipping. */
const WHOLE = '/events.jsonl.gz';
const SHARD = /\/shard=(\d+)\/$/;
const PIECE = /\/events[^/]*\.jsonl\.gz$/;

interface DayLogRead {
  /** Key prefix in the bucket. */
  readonly day: string;
  readonly entries: readonly Entry[];
}

/**
 * Null if the bucket has no day. Errors: those of every AWS call by the operator, and `operator.config` for a missing
 * bucket.
 */
async function latestDay({ io }: Session, bucket: string): Promise<DayLogRead | null> {
  const s3 = await import('@aws-sdk/client-s3');
  const client = new s3.S3Client(io.aws);
  const read = async (Key: string) => {
    const { Body } = await client.send(new s3.GetObjectCommand({ Bucket: bucket, Key }));
    const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array();
    return (await unzipSegment(bytes)).toString('utf8');
  };
  return awsCall(`Reading s3://${bucket}/${DAYS}`, async () => {
    try {
      const pages = (Prefix: string) =>
        s3.paginateListObjectsV2({ client }, { Bucket: bucket, Prefix, Delimiter: '/' });
      const day = (await foldersIn(pages(`${DAYS}date=`))).toSorted().at(-1);
      if (day === undefined) return null;
      const entries: Entry[] = [];
      const folders = await foldersIn(pages(day));
      for (const folder of folders) {
        const shard = SHARD.exec(folder)?.[1] ?? '0';
        for (const key of eventKeys(await filesIn(pages(folder)))) {
          entries.push(...parseEntries(await read(key), shard));
        }
      }
      const shown = folders.length > 1 ? entries : entries.map(withoutShard);
      return { day, entries: shown.toSorted((a, b) => a.at - b.at) };
    } catch (caught) {
      if (caught instanceof Error && caught.name === 'NoSuchBucket') throw noBucketError(bucket);
      throw caught;
    }
  });
}

type Pages = AsyncIterable<ListObjectsV2CommandOutput>;

async function foldersIn(pages: Pages): Promise<readonly string[]> {
  const folders: string[] = [];
  for await (const { CommonPrefixes = [] } of pages) {
    folders.push(...CommonPrefixes.flatMap(({ Prefix }) => Prefix ?? []));
  }
  return folders;
}

async function filesIn(pages: Pages): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const { Contents = [] } of pages)
    keys.push(...Contents.flatMap(({ Key }) => Key ?? []));
  return keys;
}

/** Returns the keys of one shard: the whole log, or its segments until the whole log exists. */
function eventKeys(keys: readonly string[]): readonly string[] {
  const whole = keys.filter((key) => key.endsWith(WHOLE));
  return whole.length > 0 ? whole : keys.filter((key) => PIECE.test(key)).toSorted();
}

function parseEntries(text: string, shard: string): readonly Entry[] {
  return text
    .split('\n')
    .flatMap((line) => parseEventLine(line) ?? [])
    .map((event) => dayEntry(event, shard));
}

/** With a single harvester the shard number is left out. */
function withoutShard({ shard: _one, ...entry }: Entry): Entry {
  return entry;
}

function noBucketError(bucket: string): FyersError {
  return new FyersError(
    'operator.config',
    `There is no bucket ${bucket} in this account.`,
    'Name it with --bucket; `pulumi stack output bucket` shows it.',
  );
}

/** Returns every line since an instant, oldest first; null if the log group does not exist. */
type ReadLog = (logGroup: string, since: Instant) => Promise<readonly Entry[] | null>;

/** Errors: `operator.credentials`, `platform.permission`, `platform.store`. */
export async function logReader({ io }: Session): Promise<ReadLog> {
  const { CloudWatchLogsClient, paginateFilterLogEvents } =
    await import('@aws-sdk/client-cloudwatch-logs');
  const client = new CloudWatchLogsClient(io.aws);
  return (logGroupName, since) =>
    nullIfNotFound(`Reading the log group ${logGroupName}`, async () => {
      const entries: Entry[] = [];
      const pages = paginateFilterLogEvents({ client }, { logGroupName, startTime: since });
      for await (const { events = [] } of pages) {
        for (const { eventId, logStreamName = '', timestamp = 0, message = '' } of events) {
          const id = eventId ?? `${logStreamName} ${String(timestamp)} ${message}`;
          entries.push({ id, at: instant(timestamp), text: message });
        }
      }
      return entries.sort((a, b) => a.at - b.at);
    });
}

function noLogGroupError(names: Names, actor: FunctionActor): FyersError {
  return new FyersError(
    'operator.prerequisite',
    `There is no log group ${names.logGroup(actor)} in ${REGION}: ${names.function(actor)} is not deployed in this account.`,
    'Run `pulumi up`, or name another stack with --suffix.',
  );
}

/** One line as the log stores it. */
export interface Entry {
  /** Stable id: the same line always has the same id. */
  readonly id: string;
  readonly at: Instant;
  readonly text: string;
  /** The harvester that wrote the line, if there are several. */
  readonly shard?: string;
}

type Level = LoggedEvent['level'] | 'platform';

/** The parts of an event that are shown to people. */
interface Summary {
  readonly at: Instant;
  readonly level: Level;
  readonly message: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

export interface LoggedEvent {
  readonly at: Instant;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly event: string | null;
  readonly message: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

const Line = z.object({
  level: z.enum(['debug', 'info', 'warn', 'error']),
  time: z.string(),
  event: z.optional(z.string()),
  message: z.catch(z.string(), ''),
  facts: z.catch(z.record(z.string(), z.unknown()), {}),
});

const TONES: Readonly<Record<Level, Tone>> = {
  debug: 'quiet',
  info: 'quiet',
  warn: 'strong',
  error: 'bad',
  platform: 'quiet',
};

/** Lines that Lambda itself writes around each run. */
const PLATFORM = /^(?:START|END|REPORT|INIT_START|INIT_REPORT|RESTORE_START|XRAY)\b/;
/** Lambda's report of an uncaught error; it comes after the function's own last line. */
const UNCAUGHT = /\bERROR\b|Task timed out|"errorType"/;

/** Returns null for a line that is not one of our events. */
export function eventIn({ at, text }: Entry): LoggedEvent | null {
  const parsed = Line.safeParse(parseJson(text));
  if (!parsed.success) return null;
  const { level, time, event, message, facts } = parsed.data;
  return { at: parseInstantOrNull(time) ?? at, level, event: event ?? null, message, facts };
}

function isPlatformLine({ text }: Entry): boolean {
  return PLATFORM.test(text);
}

/** Formats one line for people: `25 Nov 2026, 07:00:03 IST  warn  Login needed … (reason: policy)`. */
function textOf(terminal: Terminal, entry: Entry): string {
  const { at, level, message, facts } = summarize(entry);
  const [date = ''] = formatIst(at).split(',');
  const shown = Object.entries({ ...facts, shard: entry.shard ?? null })
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
  return [
    paint(terminal, 'quiet', `${date}, ${formatClock(at)} IST`),
    paint(terminal, TONES[level], level.padEnd(5)),
    shown === '' ? message : `${message} ${paint(terminal, 'quiet', `(${shown})`)}`,
  ].join('  ');
}

/** For scripts: our lines unchanged, other lines wrapped as a platform message. */
function jsonOf(entry: Entry): string {
  const known = parseJson(entry.text);
  return known !== null && typeof known === 'object'
    ? JSON.stringify(known)
    : JSON.stringify({ level: 'platform', time: formatIso(entry.at), message: entry.text.trim() });
}

/** Converts a line of a harvester's event log. */
function dayEntry(event: DayEvent, shard: string): Entry {
  return { id: `${shard} ${eventLine(event)}`, at: event.at, text: eventLine(event), shard };
}

function summarize(entry: Entry): Summary {
  const event = eventIn(entry);
  if (event !== null) return event;
  const text = entry.text.trim();
  const day = parseEventLine(text);
  if (day !== null) return dayLine(day);
  const level = isPlatformLine(entry) ? 'platform' : UNCAUGHT.test(text) ? 'error' : 'info';
  return { at: entry.at, level, message: onOneLine(text), facts: {} };
}

/** Formats an event of a harvester's event log: holes are warnings, all others are information. */
function dayLine(event: DayEvent): Summary {
  const { at } = event;
  if (event.event === 'plan') {
    const { symbols, everySeconds, opensAt, closesAt, feed, session, certainty } = event;
    const hours = `${formatClock(opensAt)} to ${formatClock(closesAt)}`;
    const message = `plan: ${symbolsText(symbols)} every ${String(everySeconds)} s, ${hours}`;
    return { at, level: 'info', message, facts: { feed, session, certainty } };
  }
  if (event.event === 'hole') {
    const { reason, symbols, from, to } = event;
    const message = `hole: ${formatClock(from)} to ${formatClock(to)}, ${reason}`;
    return { at, level: 'warn', message, facts: { symbols: symbols.join(' ') } };
  }
  if (event.event === 'symbol') {
    const { symbol, event: name, at: _at, ...facts } = event;
    return { at, level: 'info', message: `${name}: ${symbol}`, facts };
  }
  if (event.event === 'field-faults') {
    const { symbols, rows } = event;
    const fields = Object.entries(rows).map(([field, count]) => `${field} ${String(count)}`);
    const message = `${event.event}: rows without ${fields.join(', ')}`;
    return { at, level: 'warn', message, facts: { symbols: symbols.join(' ') } };
  }
  const level = event.event === 'day-log-replaced' ? 'error' : 'info';
  return { at, level, message: `${event.event}: ${event.message}`, facts: {} };
}

/** Symbols of a plan that fit on a terminal; a group may have thousands. */
const MAX_PLAN_SYMBOLS = 20;

function symbolsText(symbols: readonly string[]): string {
  return symbols.length <= MAX_PLAN_SYMBOLS
    ? symbols.join(', ')
    : `${counted(symbols.length, 'symbol')}, ${symbols[0] ?? ''} to ${symbols.at(-1) ?? ''},`;
}

function parseInstantOrNull(text: string): Instant | null {
  try {
    return parseInstant(text);
  } catch {
    return null;
  }
}
