// Prints the order book of one symbol at an instant (`./fyers inspect`): the recorded row, or with `--levels` up to fifty
// levels from the frames of a stream.
import type { Command } from 'commander';
import { FyersError } from '../../core/errors.ts';
import type { Book, Level } from '../../core/recording/book.ts';
import type { DayEvent } from '../../core/recording/day-events.ts';
import { type RecordedRow, bookOf, numberColumn, textColumn } from '../../core/recording/rows.ts';
import { instantOf } from '../../core/stream/frame-log.ts';
import type { DeepLevel } from '../../core/stream/level-values.ts';
import { TBT_LEVELS } from '../../core/stream/tbt-books.ts';
import {
  applyingUntil,
  type BookAt,
  bookTopicsIn,
  type Gap,
  startUpdates,
} from '../../core/stream/updates.ts';
import {
  type Instant,
  type IstDate,
  SECOND,
  formatClock,
  instant,
  istDateAt,
  plus,
  timeOfDay,
} from '../../core/time.ts';
import { phasesIn } from '../../harvester/calendar.ts';
import {
  formatGap,
  formatMs,
  jsonNumber,
  readSegments,
  requireFrames,
  segmentsSince,
  segmentsUntil,
  socketName,
  symbolsIn,
} from '../shared/frames.ts';
import type { Session } from '../shared/io.ts';
import {
  type RecordingOptions,
  recordingOf,
  withRecordingOptions,
  type OpenedRecording,
} from '../shared/recordings.ts';
import { unknownSymbolText, readOverrides, symbolsNamed } from '../shared/settings.ts';
import { startCounter, jsonOf, paint } from '../shared/terminal.ts';

interface InspectOptions extends RecordingOptions {
  readonly at?: string;
  readonly date?: string;
  readonly levels?: string;
}

const symbolOf = textColumn('symbol');
const timestampOf = numberColumn('timestamp');
const phaseOf = textColumn('phase');
const marksOf = textColumn('marks');

export function addInspect(program: Command, session: Session): void {
  withRecordingOptions(
    program
      .command('inspect')
      .description('Show the recorded book of a symbol at an instant, as a ladder.')
      .argument('<symbol>', 'such as NSE:SBIN-EQ, or SBIN')
      .option('--at <TIME>', 'HH:MM or HH:MM:SS in Indian time (default: the last book)')
      .option('--levels <N>', "1 to 50, from a stream's frames; then --at may have milliseconds")
      .option('--date <DATE>', 'a date or a file (default: the latest day)'),
  )
    .option('--json', 'for scripts')
    .option('--debug', 'show more detail when something fails')
    .addHelpText(
      'after',
      `
Shows the last book that was received at or before the instant.

With --levels, the book is built from the stored frames of a stream. If the book is not sound at that instant (after a
gap, until the next whole book), the reason is shown, and the exit code is 2. The frames of the last minute of a running
day cannot be read yet.

Examples:
  $ ./fyers inspect SBIN --at 15:20:30
  $ ./fyers inspect SBIN --at 15:20:00.250 --levels 50
  $ ./fyers inspect NSE:INFY-EQ --date 2026-11-25 --s3 --json`,
    )
    .action((symbol: string, options: InspectOptions) => inspect(session, symbol, options));
}

async function inspect(session: Session, wanted: string, options: InspectOptions): Promise<void> {
  const { io } = session;
  const levels = options.levels === undefined ? null : parseLevels(options.levels);
  await using recording = await recordingOf(session, options.date, options);
  if (levels !== null) {
    await inspectLevels(session, recording, { ...options, wanted, levels });
    return;
  }
  const until = options.at === undefined ? Infinity : parseMoment(recording.date, options.at);
  using counter = startCounter(io, 'Reading');
  const isMeant = symbolsNamed([wanted]);
  const symbols = new Set<string>();
  let [last, rows]: [RecordedRow | null, number] = [null, 0];
  for await (const row of recording.rows()) {
    counter.show((rows += 1));
    const symbol = row === null ? null : symbolOf(row);
    if (row === null || symbol === null) continue;
    symbols.add(symbol);
    if (!isMeant(symbol) || (timestampOf(row) ?? Infinity) > until) continue;
    if (last === null || (timestampOf(row) ?? 0) >= (timestampOf(last) ?? 0)) last = row;
  }
  if (last === null) throw noBookError(wanted, options.at, symbols);
  const at = instant(timestampOf(last) ?? 0);
  const [book, marks] = [bookOf(last), marksOf(last)];
  // Rows have no phase before compaction; the calendar's phase is used then.
  const phaseOn = phasesIn(await recording.events(), readOverrides(io));
  const phase = phaseOf(last) ?? phaseOn(book.symbol, at)?.name ?? null;
  if (options.json === true) io.out(jsonOf({ at, phase, marks, book }));
  else for (const line of ladder(session, { at, phase, marks, book })) io.out(line);
}

