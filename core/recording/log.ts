// Defines the harvester's business events, one function each with its log line and metric.
import { isGroup } from '../config/groups.ts';
import { METRICS } from '../config/names.ts';
import type { CalendarNotice } from '../market/calendar.ts';
import type { SessionPlan } from '../market/phases.ts';
import type { LogRecord, Level, StreamNote } from '../ports.ts';
import { counted } from '../text.ts';
import { type Instant, type IstDate, formatClock, formatIst } from '../time.ts';
import type { CoverageSummary } from './coverage.ts';
import { type DepthField, fieldWords } from './field-faults.ts';

type HarvesterEvent = LogRecord & { readonly part: 'harvester' };

function harvesterEvent(
  level: Level,
  event: string,
  message: string,
  metric?: LogRecord['metric'],
): HarvesterEvent {
  return {
    part: 'harvester',
    level,
    event,
    message,
    ...(metric === undefined ? {} : { metric }),
  };
}

/** Logged before the session opens, or while it is open. */
export function sessionAwaited(session: SessionPlan, slots: number): HarvesterEvent {
  const { date, certainty, opensAt, closesAt } = session;
  return harvesterEvent(
    'info',
    'session-awaited',
    `The session of ${date} is from ${formatClock(opensAt)} to ${formatClock(closesAt)} IST: ${counted(slots, 'slot')} for each symbol. The hours are ${certainty}; \`./fyers calendar ${date}\` shows the source.`,
  );
}

export function recordingBegan(date: IstDate, from: Instant): HarvesterEvent {
  return harvesterEvent('info', 'recording', `Recording ${date} from ${formatClock(from)} IST.`);
}

/** An event of a stream. Only a refusal needs the operator; the harvester recovers from everything else. */
export function streamEvent({ event, message }: StreamNote): HarvesterEvent {
  const metric = event === 'frames-lost' ? FAULT : undefined;
  return harvesterEvent(STREAM_LEVELS[event] ?? 'info', event, message, metric);
}

/** Deliveries are logged at level debug, because the day's event log has every one. */
const STREAM_LEVELS: Readonly<Partial<Record<StreamNote['event'], Level>>> = {
  'stream-refused': 'error',
  'frames-lost': 'error',
  delivery: 'debug',
};

/** @param short set if the token ends before the session of that date closes */
export function tokenInUse(
  fingerprint: string,
  short: { readonly expiresAt: Instant; readonly date: IstDate } | null = null,
): HarvesterEvent {
  const limit =
    short === null
      ? ''
      : `, until ${formatIst(short.expiresAt)}: not for the session of ${short.date}`;
  return harvesterEvent('info', 'token-in-use', `A token is in use (${fingerprint})${limit}.`);
}

export function tokenMissing(): HarvesterEvent {
  return harvesterEvent(
    'warn',
    'token-missing',
    'There is no usable access token. It is read again every minute. Log in to Fyers and publish a token.',
    { name: 'TokenMissing', value: 1 },
  );
}

/** Logged once, when a recording starts. */
export function tokenUseless(
  why: 'missing' | 'expired' | 'foreign' | 'refused' | 'ends-early',
  message: string,
): HarvesterEvent {
  return harvesterEvent('warn', `token-${why}`, message);
}

export function clockWrong(message: string): HarvesterEvent {
  return harvesterEvent('warn', 'clock-wrong', message);
}

export function tokenUnreadable(problem: string): HarvesterEvent {
  return harvesterEvent('error', 'token-unreadable', problem, { name: 'TokenMissing', value: 1 });
}

interface SlotFacts {
  readonly filled: number;
  readonly expected: number;
  /** From the slot's instant to its first request. */
  readonly lagMs: number;
  /** From its first request to its last answer. */
  readonly tookMs: number;
}

export function slotTaken(slot: Instant, { filled, expected, lagMs, tookMs }: SlotFacts) {
  return harvesterEvent(
    'debug',
    'slot-taken',
    `Slot ${formatClock(slot)}: ${String(filled)} of ${String(expected)}, ${String(lagMs)} ms late, in ${String(tookMs)} ms.`,
  );
}

/** Logged once for each distinct answer. @param detail status, code and the broker's message */
export function brokerAnswered(symbol: string, detail: string): HarvesterEvent {
  return harvesterEvent(
    'warn',
    'broker-answer',
    `The broker's answer has no book of ${symbol}: ${detail}`,
  );
}

export function segmentShipped(date: IstDate, number: number, bytes: number): HarvesterEvent {
  return harvesterEvent(
    'debug',
    'piece-shipped',
    `Segment ${String(number)} of ${date} is in the bucket, ${String(bytes)} bytes.`,
  );
}

