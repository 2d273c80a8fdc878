// Reads the stored frames of a day and makes updates of books from them, one segment at a time: a
// day of frames does not fit into memory. A segment that is missing or damaged becomes a gap of all
// books, so the rest of the day is still read.
import { FyersError, nullIfDamaged } from '../../core/errors.ts';
import { type DayEvent, plannedSymbols } from '../../core/recording/day-events.ts';
import type { FrameRecord } from '../../core/stream/frame-log.ts';
import type { GapReason } from '../../core/stream/updates.ts';
import type { Wide } from '../../core/stream/tbt-frame.ts';
import { formatClock, formatIso, type Instant, type IstDate } from '../../core/time.ts';
import { instantOfFrames } from '../../adapters/recordings/frame-segments.ts';
import type { OpenedRecording, StoredFrames } from './recordings.ts';
import { symbolsNamed, unknownSymbolText } from './settings.ts';
import { paint, type Terminal } from './terminal.ts';

/**
 * Yields each segment, or null if it is missing or damaged. Shows its progress on a terminal.
 *
 * @param names of the segments to read, in the order of time
 * @throws errors of AWS calls, for a day in the bucket
 */
export async function* readSegments(
  terminal: Terminal,
  frames: StoredFrames,
  names: readonly string[],
): AsyncGenerator<Iterable<FrameRecord> | null> {
  try {
    for (const [index, name] of names.entries()) {
      terminal.progress?.(`Reading: segment ${String(index + 1)} of ${String(names.length)}`);
      const records = await nullIfDamaged(frames.read(name));
      if (records === null) {
        terminal.err(
          paint(terminal, 'bad', `${name} is missing or damaged: its frames are left out.`),
        );
      }
      yield records;
    }
  } finally {
    terminal.progress?.('');
  }
}

/** @throws FyersError `operator.usage` if the recording has no frames; `option` needs them */
export async function requireFrames(
  { frames, place }: OpenedRecording,
  option: string,
): Promise<readonly string[]> {
  const names = await frames.names();
  if (names.length > 0) return names;
  throw new FyersError(
    'operator.usage',
    `${place} has no frames of a stream, and ${option} needs them.`,
    `Leave out ${option}, or record a day with frames: \`./fyers harvest --feed tbt\`.`,
  );
}

/**
 * Returns the segments since the connections were last opened: enough for the book of an instant,
 * because a book is empty when its connection opens.
 *
 * @param openings of connections by the name of their socket, until the instant
 */
export function segmentsSince(
  names: readonly string[],
  date: IstDate,
  openings: ReadonlyMap<string, Instant>,
): readonly string[] {
  const from = Math.min(...openings.values());
  const first = segmentsUntil(names, date, from).length - 1;
  // Include the segment before, because an opening's event may be later than its first frames.
  return openings.size === 0 ? names : names.slice(Math.max(0, first - 1));
}

/** The segments that began at or before the instant. */
export function segmentsUntil(
  names: readonly string[],
  date: IstDate,
  until: number,
): readonly string[] {
  return names.filter((name) => (instantOfFrames(name, date) ?? until) <= until);
}

/**
 * The symbols of a day's plans that have one of the names.
 *
 * @throws FyersError `operator.usage` for a name that no symbol has
 */
export function symbolsIn(
  events: readonly DayEvent[],
  names: readonly string[],
): ReadonlySet<string> {
  const symbols = plannedSymbols(events);
  const found = names.map((name) => {
    const symbol = [...symbols].find(symbolsNamed([name]));
    if (symbol !== undefined) return symbol;
    throw new FyersError(
      'operator.usage',
      unknownSymbolText(symbols, name),
      'See the symbols of the day: `./fyers check`.',
    );
  });
  return new Set(found);
}

const GAP_WORDS: Readonly<Record<GapReason, string>> = {
  'sequence-gap': 'a message was skipped or unusable',
  closed: 'the connection was closed',
  stopped: 'the recorder had stopped',
  unreadable: 'a frame could not be read',
  lost: 'frames were not stored',
  damaged: 'a segment is missing or damaged',
  'no-snapshot': 'no whole book had arrived',
};

export function formatGap(reason: GapReason): string {
  return `${reason}: ${GAP_WORDS[reason]}`;
}

/** As the day's event log names it. */
export function socketName(socket: number): string {
  return socket === 0 ? 'hsm' : `tbt ${String(socket)}`;
}

/** `15:20:00.250`, in Indian time. */
export function formatMs(at: Instant): string {
  return `${formatClock(at)}.${formatIso(at).slice(20, 23)}`;
}

/** Returns a bigint as text, because a JSON number is exact only up to 2^53. */
export function jsonNumber(value: Wide | null): number | string | null {
  return typeof value === 'bigint' ? String(value) : value;
}
