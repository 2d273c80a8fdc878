// Writes the report of a recorded day as one HTML page (`./fyers report`).
import { mkdtemp, rename, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { removeAtEnd } from '../../../adapters/process/stop-signal.ts';
import { FyersError, toError } from '../../../core/errors.ts';
import type { StreamFigures } from '../../../core/stream/stream-figures.ts';
import { formatClock } from '../../../core/time.ts';
import type { Session } from '../../shared/io.ts';
import { startCounter, jsonOf, paint, formatShare } from '../../shared/terminal.ts';
import {
  judgeRecording,
  type Judgement,
  paintVerdict,
  PROBLEMS_EXIT_CODE,
} from '../../shared/judgement.ts';
import {
  type OpenedRecording,
  type RecordingOptions,
  recordingOf,
  withRecordingOptions,
} from '../../shared/recordings.ts';
import { readOverrides } from '../../shared/settings.ts';

interface ReportOptions extends RecordingOptions {
  readonly to?: string;
  readonly open?: true;
  readonly symbol?: string;
  readonly force?: true;
}

export function addReport(program: Command, session: Session): void {
  withRecordingOptions(
    program
      .command('report')
      .description(
        'Write a recorded day as one page: coverage, holes, spread, imbalance, close, answers.',
      )
      .argument('[date]', 'as YYYY-MM-DD (default: the latest day)'),
  )
    .option('--to <FILE>', 'default: report-DATE.html in this folder')
    .option('--open', 'show it in the browser; without --to it is a temporary file')
    .option(
      '--symbol <NAME>',
      'the symbol whose depth is drawn, if the day has a stream (default: the first)',
    )
    .option('--force', 'overwrite an existing file')
    .option('--json', 'print its figures for scripts, and write no page')
    .option('--debug', 'show more detail when something fails')
    .addHelpText(
      'after',
      `
The page is one file without scripts. It contains its pictures, follows light and dark mode, and fits a phone. A day that
is still being recorded is shown up to now.

Its heading and its exit code are the verdict of \`./fyers check\`: 0 if all adds up and nothing is red, 4 otherwise.

Examples:
  $ ./fyers report --open
  $ ./fyers report 2026-11-25 --s3 --to wednesday.html
  $ ./fyers report 2026-11-25 --json | jq .coverage.holes`,
    )
    .action((date: string | undefined, options: ReportOptions) => report(session, date, options));
}

async function report(
  session: Session,
  date: string | undefined,
  options: ReportOptions,
): Promise<void> {
  const { io } = session;
  await using recording = await recordingOf(session, date, options);
  const name = `report-${recording.date ?? ''}.html`;
  // With --open alone, the page goes to a temporary folder.
  const named =
    options.open === true && options.to === undefined
      ? null
      : path.resolve(io.cwd, options.to ?? name);
  if (named !== null && options.json !== true && options.force !== true)
    await refuseExisting(named);
  // Imported here because only this command needs the pictures' code.
  const [{ reportDay }, { reportPage }] = await Promise.all([
    import('./day.ts'),
    import('./page.ts'),
  ]);
  const judgement = await judge(session, recording);
  const { good, tone, text, faults, replacedBroker, red } = judgement;
  if (!good) session.exitWith(PROBLEMS_EXIT_CODE);
  using counter = startCounter(io, 'Reading');
  const read = await reportDay(recording, {
    calendar: readOverrides(io),
    now: io.clock.now(),
    onRow: counter.show,
    terminal: io,
    ...(options.symbol === undefined ? {} : { symbol: options.symbol }),
  });
  const day = { ...read, verdict: { good, tone, text, faults }, replacedBroker };
  if (options.json === true) {
    io.out(jsonOf(jsonDay({ ...day, red })));
    return;
  }
  const file = named ?? path.join(await mkdtemp(path.join(tmpdir(), 'fyers-report-')), name);
  await writePage(file, reportPage(day));
  const { expected, received, explained, unexplained } = day.coverage;
  const counts = `${received.toLocaleString('en')} of ${expected.toLocaleString('en')} slots recorded (${formatShare(received, expected)}), ${explained.toLocaleString('en')} explained, ${unexplained.toLocaleString('en')} unexplained.`;
  const when = day.until === null ? '' : ` until ${formatClock(day.until)} IST`;
  io.out(`${day.session.date}${when}: ${counts}`);
  for (const fault of faults) io.out(paint(io, 'bad', fault));
  io.out(paintVerdict(io, judgement));
  io.out(`Wrote ${named === null ? file : path.relative(io.cwd, file)}.`);
  if (options.open === true) await io.open(file);
}

/** Leaves out the books of the depth picture: there are thousands of levels. */
function jsonDay<T extends { readonly stream?: StreamFigures }>(day: T) {
  if (day.stream === undefined) return day;
  const { depth: _depth, ...stream } = day.stream;
  return { ...day, stream };
}

async function judge(session: Session, recording: OpenedRecording): Promise<Judgement> {
  using counter = startCounter(session.io, 'Checking');
  return await judgeRecording(session, recording, { onRow: counter.show });
}

/** @throws FyersError `operator.usage` if the file exists */
async function refuseExisting(file: string): Promise<void> {
  if ((await stat(file).catch(() => null)) === null) return;
  throw new FyersError(
    'operator.usage',
    `${file} already exists and was not changed.`,
    'Name another file, or overwrite it: `./fyers report --to FILE --force`.',
  );
}

/** Writes to a temporary file first, so that the target is complete or absent. */
async function writePage(file: string, page: string): Promise<void> {
  await using _partial = removeAtEnd(`${file}.partial`, 'file');
  try {
    await writeFile(`${file}.partial`, page);
    await rename(`${file}.partial`, file);
  } catch (caught) {
    const cause = toError(caught);
    throw new FyersError(
      'platform.disk',
      `${file} cannot be written: ${cause.message}.`,
      'Name a file in an existing folder, with space on its disk: `./fyers report --to FILE`.',
      { cause },
    );
  }
}
