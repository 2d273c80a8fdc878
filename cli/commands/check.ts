// Checks that a recording is complete and reports the quality of its rows (`./fyers check`).
import type { Command } from 'commander';
import { fieldFaultWords } from '../../core/recording/field-faults.ts';
import { FyersError } from '../../core/errors.ts';
import type { FrameFacts } from '../../core/recording/manifest.ts';
import { MARK_MEANINGS } from '../../core/recording/quality.ts';
import { counted } from '../../core/text.ts';
import type { Audit } from '../../harvester/audit.ts';
import { judgeRecording, paintVerdict, PROBLEMS_EXIT_CODE } from '../shared/judgement.ts';
import type { Session } from '../shared/io.ts';
import { startCounter, jsonOf, paint, table } from '../shared/terminal.ts';
import {
  type OpenedRecording,
  type RecordingOptions,
  recordingOf,
  withRecordingOptions,
} from '../shared/recordings.ts';

interface CheckOptions extends RecordingOptions {
  readonly download?: true;
}

export function addCheck(program: Command, session: Session): void {
  withRecordingOptions(
    program
      .command('check')
      .description('Check that a recording is complete, and report the quality of its rows.')
      .argument(
        '[what]',
        'a date, or a file: Parquet, day log, or a CSV of the Python original (default: the latest day)',
      ),
  )
    .option('--download', 'with --s3: download and read every file of the day, frames too')
    .option('--json', 'for scripts')
    .option('--debug', 'show more detail when something fails')
    .addHelpText(
      'after',
      `
For a day it checks the manifest's totals, the hashes of its files, and every slot: expected = received + explained + unexplained.
For every row it reports the marks: ${Object.keys(MARK_MEANINGS).join(', ')}. A mark
names a possible problem; a symbol with too many marks is red. The limits are this project's own; judge by the counts, which
are in --json under quality, and in the manifest. A field without a usable value in the broker's answer is empty in the
row and counted by column, in --json under fieldFaults; above 0.1 % of the rows the day is red.

With --s3, files without rows, such as frames, are compared by size and SHA-256. --download reads them too, one at a
time: hundreds of megabytes for a day of a stream.

A running day is checked up to now; a day without a row is red. A file has no plan, so missing rows cannot be detected,
only unreadable ones. Exits with 0 if all adds up and nothing is red, 4 otherwise, 2 if there is nothing to check.

Examples:
  $ ./fyers check
  $ ./fyers check 2026-11-25 --s3
  $ ./fyers check harvested_data/market_depth_2025-12-26.csv
  $ ./fyers check --json | jq .quality.marks`,
    )
    .action((what: string | undefined, options: CheckOptions) => check(session, what, options));
}

async function check(
  session: Session,
  what: string | undefined,
  options: CheckOptions,
): Promise<void> {
  const { io } = session;
  const { download = false } = options;
  await using recording = await recordingOf(session, what, options);
  if (download && recording.bucket === null) throw notInBucketError();
  using counter = startCounter(io, 'Checking');
  const judgement = await judgeRecording(session, recording, { onRow: counter.show, download });
  const { good, text, faults, audit: found, suspect, replacedBroker } = judgement;
  const frames = (await recording.manifest())?.frames ?? null;
  const { place, kind, date } = recording;
  if (!good) session.exitWith(PROBLEMS_EXIT_CODE);
  if (options.json === true) {
    io.out(
      jsonOf({ place, kind, date, good, verdict: text, replacedBroker, ...found, faults, frames }),
    );
    return;
  }
  const simulated =
    replacedBroker === null ? '' : `, recorded from ${replacedBroker} and not from Fyers`;
  io.out(`${place} (${KIND_NAMES[kind]}), ${date ?? ''}${simulated}`);
  for (const line of table(io, ['symbol', 'rows', 'expected', 'explained', 'marks'], rowsOf(found)))
    io.out(line);
  for (const fault of faults) io.out(paint(io, 'bad', fault));
  for (const each of found.fieldFaults) {
    io.out(paint(io, suspect.includes(each) ? 'bad' : 'quiet', fieldFaultWords(each, found.rows)));
  }
  if (frames !== null) io.out(paint(io, 'quiet', frameText(frames)));
  if (frames !== null && recording.bucket !== null && !download)
    io.out(paint(io, 'quiet', notReadText(date)));
  for (const mark of Object.keys(found.quality.marks)) io.out(paint(io, 'quiet', formatMark(mark)));
  io.out(paintVerdict(io, judgement));
}

const KIND_NAMES: Readonly<Record<OpenedRecording['kind'], string>> = {
  day: 'a recorded day',
  parquet: 'a Parquet file',
  'day-log': 'a day log',
  csv: 'an exported CSV file',
  reference: 'a file of the Python original',
};

function rowsOf({ quality, coverage }: Audit) {
  const symbols = new Set([
    ...quality.symbols.map(({ symbol }) => symbol),
    ...(coverage?.symbols.map(({ symbol }) => symbol) ?? []),
  ]);
  return [...symbols].map((symbol) => {
    const [judged, counted] = [quality.symbols, coverage?.symbols ?? []].map((all) =>
      all.find((each) => each.symbol === symbol),
    ) as [
      Audit['quality']['symbols'][number] | undefined,
      NonNullable<Audit['coverage']>['symbols'][number] | undefined,
    ];
    const marks = Object.entries(judged?.marks ?? {}).map(
      ([mark, rows]) => `${mark} ${String(rows)}`,
    );
    const notes =
      judged?.previousCloseDiffers === true ? [...marks, 'another previous close'] : marks;
    const red = (judged?.red.length ?? 0) > 0;
    const number = (value: number | undefined) => ({ text: value?.toLocaleString('en') ?? '–' });
    return [
      { text: symbol },
      number(judged?.rows ?? 0),
      number(counted?.expected),
      number(counted?.explained),
      { text: notes.join(', ') || 'none', ...(red ? { tone: 'bad' as const } : {}) },
    ];
  });
}

function frameText({ frames, badFrames, lostFrames, files, sockets }: FrameFacts): string {
  const [stored, bad, lost] = [frames, badFrames, lostFrames].map((each) =>
    each.toLocaleString('en'),
  );
  const opened = sockets.map(({ name, connections }) => `${name} ${String(connections)}`);
  return `Frames: ${stored ?? ''} in ${counted(files.length, 'segment')}, ${bad ?? ''} unreadable, ${lost ?? ''} lost. Connections: ${opened.join(', ')}.`;
}

function notReadText(date: string | null): string {
  return `Frames and updates were not read, only compared by size, and by SHA-256 if the object has one. To read them: \`./fyers check ${date ?? 'DATE'} --s3 --download\`.`;
}

function notInBucketError(): FyersError {
  return new FyersError(
    'operator.usage',
    '--download is for a day in the bucket. For a day on this machine, every file is read anyway.',
    'Leave it out, or add --s3: `./fyers check 2026-11-25 --s3 --download`.',
  );
}

function formatMark(mark: string): string {
  const found = Object.entries(MARK_MEANINGS).find(([name]) => name === mark)?.[1];
  return `  ${mark}: ${found?.means ?? ''} (judged in: ${found?.judged ?? ''})`;
}