function parseMoment(date: IstDate | null, text: string): Instant {
  const at = date === null ? null : timeOfDay(date, text);
  // Include rows received within that second.
  if (at !== null) return plus(at, SECOND - 1);
  throw new FyersError(
    'operator.usage',
    `--at "${text}" is not a time of day.`,
    'Write HH:MM or HH:MM:SS: `./fyers inspect SBIN --at 15:20:30`. Milliseconds need --levels.',
  );
}

interface ShownBook {
  readonly at: Instant;
  readonly phase: string | null;
  readonly marks: string | null;
  readonly book: Book;
}

/** Prints asks from the highest price down, then bids from the best, as trading screens do. */
function ladder({ io }: Session, { at, phase, marks, book }: ShownBook): readonly string[] {
  const most = Math.max(1, ...[...book.bids, ...book.asks].map(({ quantity }) => quantity ?? 0));
  const line = (level: Level, side: 'bid' | 'ask') => {
    const bar = '█'.repeat(Math.max(1, Math.round((20 * (level.quantity ?? 0)) / most)));
    const price = (level.price?.toFixed(2) ?? '–').padStart(12);
    const quantity = (level.quantity?.toLocaleString('en') ?? '–').padStart(12);
    const orders = (level.orders?.toLocaleString('en') ?? '–').padStart(8);
    return `${paint(io, side === 'bid' ? 'good' : 'bad', price)}${quantity}${orders}  ${paint(io, side === 'bid' ? 'good' : 'bad', bar)}`;
  };
  const [bid, ask] = [book.bids[0]?.price ?? null, book.asks[0]?.price ?? null];
  const middle =
    bid === null || ask === null
      ? 'one side only'
      : `spread ${(ask - bid).toFixed(2)} (${((20_000 * (ask - bid)) / (ask + bid)).toFixed(1)} bp)`;
  const head = `${'price'.padStart(12)}${'quantity'.padStart(12)}${'orders'.padStart(8)}`;
  return [
    `${paint(io, 'strong', book.symbol)}  ${istDateAt(at)} ${formatClock(at)} IST  ${phase ?? ''}`.trimEnd(),
    paint(io, 'strong', head),
    ...book.asks.toReversed().map((level) => line(level, 'ask')),
    paint(io, 'quiet', `${''.padStart(12, '·')}  ${middle}`),
    ...book.bids.map((level) => line(level, 'bid')),
    `last ${book.lastPrice?.toFixed(2) ?? '–'}, volume ${book.volume?.toLocaleString('en') ?? '–'}, all bids ${book.totalBuyQuantity?.toLocaleString('en') ?? '–'}, all asks ${book.totalSellQuantity?.toLocaleString('en') ?? '–'}`,
    ...(marks === null ? [] : [paint(io, 'bad', `marked: ${marks}`)]),
  ];
}

function noBookError(
  wanted: string,
  at: string | undefined,
  symbols: ReadonlySet<string>,
): FyersError {
  const known = [...symbols].some(symbolsNamed([wanted]));
  return new FyersError(
    'operator.usage',
    known
      ? `There is no book of ${wanted} at or before ${at ?? 'the end'}.`
      : unknownSymbolText(symbols, wanted),
    'Name another time or symbol: `./fyers inspect --help`.',
  );
}

interface LevelOptions {
  readonly wanted: string;
  readonly at?: string;
  readonly levels: number;
  readonly json?: true;
}

/** @throws FyersError `operator.usage` */
export function parseLevels(text: string): number {
  const levels = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (levels >= 1 && levels <= TBT_LEVELS) return levels;
  throw new FyersError(
    'operator.usage',
    `--levels "${text}" is not a number from 1 to ${String(TBT_LEVELS)}.`,
    'For the whole book: `./fyers inspect SBIN --at 15:20:00.250 --levels 50`.',
  );
}

/**
 * First reads only the frames since the last opening of each connection: if the book is sound with these, earlier frames
 * do not change it. Otherwise reads the whole day, because the reason may be older.
 *
 * @throws FyersError `operator.usage` if there is no sound book at the instant
 */
