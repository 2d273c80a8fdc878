// Checks that a recording is complete and reports the quality of its rows (`./fyers check`).
import type { Command } from 'commander';
import { factsOf } from '../../adapters/recordings/day-archive.ts';
import { fieldFaultWords, isSuspect } from '../../core/recording/field-faults.ts';
import { refuseLink } from '../../adapters/recordings/disk.ts';
import { MARK_MEANINGS } from '../../core/recording/quality.ts';
import { FyersError } from '../../core/errors.ts';
import type { Audit } from '../../harvester/audit.ts';
import type { Session } from '../shared/io.ts';
import { startCounter, jsonOf, paint, table } from '../shared/terminal.ts';
import { redSymbolsText } from '../shared/look-first.ts';
import {
  type OpenedRecording,
  type RecordingOptions,
  recordingOf,
  withRecordingOptions,
} from '../shared/recordings.ts';
import { ownDaysOf } from '../shared/settings.ts';

/** The exit code that `./fyers doctor` and its like also use for a problem on this machine. */
const PROBLEMS_EXIT_CODE = 4;

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
    .option('--json', 'for scripts')
    .option('--debug', 'show more detail when something fails')
    .addHelpText(
      'after',
      `
For a day it checks the manifest's totals, the hashes of its files, and every slot: expected = received + explained + unexplained.
For every row it reports the marks: ${Object.keys(MARK_MEANINGS).join(', ')}. A mark
names a possible problem; a symbol with too many marks is red. The limits are our judgement, without a source: the counts
are in --json under quality, and in the manifest. A field without a usable value in the broker's answer is empty in the
row and counted by column, in --json under fieldFaults; above 0.1 % of the rows the day is red.

A running day is checked up to now; a day without a row is red. A file has no plan, so missing rows cannot be detected,
only unreadable ones. Exits with 0 when all adds up and nothing is red, 4 otherwise, 2 when there is nothing to check.

Examples:
  $ ./fyers check
  $ ./fyers check 2026-11-25 --s3
  $ ./fyers check harvested_data/market_depth_2025-12-26.csv
  $ ./fyers check --json | jq .quality.marks`,
    )
    .action((what: string | undefined, options: RecordingOptions) => check(session, what, options));
}

async function check(
  session: Session,
  what: string | undefined,
  options: RecordingOptions,
): Promise<void> {
  const { io } = session;
  await using recording = await recordingOf(session, what, options);
  const { date } = recording;
  if (date === null) throw noRowsError(recording.place);
  const { audit } = await import('../../harvester/audit.ts');
  using counter = startCounter(io, 'Checking');
  const found = await audit({
    date,
    rows: () => recording.rows(),
    events: await recording.events(),
    manifest: await recording.manifest(),
    ownDays: ownDaysOf(io),
    now: io.clock.now(),
    onRow: counter.show,
  });
  if (found.coverage === null && found.rows + found.unreadable === 0)
    throw noRowsError(recording.place);
  const why = found.unreadable === 0 ? null : await recording.whyUnreadable();
  const first = why === null ? [] : [`The first of those lines: ${why}.`];
  const faults = [...found.faults, ...first, ...(await findDamagedFiles(recording))];
  const suspect = found.fieldFaults.filter((each) => isSuspect(each, found.rows));
  const good = faults.length === 0 && !found.quality.red && suspect.length === 0;
  if (!good) session.exitWith(PROBLEMS_EXIT_CODE);
  if (options.json === true) {
    const { place, kind } = recording;
    io.out(jsonOf({ place, kind, date, good, ...found, faults }));
    return;
  }
  io.out(`${recording.place} (${KIND_NAMES[recording.kind]}), ${date}`);
  for (const line of table(io, ['symbol', 'rows', 'expected', 'explained', 'marks'], rowsOf(found)))
    io.out(line);
  for (const fault of faults) io.out(paint(io, 'bad', fault));
  for (const each of found.fieldFaults) {
    io.out(paint(io, suspect.includes(each) ? 'bad' : 'quiet', fieldFaultWords(each, found.rows)));
  }
  for (const mark of Object.keys(found.quality.marks)) io.out(paint(io, 'quiet', formatMark(mark)));
  io.out(paint(io, good ? 'good' : 'bad', formatVerdict(faults, found, suspect)));
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

function formatMark(mark: string): string {
  const found = Object.entries(MARK_MEANINGS).find(([name]) => name === mark)?.[1];
  return `  ${mark}: ${found?.means ?? ''} (judged in: ${found?.judged ?? ''})`;
}

const NO_PLAN_TEXT =
  'Every row can be read. A file has no plan, so missing rows cannot be detected.';

const TOO_EARLY_TEXT = 'No slot is old enough yet to be judged.';

function formatVerdict(
  faults: readonly string[],
  { coverage, quality }: Audit,
  suspect: Audit['fieldFaults'],
): string {
  const red = quality.symbols.filter((each) => each.red.length > 0);
  const adds = coverage?.expected === 0 ? TOO_EARLY_TEXT : 'It adds up.';
  const whole = coverage === null ? NO_PLAN_TEXT : adds;
  return [
    faults.length > 0 ? 'It does not add up.' : whole,
    ...(red.length > 0 ? [redSymbolsText(red)] : []),
    ...(suspect.length > 0
      ? [
          `Check these columns before you use them: ${suspect.map((each) => each.column).join(', ')}.`,
        ]
      : []),
  ].join(' ');
}

/** Reports files of a day that are missing or differ from the manifest. */
async function findDamagedFiles(recording: OpenedRecording): Promise<readonly string[]> {
  const { day, fetched } = recording;
  const manifest = await recording.manifest();
  if (day === null || manifest === null) return [];
  const faults: string[] = [];
  for (const { name, sha256 } of manifest.files) {
    await refuseLink(day.pathOf(name));
    const facts = await factsOf(day.pathOf(name), name).catch(() => null);
    if (facts === null) {
      // A fetched day has no compressed day log: it stays in the bucket.
      if (!fetched) faults.push(`${name} cannot be read, and the manifest names it.`);
    } else if (facts.sha256 !== sha256) {
      faults.push(
        `${name} is not the file that the manifest names: its SHA-256 begins ${facts.sha256.slice(0, 12)}.`,
      );
    }
  }
  return faults;
}

function noRowsError(place: string): FyersError {
  return new FyersError(
    'operator.usage',
    `${place} has no row.`,
    'Name another file or a date: `./fyers check --help`.',
  );
}
