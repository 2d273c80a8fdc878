// Replays a recording slot by slot for programs that expect the live sequence (`./fyers replay`).
import type { Command } from 'commander';
import { replayFeed } from '../../adapters/recordings/replay-feed.ts';
import { stopSignal } from '../../adapters/process/stop-signal.ts';
import { FyersError } from '../../core/errors.ts';
import { type CalendarOptions, dayOf, nextSession } from '../../core/market/calendar.ts';
import type { SessionPlan } from '../../core/market/phases.ts';
import { type IstDate, istDate, istInstant } from '../../core/time.ts';
import type { Session } from '../shared/io.ts';
import { jsonOf } from '../shared/terminal.ts';
import { ownDaysOf } from '../shared/settings.ts';
import { type RecordingOptions, recordingOf, withRecordingOptions } from '../shared/recordings.ts';

interface ReplayOptions extends RecordingOptions {
  readonly speed?: string;
}

export function addReplay(program: Command, session: Session): void {
  withRecordingOptions(
    program
      .command('replay')
      .description(
        'A recording once more, slot by slot: one JSON line for each book and each hole.',
      )
      .argument('[what]', 'a date, or a file of any kind (default: the latest day)')
      .option('--speed <N>', 'N times as fast as it came: 1 is live (default: at once)'),
  )
    .option('--debug', 'show more detail when something fails')
    .addHelpText(
      'after',
      `
Each line is what the live feed gives for a symbol in a slot: kind "book" with its levels, or kind "hole" with the reason.
Instants are in Indian time. Ctrl-C ends it.

Examples:
  $ ./fyers replay 2026-11-25 | jq -c 'select(.kind == "book") | [.symbol, .book.lastPrice]'
  $ ./fyers replay --speed 60 | my-strategy`,
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
  await using recording = await recordingOf(session, what, options, { dataOnStdout: true });
  using stop = stopSignal();
  try {
    await using feed = replayFeed({
      recording,
      pace: speed === null ? null : { clock: io.clock, speed },
    });
    for await (const batch of feed.observe(
      sessionOf(recording.date, ownDaysOf(io)),
      () => null,
      stop.signal,
    )) {
      for (const taken of batch) io.out(jsonOf(taken, 0));
    }
  } catch (caught) {
    if (!stop.signal.aborted) throw caught;
  }
}

/** Uses the date's own session, or the next one if the market is closed on the date. */
function sessionOf(date: IstDate | null, own: CalendarOptions): SessionPlan {
  const day = date === null ? null : dayOf(date, own);
  return day?.kind === 'open'
    ? day.plan
    : nextSession(istInstant(date ?? FIRST_DATE, '00:00'), own);
}

const FIRST_DATE = istDate('2025-01-01');

function parseSpeed(text: string | undefined): number | null {
  if (text === undefined) return null;
  const speed = Number(text);
  if (Number.isFinite(speed) && speed > 0) return speed;
  throw new FyersError(
    'operator.usage',
    `--speed "${text}" is not a number above 0.`,
    'For a day in seven minutes: `./fyers replay --speed 60`.',
  );
}