async function inspectLevels(
  session: Session,
  recording: OpenedRecording,
  options: LevelOptions,
): Promise<void> {
  const { io } = session;
  const stored = await requireFrames(recording, '--levels');
  const { date } = recording;
  const until = options.at === undefined ? null : parseExactMoment(date, options.at);
  const events = await recording.events();
  const [symbol = ''] = symbolsIn(events, [options.wanted]);
  const at = until ?? LAST;
  const names = date === null ? stored : segmentsUntil(stored, date, at);
  // On a closed day nothing follows the last frame: after a crash of the recorder, that is the only sign of its end.
  const isWhole = names.length === stored.length && (await recording.manifest()) !== null;
  const read = (part: readonly string[]) =>
    readBook(session, recording, { names: part, events, symbol, at, isWhole });
  const late = date === null ? names : segmentsSince(names, date, openingsIn(events, at));
  let found = await read(late);
  const isDecided = found.book !== null && found.book.flaw === null;
  if (!isDecided && late.length < names.length) found = await read(names);
  const { book, gap } = found;
  if (book === null || (book.flaw !== null && until !== null)) {
    if (options.json !== true) throw noSoundBookError(options, { ...found, symbol, at: until });
    const [reason, soundUntil] = [gap?.reason ?? null, lastSound(found)];
    io.out(jsonOf({ symbol, at: until, reason, soundUntil, bids: [], asks: [] }));
    session.exitWith(UNSOUND_EXIT_CODE);
    return;
  }
  const receivedAt = instantOf(book.receivedAt);
  const shownAt = until ?? receivedAt;
  const phase = phasesIn(events, readOverrides(io))(symbol, shownAt)?.name ?? null;
  const shown = { ...found, book, at: shownAt, phase, levels: options.levels };
  if (options.json === true) io.out(jsonOf(jsonBook(shown)));
  else for (const line of linesOf(session, shown)) io.out(line);
}

/** The exit code of every usage error. */
const UNSOUND_EXIT_CODE = 2;
/** Later than every record. */
const LAST = instant(8.64e15);

function parseExactMoment(date: IstDate | null, text: string): Instant {
  const [, time = '', ms] = /^(.+?)(?:\.(\d{3}))?$/.exec(text) ?? [];
  const at = date === null ? null : timeOfDay(date, time);
  const hasSeconds = /:.*:/.test(time);
  if (at !== null && (ms === undefined || hasSeconds))
    // As without --levels, frames of that second are included.
    return plus(at, ms === undefined ? SECOND - 1 : Number(ms));
  throw new FyersError(
    'operator.usage',
    `--at "${text}" is not a time of day.`,
    'Write HH:MM, HH:MM:SS or HH:MM:SS.mmm: `./fyers inspect SBIN --at 15:20:00.250 --levels 50`.',
  );
}

/** The last opening of each socket until the instant. */
function openingsIn(events: readonly DayEvent[], until: Instant): ReadonlyMap<string, Instant> {
  const openings = new Map<string, Instant>();
  for (const event of events) {
    if (event.event !== 'socket-open' || event.at > until) continue;
    openings.set(event.message.replace(/ is open$/, ''), event.at);
  }
  return openings;
}

interface Found {
  readonly book: BookAt | null;
  /** Of the last update. */
  readonly socket: number | null;
  /** The gap that the instant is in. */
  readonly gap: Gap | null;
}

interface Wanted {
  readonly names: readonly string[];
  readonly events: readonly DayEvent[];
  readonly symbol: string;
  readonly at: Instant;
  /** True if no frames follow the last of the segments. */
  readonly isWhole: boolean;
}

async function readBook(
  { io }: Session,
  { frames }: OpenedRecording,
  { names, events, symbol, at, isWhole }: Wanted,
): Promise<Found> {
  const updates = startUpdates(bookTopicsIn(events));
  let socket: number | null = null;
  let lastAt = 0;
  for await (const segment of readSegments(io, frames, names)) {
    if (segment === null) {
      updates.interrupt();
      continue;
    }
    const records = [...segment];
    const [first] = records;
    lastAt = records.at(-1)?.receivedAt ?? lastAt;
    if (first !== undefined && instantOf(first.receivedAt) > at) break;
    applyingUntil(records, (record) => {
      for (const each of updates.apply(record)) if (each.symbol === symbol) socket = each.socket;
    })(at);
  }
  if (isWhole && instantOf(lastAt) < at && at < LAST) updates.end();
  const gap = updates.gaps().findLast((each) => each.symbol === symbol) ?? null;
  return { book: updates.book(symbol), socket, gap: gap?.to === null ? gap : null };
}

