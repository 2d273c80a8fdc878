// Parses one log line and formats it for people or scripts. Pure.
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
import { counted, onOneLine, parseJson } from '../../../core/text.ts';

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

export function isPlatformLine({ text }: Entry): boolean {
  return PLATFORM.test(text);
}

/** Formats one line for people: `25 Nov 2026, 07:00:03 IST  warn  Login needed … (reason: policy)`. */
export function textOf(terminal: Terminal, entry: Entry): string {
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
export function jsonOf(entry: Entry): string {
  const known = parseJson(entry.text);
  return known !== null && typeof known === 'object'
    ? JSON.stringify(known)
    : JSON.stringify({ level: 'platform', time: formatIso(entry.at), message: entry.text.trim() });
}

/** Converts a line of a harvester's event log. */
export function dayEntry(event: DayEvent, shard: string): Entry {
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
