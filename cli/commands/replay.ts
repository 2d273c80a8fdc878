// Replays a recording for programs that expect the live sequence (`./fyers replay`): slot by slot, or
// each update of a book and each gap, from the frames of a stream.
import type { Command } from 'commander';
import { replayFeed } from '../../adapters/recordings/replay-feed.ts';
import { stopSignal } from '../../adapters/process/stop-signal.ts';
import { FyersError } from '../../core/errors.ts';
import { instantOf } from '../../core/stream/frame-log.ts';
import { levelsIn } from '../../core/stream/level-values.ts';
import { type CalendarOptions, dayOf, nextSession } from '../../core/market/calendar.ts';
import type { SessionPlan } from '../../core/market/phases.ts';
import type { Clock } from '../../core/ports.ts';
import {
  bookTopicsIn,
  type BookUpdate,
  type GapBegin,
  startUpdates,
} from '../../core/stream/updates.ts';
import { type Instant, type IstDate, istDate, istInstant, plus } from '../../core/time.ts';
import {
  formatGap,
  formatMs,
  jsonNumber,
  readSegments,
  requireFrames,
  socketName,
  symbolsIn,
} from '../shared/frames.ts';
import type { Session } from '../shared/io.ts';
import { PROBLEMS_EXIT_CODE } from '../shared/judgement.ts';
import { jsonOf } from '../shared/terminal.ts';
import { readOverrides } from '../shared/settings.ts';
import {
  type OpenedRecording,
  type RecordingOptions,
  recordingOf,
  withRecordingOptions,
} from '../shared/recordings.ts';
import { namesIn } from '../shared/selection.ts';

interface ReplayOptions extends RecordingOptions {
  readonly speed?: string;
  readonly updates?: true;
  readonly symbols?: string;
}

export function addReplay(program: Command, session: Session): void {
  withRecordingOptions(
    program
      .command('replay')
      .description(
        'Print a recording again, slot by slot: one JSON line for each book and each hole.',
      )
      .argument('[what]', 'a date, or a file of any kind (default: the latest day)')
      .option(
        '--speed <N>',
        'N times as fast as it was recorded: 1 is live speed (default: without pauses)',
      )
      .option('--updates', "each update of the day, from a stream's frames, instead of slots")
      .option('--symbols <LIST>', 'with --updates: only these (default: all)'),
  )
    .option('--json', 'with --updates: JSON lines; slots are always JSON lines')
    .option('--debug', 'show more detail when something fails')
    .addHelpText(
      'after',
      `
Each line is the result of one symbol in one slot: kind "book" with its levels, or kind "hole" with the reason.
With --updates each line is an update with the changed levels, or a gap with its reason: until the symbol's next update
its book is not known. The first update, the first after a gap, and one each minute have the whole book. A missing or
damaged segment of frames is a gap, and the exit code is 4. Instants are in Indian time. Ctrl-C ends the command.

Examples:
  $ ./fyers replay 2026-11-25 | jq -c 'select(.kind == "book") | [.symbol, .book.lastPrice]'
  $ ./fyers replay --speed 60 | my-strategy
  $ ./fyers replay --updates --symbols SBIN --speed 10 --json | my-strategy`,
    )
    .action((what: string | undefined, options: ReplayOptions) => replay(session, what, options));
}

async function replay(
  session: Session,
  what: string | undefined,
  options: ReplayOptions,
): Promise<void> {
  const { io } = session;
  const speed = parseSpeed(options.speed);
  if (options.updates !== true && options.symbols !== undefined) throw noUpdatesError();
  await using recording = await recordingOf(session, what, options, { dataOnStdout: true });
  using stop = stopSignal();
  try {
    if (options.updates === true) {
      await replayUpdates(session, recording, { ...options, speed, signal: stop.signal });
      return;
    }
    await using feed = replayFeed({
      recording,
      pace: speed === null ? null : { clock: io.clock, speed },
    });
    for await (const batch of feed.observe(
      sessionOf(recording.date, readOverrides(io)),
      () => null,
      stop.signal,
    )) {
      for (const taken of batch) io.out(jsonOf(taken, 0));
    }
  } catch (caught) {
    if (!stop.signal.aborted) throw caught;
  }
}