/** Null if the book was never sound before the instant. */
function lastSound({ book, gap }: Found): Instant | null {
  return book === null || gap === null ? null : instantOf(gap.from);
}

interface Shown extends Found {
  readonly book: BookAt;
  readonly at: Instant;
  readonly phase: string | null;
  readonly levels: number;
}

function jsonBook({ book, socket, at, phase, levels }: Shown) {
  const { symbol, feedTime, sequence } = book;
  const receivedAt = instantOf(book.receivedAt);
  return {
    ...{ symbol, at, phase, receivedAt, ageMs: at - receivedAt },
    ...{ feedTime: jsonNumber(feedTime), sequence: jsonNumber(sequence) },
    ...{ socket: socket === null ? null : socketName(socket), reason: null },
    bids: book.bids.filter(({ level }) => level < levels),
    asks: book.asks.filter(({ level }) => level < levels),
  };
}

/** Prints bids and asks next to each other, because fifty levels of both are too long for a screen. */
function linesOf({ io }: Session, shown: Shown): readonly string[] {
  const { book, socket, at, phase, levels } = shown;
  const receivedAt = instantOf(book.receivedAt);
  const [bids, asks] = [book.bids, book.asks].map(
    (side) => new Map(side.map((each) => [each.level, each] as const)),
  );
  const last = Math.max(-1, ...[...book.bids, ...book.asks].map(({ level }) => level));
  const rows = Array.from({ length: Math.min(levels, last + 1) }, (_, level) => {
    const [bid, ask] = [cellsOf(bids?.get(level)), cellsOf(asks?.get(level))];
    const number = String(level + 1).padStart(7);
    return `${paint(io, 'good', bid.toReversed().join(''))}${number}${paint(io, 'bad', ask.join(''))}`;
  });
  const titles = ['price', 'quantity', 'orders'].map((title, index) =>
    title.padStart(WIDTHS[index] ?? 0),
  );
  const facts = [
    `received ${formatMs(receivedAt)}, ${(at - receivedAt).toLocaleString('en')} ms earlier`,
    ...(book.feedTime === null ? [] : [`feed time ${String(book.feedTime)}`]),
    ...(book.sequence === null ? [] : [`sequence ${String(book.sequence)}`]),
    ...(socket === null ? [] : [`socket ${socketName(socket)}`]),
  ];
  return [
    `${paint(io, 'strong', book.symbol)}  ${istDateAt(at)} ${formatMs(at)} IST  ${phase ?? ''}`.trimEnd(),
    facts.join(', '),
    paint(io, 'strong', `${titles.toReversed().join('')}${'level'.padStart(7)}${titles.join('')}`),
    ...rows,
    paint(io, 'quiet', `${String(book.bids.length)} bids, ${String(book.asks.length)} asks`),
  ];
}

const WIDTHS = [12, 12, 8] as const;

function cellsOf(level: DeepLevel | undefined): readonly string[] {
  const texts = [
    level?.price?.toFixed(2) ?? '–',
    level?.quantity?.toLocaleString('en') ?? '–',
    level?.orders?.toLocaleString('en') ?? '–',
  ];
  return texts.map((text, index) => text.padStart(WIDTHS[index] ?? 0));
}

interface Unsound extends Found {
  readonly symbol: string;
  readonly at: Instant | null;
}

function noSoundBookError({ levels }: LevelOptions, found: Unsound): FyersError {
  const { symbol, at, book, gap } = found;
  const when = at === null ? 'the end' : formatMs(at);
  const why = gap === null ? '' : ` (${formatGap(gap.reason)})`;
  const until = lastSound(found);
  if (book === null || until === null) {
    return new FyersError(
      'operator.usage',
      `There is no sound book of ${symbol} at or before ${when}${why}.`,
      'Name another time, or see the gaps of the day: `./fyers report`.',
    );
  }
  // A frame may have arrived in the gap's first millisecond, so use the time of the last update.
  const updatedAt = formatMs(instantOf(book.receivedAt));
  return new FyersError(
    'operator.usage',
    `The book of ${symbol} is not sound at ${when}${why}. It was last sound at ${formatMs(until)}.`,
    `See its last update: \`./fyers inspect ${symbol} --at ${updatedAt} --levels ${String(levels)}\`.`,
  );
}