/** Logged when the reasons change; the heartbeat has the count. */
export function slotsMissed(slot: Instant, reasons: string): HarvesterEvent {
  return harvesterEvent(
    'warn',
    'slots-missed',
    `No row for some symbols from ${formatClock(slot)} IST on: ${reasons}.`,
  );
}

export function slotsFilledAgain(slot: Instant): HarvesterEvent {
  return harvesterEvent(
    'info',
    'slots-filled',
    `Every symbol has its row again from ${formatClock(slot)} IST on.`,
  );
}

/** Logged every minute, day and night. `SlotsMissed` and `DiskUsedPercent` are separate metrics. */
export function heartbeat(slotsMissed: number, diskUsedPercent: number): HarvesterEvent {
  return harvesterEvent(
    slotsMissed > 0 ? 'warn' : 'info',
    'heartbeat',
    `Alive: ${counted(slotsMissed, 'slot')} without a row since the last heartbeat, the disk is ${String(diskUsedPercent)} % full.`,
    { name: METRICS.heartbeat, value: 1 },
  );
}

/**
 * For every event that needs the operator. One metric for all, because the log shows which event it is; `faultBell` in
 * `adapters/aws/metrics.ts` decides when it alarms.
 */
const FAULT = { name: METRICS.faults, value: 1 };

export function dayLogReplaced(): HarvesterEvent {
  return harvesterEvent(
    'error',
    'day-log-replaced',
    'A write to the day log failed, so it continues in a new file. Check the disk.',
    FAULT,
  );
}

export function referenceCsvFailed(problem: string): HarvesterEvent {
  return harvesterEvent(
    'warn',
    'compat-failed',
    `The CSV file in the Python original's form cannot be written (${problem}). The day log is still written. Create the CSV afterwards with \`./fyers export DATE --compat --to FILE.csv\`.`,
  );
}

/** Logged once until the disk accepts writes again; the heartbeat counts the slots. */
export function diskRefuses(problem: string): HarvesterEvent {
  return harvesterEvent('error', 'disk-refuses', problem, FAULT);
}

export function tornTailCut(bytes: number): HarvesterEvent {
  return harvesterEvent(
    'warn',
    'torn-tail-cut',
    `${counted(bytes, 'byte')} of an incomplete line were removed: the last process was killed during a write.`,
  );
}

export function dayCompacted(
  date: IstDate,
  summary: Omit<CoverageSummary, 'symbols' | 'phases' | 'holes'>,
) {
  const { expected, received, explained, unexplained } = summary;
  return harvesterEvent(
    unexplained > 0 ? 'error' : 'info',
    'day-compacted',
    `${date}: ${String(expected)} slots expected, ${String(received)} received, ${String(explained)} explained, ${String(unexplained)} unexplained.`,
    unexplained > 0 ? FAULT : undefined,
  );
}

export function dayShipped(date: IstDate): HarvesterEvent {
  return harvesterEvent('info', 'day-shipped', `${date} is complete in the bucket.`);
}

export function dayTakenOver(date: IstDate, pieces: number): HarvesterEvent {
  return harvesterEvent(
    'info',
    'day-taken-over',
    `Another machine began ${date}. Its uploads were downloaded: ${counted(pieces, 'segment')}.`,
  );
}

export function linesQuarantined(date: IstDate, lines: number, file: string): HarvesterEvent {
  return harvesterEvent(
    'warn',
    'lines-quarantined',
    `${counted(lines, 'line')} of the day log of ${date} ${lines === 1 ? 'is not a complete row. It is' : 'are not complete rows. They are'} kept in ${file} and counted in the manifest.`,
  );
}

export function dayPutAside(date: IstDate, folder: string): HarvesterEvent {
  return harvesterEvent(
    'warn',
    'day-put-aside',
    `Moved the folder of ${date}, which has neither a plan nor rows, to ${folder}. No data was lost; you can delete it.`,
  );
}

export function shipConflict(date: IstDate): HarvesterEvent {
  return harvesterEvent(
    'error',
    'ship-conflict',
    `The bucket already has another recording of ${date}, so no more of this one is uploaded. Give this harvester another shard, or move one of the recordings away.`,
    FAULT,
  );
}

/** @param aliases the symbols that each alias means */
export function symbolsNamed(aliases: ReadonlyMap<string, readonly string[]>): HarvesterEvent {
  const each = [...aliases].map(([alias, symbols]) => {
    const [first = '', last = ''] = [symbols[0], symbols.at(-1)];
    return symbols.length === 1
      ? `${alias} is ${first}`
      : `${alias} is ${counted(symbols.length, 'symbol')}, ${first} to ${last}`;
  });
  return harvesterEvent('info', 'symbols-named', `Today ${each.join(', ')}.`);
}

