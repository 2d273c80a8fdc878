// A line of a log: what is read from it, and how it is said. Pure.
import * as z from 'zod/mini';
import { type DayEvent, eventLine, parseEventLine } from '../../../core/recording/day-events.ts';
import {
  type Instant,
  formatClock,
  formatIso,
  formatIst,
  parseInstant,
} from '../../../core/time.ts';
import { type Terminal, type Tone, paint } from '../../shared/terminal.ts';
import { onOneLine } from '../../../core/text.ts';

/** As a log keeps it. */
export interface Entry {
  /** The same for the same line, however often it is read. */
  readonly id: string;
  readonly at: Instant;
  readonly text: string;
  /** The harvester that wrote it, where several did. */
  readonly shard?: string;
}

type Level = LoggedEvent['level'] | 'platform';

/** What people want to know of it. */
interface Said {
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

/** What Lambda itself writes around each run. */
const PLATFORM = /^(?:START|END|REPORT|INIT_START|INIT_REPORT|RESTORE_START|XRAY)\b/;
/** Lambda's own report of what a function threw: it stands behind the function's own last line. */
const UNCAUGHT = /\bERROR\b|Task timed out|"errorType"/;

/** Null for a line that is none of our events. */
export function eventIn({ at, text }: Entry): LoggedEvent | null {
  const parsed = Line.safeParse(jsonIn(text));
  if (!parsed.success) return null;
  const { level, time, event, message, facts } = parsed.data;
  return { at: instantIn(time) ?? at, level, event: event ?? null, message, facts };
}

export function isPlatformLine({ text }: Entry): boolean {
  return PLATFORM.test(text);
}

/** For people, on one line: `25 Nov 2026, 07:00:03 IST  warn  Login needed … (reason: policy)`. */
export function textOf(terminal: Terminal, entry: Entry): string {
  const { at, level, message, facts } = saidOf(entry);
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

/** For scripts: our lines as they are, every other one as a message of the platform. */
export function jsonOf(entry: Entry): string {
  const known = jsonIn(entry.text);
  return known !== null && typeof known === 'object'
    ? JSON.stringify(known)
    : JSON.stringify({ level: 'platform', time: formatIso(entry.at), message: entry.text.trim() });
}

/** A line of a harvester's event log, as an entry. */
export function dayEntry(event: DayEvent, shard: string): Entry {
  return { id: `${shard} ${eventLine(event)}`, at: event.at, text: eventLine(event), shard };
}

function saidOf(entry: Entry): Said {
  const event = eventIn(entry);
  if (event !== null) return event;
  const text = entry.text.trim();
  const day = parseEventLine(text);
  if (day !== null) return dayLine(day);
  const level = isPlatformLine(entry) ? 'platform' : UNCAUGHT.test(text) ? 'error' : 'info';
  return { at: entry.at, level, message: onOneLine(text), facts: {} };
}

/** Of the harvester's event log: holes are warnings, the rest is the day's course. */
function dayLine(event: DayEvent): Said {
  const { at } = event;
  if (event.event === 'plan') {
    const { symbols, everySeconds, opensAt, closesAt, feed, session, certainty } = event;
    const hours = `${formatClock(opensAt)} to ${formatClock(closesAt)}`;
    const message = `plan: ${symbols.join(', ')} every ${String(everySeconds)} s, ${hours}`;
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

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function instantIn(text: string): Instant | null {
  try {
    return parseInstant(text);
  } catch {
    return null;
  }
}
