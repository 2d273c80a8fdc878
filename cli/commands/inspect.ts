// Prints the order book of one symbol at an instant (`./fyers inspect`).
import type { Command } from 'commander';
import type { Book, Level } from '../../core/recording/book.ts';
import { type RecordedRow, bookOf, numberColumn, textColumn } from '../../core/recording/rows.ts';
import { FyersError } from '../../core/errors.ts';
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
import type { Session } from '../shared/io.ts';
import { startCounter, jsonOf, paint } from '../shared/terminal.ts';
import { type RecordingOptions, recordingOf, withRecordingOptions } from '../shared/recordings.ts';
import { inspectLevels, parseLevels } from './inspect-levels.ts';
import { unknownSymbolText, ownDaysOf, symbolsNamed } from '../shared/settings.ts';

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
      .description('The recorded book of a symbol at an instant, as a ladder.')
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

With --levels, the book is made from the frames that a stream stored. If it is not sound at the instant, the reason is
shown, and the exit code is 2. The frames of the last minute of a running day are not readable yet.

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
  const phaseOn = phasesIn(await recording.events(), ownDaysOf(io));
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