export function symbolMasterIncomplete(problems: readonly string[]): HarvesterEvent {
  return harvesterEvent(
    'warn',
    'symbol-master',
    `Some facts about today's symbols are missing; the symbols are recorded anyway. ${problems.join('; ')}.`,
  );
}

/** An error, because the symbol has no rows all day. */
export function aliasUnknown(alias: string, why: string): HarvesterEvent {
  const next = isGroup(alias) ? 'Correct it' : 'Name a contract instead';
  return harvesterEvent(
    'error',
    'alias-unknown',
    `${alias} is not recorded today: ${why}. ${next}, or remove it from the symbols.`,
    FAULT,
  );
}

export function calendarRunsOut({ problem, nextStep }: CalendarNotice): HarvesterEvent {
  return harvesterEvent('warn', 'calendar-runs-out', `The ${problem}. ${nextStep}`);
}

/**
 * The cause may be a closure at short notice, or hours that are not in the calendar.
 * @param isKnown false for a status that the broker's documentation does not list; it does not alert the operator
 */
export function marketDiffers(status: string, isKnown: boolean): HarvesterEvent {
  return harvesterEvent(
    isKnown ? 'error' : 'warn',
    'market-differs',
    `The broker reports the market as ${status} while the calendar has continuous trading. Recording continues. If the exchange has announced a change, write the day into calendar.json: \`./fyers calendar --help\`.`,
    isKnown ? FAULT : undefined,
  );
}

/** Raises an alarm for the first fields of a day; further ones are only logged. */
export function fieldsUnusable(
  date: IstDate,
  fields: readonly DepthField[],
  { isFirst }: { readonly isFirst: boolean },
): HarvesterEvent {
  return harvesterEvent(
    isFirst ? 'error' : 'warn',
    'fields-unusable',
    `The broker's answers have no usable value for ${fields.map(fieldWords).join(', ')}. These columns are empty in some rows of ${date}. See how many with \`./fyers check ${date}\`, and view an answer with \`./fyers doctor --live\`.${fields.includes('ltt') ? ' A trade time in the future can also mean that the clock of this machine is behind: `timedatectl`.' : ''}`,
    isFirst ? { ...FAULT, of: date } : undefined,
  );
}

/** Raises an alarm: the operator should enter the day, as its hours are unchecked. */
export function unscheduledSession(date: IstDate, closesAt: Instant): HarvesterEvent {
  return harvesterEvent(
    'error',
    'surprise-session',
    `The broker reports the market as OPEN on ${date}, which is closed in the calendar. It is recorded until ${formatClock(closesAt)} IST, every phase UNKNOWN. Write the day into calendar.json, open with its hours, or closed if nothing trades, and run \`pulumi up\`: \`./fyers calendar --help\`.`,
    FAULT,
  );
}

export function timeFault(words: string): HarvesterEvent {
  return harvesterEvent('warn', 'time-fault', `${words}. Slots that were missed have a reason.`);
}

/** @param of identity of the fault, so that repetitions on any number of days count once; default: the step */
export function stepFailed(step: string, problem: string, of = step): HarvesterEvent {
  return harvesterEvent(
    'error',
    'step-failed',
    `${step} failed and will be tried again: ${problem}`,
    { ...FAULT, of },
  );
}

export function roomMade(dates: readonly IstDate[]): HarvesterEvent {
  return harvesterEvent(
    'info',
    'room-made',
    `Removed local copies of days that are complete in the bucket: ${dates.join(', ')}.`,
  );
}

/** Logged at once, before the current work is finished. */
export function stopAsked(): HarvesterEvent {
  return harvesterEvent(
    'info',
    'stop-asked',
    'Received a stop signal: the current work is finished first. A second signal ends the process at once.',
  );
}

/** @param opensAt of the next session, if no session is being recorded */
export function untilReached(until: Instant, opensAt: Instant | null): HarvesterEvent {
  return harvesterEvent(
    'info',
    'until-reached',
    opensAt === null
      ? `Stopped at ${formatIst(until)}, the time of --until, after the current slot.`
      : `The next session opens ${formatIst(opensAt)}, which is not before --until, ${formatIst(until)}.`,
  );
}

/** @param isRecording false if the harvester was waiting for a session */
export function stopping(isRecording: boolean): HarvesterEvent {
  return harvesterEvent(
    'info',
    'stopping',
    isRecording
      ? 'Stopped by a signal, after the current slot.'
      : 'Stopped by a signal. No session was being recorded.',
  );
}