interface UpdateOptions {
  readonly symbols?: string;
  readonly json?: true;
  readonly speed: number | null;
  readonly signal: AbortSignal;
}

/** @throws FyersError `operator.usage` if the day has no frames or no such symbol */
async function replayUpdates(
  { io, exitWith }: Session,
  recording: OpenedRecording,
  options: UpdateOptions,
): Promise<void> {
  const names = await requireFrames(recording, '--updates');
  const events = await recording.events();
  const symbols = namesIn(options);
  const wanted = symbols === null ? null : symbolsIn(events, symbols);
  const updates = startUpdates(bookTopicsIn(events));
  const print = (all: readonly (BookUpdate | GapBegin)[]): void => {
    for (const each of all) {
      if (wanted?.has(each.symbol) === false) continue;
      io.out(options.json === true ? jsonOf(jsonLine(each), 0) : textLine(each));
    }
  };
  const wait = pacer(io.clock, options);
  for await (const records of readSegments(io, recording.frames, names)) {
    if (records === null) {
      exitWith(PROBLEMS_EXIT_CODE);
      print(updates.interrupt());
    }
    for (const record of records ?? []) {
      const all = updates.apply(record);
      if (all.length === 0) continue;
      await wait(record.receivedAt);
      print(all);
    }
  }
  if ((await recording.manifest()) !== null) print(updates.end());
}

/** Waits until the recorded time since the first call has passed, divided by the speed. */
function pacer(clock: Clock, { speed, signal }: UpdateOptions) {
  let began: { readonly at: Instant; readonly receivedAt: number } | null = null;
  return async (receivedAt: number): Promise<void> => {
    signal.throwIfAborted();
    if (speed === null) return;
    began ??= { at: clock.now(), receivedAt };
    const due = plus(began.at, Math.round((receivedAt - began.receivedAt) / 1_000 / speed));
    if (due > clock.now()) await clock.sleepUntil(due, signal);
  };
}

function jsonLine(each: BookUpdate | GapBegin) {
  const { kind, symbol, number, socket, reason } = each;
  const head = { kind, symbol, number, receivedAt: instantOf(each.receivedAt) };
  if (each.kind === 'gap') return { ...head, socket: socketName(socket), reason };
  const { feedTime, sequence, cells } = each;
  const sent = { feedTime: jsonNumber(feedTime), sequence: jsonNumber(sequence) };
  return { ...head, ...sent, socket: socketName(socket), reason, levels: levelsIn(cells) };
}

function textLine(each: BookUpdate | GapBegin): string {
  const head = `${formatMs(instantOf(each.receivedAt))} ${each.symbol}`;
  if (each.kind === 'gap') return `${head} gap, ${formatGap(each.reason)}`;
  const texts = levelsIn(each.cells).map(({ side, level, price, quantity }) =>
    price === null
      ? `${side} ${String(level + 1)} empty`
      : `${side} ${String(level + 1)} ${price.toFixed(2)} x ${quantity?.toLocaleString('en') ?? '–'}`,
  );
  if (each.reason === null) return `${head} ${texts.join(', ')}`;
  const best = texts.filter((text) => text.includes(' 1 '));
  return `${head} whole book (${each.reason}): ${best.join(', ')}`;
}

function noUpdatesError(): FyersError {
  return new FyersError(
    'operator.usage',
    '--symbols works only with --updates.',
    'Add it: `./fyers replay --updates --symbols SBIN`.',
  );
}

/** Uses the date's own session, or the next one if the market is closed on the date. */
function sessionOf(date: IstDate | null, own: CalendarOptions): SessionPlan {
  const day = date === null ? null : dayOf(date, own);
  return day?.kind === 'open'
    ? day.plan
    : nextSession(istInstant(date ?? FIRST_DATE, '00:00'), own);
}

const FIRST_DATE = istDate('2025-01-01');

/** A day then takes two years. */
const MIN_SPEED = 0.001;

function parseSpeed(text: string | undefined): number | null {
  if (text === undefined) return null;
  const speed = Number(text);
  if (Number.isFinite(speed) && speed >= MIN_SPEED) return speed;
  throw new FyersError(
    'operator.usage',
    `--speed "${text}" is not a number above 0 (at least ${String(MIN_SPEED)}).`,
    'For a day in seven minutes: `./fyers replay --speed 60`.',
  );
}
