// Compacts closed days that have no Parquet file yet (`./fyers compact`). The harvester normally does this itself.
import path from 'node:path';
import type { Command } from 'commander';
import { dayFolders, lockFolder } from '../../adapters/recordings/data-folder.ts';
import { diskRefusal } from '../../adapters/recordings/disk.ts';
import { notADateError } from '../../adapters/recordings/open-recording.ts';
import { readDate, type Instant, type IstDate } from '../../core/time.ts';
import { isWithoutRows } from '../../core/recording/coverage.ts';
import { plansIn } from '../../core/recording/day-events.ts';
import { FyersError } from '../../core/errors.ts';
import { daysWords } from '../../core/text.ts';
import type { DayFolder } from '../../harvester/ports.ts';
import type { Session } from '../shared/io.ts';
import { DEFAULT_DATA, marketClosedError, shardIn } from '../shared/recordings.ts';
import { readOverrides } from '../shared/settings.ts';
import { paint } from '../shared/terminal.ts';

interface CompactOptions {
  readonly data: string;
  readonly shard: string;
}

/** The exit code of `check` and `report` for a day without rows. */
const NO_ROWS_EXIT_CODE = 4;

export function addCompact(program: Command, session: Session): void {
  program
    .command('compact')
    .description(
      'Make the Parquet file and the manifest of a closed day; the harvester does this automatically.',
    )
    .argument('[date]', 'as YYYY-MM-DD (default: every closed day without a manifest)')
    .option('--data <DIR>', 'where the recordings are', DEFAULT_DATA)
    .option('--shard <N>', 'the number of the harvester, if there are several', '0')
    .option('--debug', 'show more detail when something fails')
    .addHelpText(
      'after',
      `
A day with a manifest is not changed: to make it again, remove its manifest.json and repeat the command. The same log
gives the same bytes, unless the calendar has changed. Exits with 0 if all days were compacted, 4 if one failed or has no
row at all.

Examples:
  $ ./fyers compact
  $ ./fyers compact 2026-11-25 --data /mnt/recordings`,
    )
    .action((date: string | undefined, options: CompactOptions) => compact(session, date, options));
}

async function compact(
  session: Session,
  what: string | undefined,
  options: CompactOptions,
): Promise<void> {
  const { io } = session;
  const dataDir = path.resolve(io.cwd, options.data);
  const shard = shardIn(options.shard);
  await using _lock = await lockFolder(dataDir);
  const days = dayFolders(dataDir);
  const all = await days.dates();
  const given = what === undefined ? null : readDate(what);
  if (given?.ok === false) throw notADateError(given.problem);
  const named = given?.value ?? null;
  if (named !== null && !all.includes(named)) {
    throw marketClosedError(session, named) ?? dayNotFoundError(named, dataDir, all);
  }
  const calendar = readOverrides(io);
  const [{ closeDayLog }, { compactDay }, { isOver, sessionsOn }] = await Promise.all([
    import('../../harvester/day.ts'),
    import('../../harvester/compact.ts'),
    import('../../harvester/calendar.ts'),
  ]);
  let compactedDays = 0;
  const compactOne = async (date: IstDate): Promise<void> => {
    const folder = days.folder(date);
    if ((await folder.manifest()) !== null) {
      if (named !== null) io.out(`${date} already has its manifest and was not changed.`);
      return;
    }
    if (!isOver(date, io.clock.now(), calendar, await readPlannedClose(folder))) {
      if (named !== null) throw dayNotOverError(date);
      return;
    }
    io.progress?.(`Compacting ${date}`);
    compactedDays += 1;
    await closeDayLog({ days, clock: io.clock, events: { log: () => undefined } }, date);
    const { received, expected, explained, unexplained, quality } = await compactDay({
      folder,
      date,
      shard,
      ...sessionsOn(date, calendar),
    });
    const text = `${date}: ${received.toLocaleString('en')} of ${expected.toLocaleString('en')} slots, ${explained.toLocaleString('en')} explained, ${unexplained.toLocaleString('en')} unexplained.`;
    const isEmpty = isWithoutRows({ expected, received });
    io.out(paint(io, unexplained > 0 || quality.red || isEmpty ? 'bad' : 'good', text));
    if (isEmpty) session.exitWith(NO_ROWS_EXIT_CODE);
  };
  for (const date of named === null ? all : [named]) {
    try {
      await compactOne(date);
    } catch (caught) {
      const error = diskRefusal(caught) ?? caught;
      // If one day fails, continue with the others.
      if (named !== null || !(error instanceof FyersError)) throw caught;
      session.failed(error);
    }
  }
  if (compactedDays === 0 && named === null)
    io.out(`No closed day in ${dataDir} needs compaction.`);
}

/** Returns the planned close of a day that was recorded although the calendar has it as closed. */
async function readPlannedClose(folder: DayFolder): Promise<Instant | null> {
  return plansIn(await folder.events()).at(-1)?.closesAt ?? null;
}

function dayNotFoundError(date: IstDate, dataDir: string, dates: readonly IstDate[]): FyersError {
  return new FyersError(
    'operator.usage',
    `${date} is not in ${dataDir}, which has ${daysWords(dates)}.`,
    'Name another folder: `./fyers compact --data DIR`.',
  );
}

function dayNotOverError(date: IstDate): FyersError {
  return new FyersError(
    'operator.usage',
    `${date} is not over: a trading day is over when its session closes, any other day at midnight.`,
    'See the rows so far: `./fyers report`.',
  );
}
