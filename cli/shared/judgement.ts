// Judges a recording for check and report, so that both give the same verdict and the same exit code. A verdict has one
// of three tones: bad, if something does not add up or is red; partial, if it adds up but a notable part of the slots
// has no row; good otherwise. The files of a closed day are compared with its manifest. A day on this machine is read
// whole. For a day in the bucket only the size and SHA-256 of each object are requested, because its frames are
// hundreds of megabytes; S3 verified the SHA-256 when the harvester stored the object, and objects are never
// overwritten. With `download`, each object is downloaded and read as on this machine, one at a time.
import { rm } from 'node:fs/promises';
import { type DayArchive, factsOf } from '../../adapters/recordings/day-archive.ts';
import { refuseLink } from '../../adapters/recordings/disk.ts';
import { countParquetRows } from '../../adapters/recordings/parquet/rows.ts';
import { UPDATES_FILE } from '../../core/config/names.ts';
import { FyersError } from '../../core/errors.ts';
import { plansIn } from '../../core/recording/day-events.ts';
import { isSuspect } from '../../core/recording/field-faults.ts';
import type { FileFacts, FrameFacts, Manifest } from '../../core/recording/manifest.ts';
import type { Audit } from '../../harvester/audit.ts';
import type { Session } from './io.ts';
import type { OpenedRecording, BucketDay } from './recordings.ts';
import { readOverrides } from './settings.ts';
import { formatShare, paint, type Terminal } from './terminal.ts';

/** The exit code of check and report for a recording that is not good; other commands use it for faults of this machine. */
export const PROBLEMS_EXIT_CODE = 4;

/** A day with rows for fewer slots is not good, even if every missing slot has a reason. */
const MIN_GOOD_PERCENT = 99;

export interface Verdict {
  /** False: the exit code is 4. */
  readonly good: boolean;
  readonly tone: 'good' | 'partial' | 'bad';
  readonly text: string;
  /** Full sentences, one for each inconsistency. */
  readonly faults: readonly string[];
}

export interface Judgement extends Verdict {
  readonly audit: Audit;
  /** Symbols with too many rows of a mark. */
  readonly red: readonly RedSymbol[];
  /** Field faults that are too many. */
  readonly suspect: Audit['fieldFaults'];
  /** The host that was used instead of Fyers' own API; null for a recording of Fyers. */
  readonly replacedBroker: string | null;
}

interface JudgeOptions {
  /** Called with the number of rows so far. */
  readonly onRow: (rows: number) => void;
  /** Whether all files of a day in the bucket are read. */
  readonly download?: boolean;
}

/** @throws FyersError `operator.usage` for a file without rows */
export async function judgeRecording(
  { io }: Pick<Session, 'io'>,
  recording: OpenedRecording,
  { onRow, download = false }: JudgeOptions,
): Promise<Judgement> {
  const { date } = recording;
  if (date === null) throw noRowsError(recording.place);
  const { audit } = await import('../../harvester/audit.ts');
  const events = await recording.events();
  const found = await audit({
    date,
    rows: () => recording.rows(),
    events,
    manifest: await recording.manifest(),
    calendar: readOverrides(io),
    now: io.clock.now(),
    onRow,
  });
  if (found.coverage === null && found.rows + found.unreadable === 0)
    throw noRowsError(recording.place);
  const why = found.unreadable === 0 ? null : await recording.whyUnreadable();
  const first = why === null ? [] : [`The first of those lines: ${why}.`];
  const damaged = await findDamagedFiles(recording, { download, terminal: io });
  const faults = [...found.faults, ...first, ...damaged];
  const suspect = found.fieldFaults.filter((each) => isSuspect(each, found.rows));
  const red = found.quality.symbols
    .filter((each) => each.red.length > 0)
    .map((each) => ({ symbol: each.symbol, red: each.red }));
  const good = faults.length === 0 && !found.quality.red && suspect.length === 0;
  const partial = isPartial(found.coverage);
  return {
    good,
    tone: good ? (partial ? 'partial' : 'good') : 'bad',
    text: verdictText({ faults, red, suspect, coverage: found.coverage }),
    faults,
    audit: found,
    red,
    suspect,
    replacedBroker: plansIn(events).find(({ broker }) => broker !== undefined)?.broker ?? null,
  };
}

/** The line of a verdict, in its colour. */
export function paintVerdict(terminal: Terminal, { tone, text }: Verdict): string {
  return paint(terminal, tone === 'partial' ? 'strong' : tone, text);
}

function isPartial(coverage: Audit['coverage']): boolean {
  if (coverage === null) return false;
  return 100 * coverage.received < MIN_GOOD_PERCENT * coverage.expected;
}

const NO_PLAN_TEXT =
  'Every row can be read. A file has no plan, so missing rows cannot be detected.';

const TOO_EARLY_TEXT = 'No slot is old enough yet to be judged.';

function verdictText({
  faults,
  red,
  suspect,
  coverage,
}: Pick<Judgement, 'faults' | 'red' | 'suspect'> & Pick<Audit, 'coverage'>): string {
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
    ...missingText(coverage),
  ].join(' ');
}

/** Reports the slots without a row, which "It adds up." alone would hide. */
function missingText(coverage: Audit['coverage']): readonly string[] {
  if (coverage === null || coverage.explained === 0) return [];
  const { explained, expected } = coverage;
  const [count, all] = [explained, expected].map((slots) => slots.toLocaleString('en'));
  return [
    `${count ?? ''} of ${all ?? ''} slots (${formatShare(explained, expected)}) have no row; each has a reason.`,
  ];
}

interface RedSymbol {
  readonly symbol: string;
  /** Marks that too many of the symbol's rows have. */
  readonly red: readonly string[];
}

function redSymbolsText(red: readonly RedSymbol[]): string {
  const named = red.map(({ symbol, red: marks }) => `${symbol} (${marks.join(', ')})`);
  return `Check these symbols before you use them: ${named.join(', ')}.`;
}

function noRowsError(place: string): FyersError {
  return new FyersError(
    'operator.usage',
    `${place} has no rows.`,
    'Name another file or a date: `./fyers check --help`.',
  );
}

interface FileCheckOptions {
  /** True if files that are only in the bucket are downloaded. */
  readonly download: boolean;
  /** Shows the progress. */
  readonly terminal: Pick<Terminal, 'progress'>;
}

/** Full sentences, one for each file of a day that is missing or differs from the manifest. */
async function findDamagedFiles(
  recording: OpenedRecording,
  options: FileCheckOptions,
): Promise<readonly string[]> {
  const { day, bucket } = recording;
  const manifest = await recording.manifest();
  if (day === null || manifest === null) return [];
  try {
    if (bucket === null) return await readFiles(day, manifest, options);
    return options.download
      ? await readObjects(day, bucket, manifest, options)
      : await compareObjects(day, bucket, manifest, options);
  } finally {
    options.terminal.progress?.('');
  }
}

async function readFiles(
  day: DayArchive,
  manifest: Manifest,
  options: FileCheckOptions,
): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const file of manifest.files) faults.push(...(await findFileFaults(day, file, manifest)));
  if (manifest.frames === undefined) return faults;
  for (const { name } of manifest.frames.files) await refuseLink(day.pathOf(name));
  return [...faults, ...(await findFrameFaults(day.frames, manifest.frames, options))];
}

async function findFileFaults(
  day: DayArchive,
  { name, sha256 }: FileFacts,
  { updates }: Manifest,
): Promise<readonly string[]> {
  await refuseLink(day.pathOf(name));
  const facts = await factsOf(day.pathOf(name), name).catch(() => null);
  if (facts === null) return [notReadableText(name)];
  return [
    ...(facts.sha256 === sha256 ? [] : [differentFileText(name, facts.sha256)]),
    ...(name === UPDATES_FILE && updates !== undefined ? await findUpdateFaults(day, updates) : []),
  ];
}

async function findUpdateFaults(
  day: DayArchive,
  expected: NonNullable<Manifest['updates']>,
): Promise<readonly string[]> {
  const rows = await countParquetRows(day.pathOf(UPDATES_FILE)).catch(() => null);
  // A file that differs has already been reported.
  if (rows === null || rows === expected.rows) return [];
  return [
    `The manifest has ${String(expected.rows)} rows of updates, but ${UPDATES_FILE} has ${String(rows)}.`,
  ];
}

/** Reads all segments again. */
async function findFrameFaults(
  frames: Pick<DayArchive['frames'], 'names' | 'read' | 'facts'>,
  expected: FrameFacts,
  { terminal }: FileCheckOptions,
): Promise<readonly string[]> {
  const { countFrames } = await import('../../harvester/frames.ts');
  let segments = 0;
  const found = await countFrames({
    ...frames,
    read(name) {
      segments += 1;
      showProgress(terminal, 'segment', segments, expected.files.length);
      return frames.read(name);
    },
  });
  const faults = expected.files.flatMap(({ name, sha256 }) => {
    const file = found?.files.find((each) => each.name === name);
    if (file === undefined) return [notReadableText(name)];
    if (file.frames === null) return [`${name} is damaged: its frames cannot be read.`];
    return file.sha256 === sha256 ? [] : [differentFileText(name, file.sha256)];
  });
  if ((found?.frames ?? 0) === expected.frames) return faults;
  return [
    ...faults,
    `The manifest has ${String(expected.frames)} frames, but the recording has ${String(found?.frames ?? 0)}.`,
  ];
}

/** Maximum number of concurrent requests. */
const HEADS = 16;

/** Returns the answers in the order of the items. */
async function askAll<T, A>(
  items: readonly T[],
  ask: (item: T) => Promise<A>,
  { terminal }: Pick<FileCheckOptions, 'terminal'>,
): Promise<readonly A[]> {
  const answers: A[] = [];
  for (let from = 0; from < items.length; from += HEADS) {
    showProgress(terminal, 'file', from + 1, items.length);
    answers.push(...(await Promise.all(items.slice(from, from + HEADS).map(ask))));
  }
  return answers;
}

async function compareObjects(
  day: DayArchive,
  bucket: BucketDay,
  manifest: Manifest,
  options: FileCheckOptions,
): Promise<readonly string[]> {
  const files = [...manifest.files, ...(manifest.frames?.files ?? [])];
  const ask = async ({ name }: FileFacts) => {
    // The files that every reader needs have already been downloaded.
    const here = await factsOf(day.pathOf(name), name).catch(() => null);
    return here ?? (await bucket.facts(name));
  };
  const found = await askAll(files, ask, options);
  return files.flatMap((file, index) => objectFaults(file, found[index] ?? null));
}

function objectFaults(
  { name, bytes, sha256 }: FileFacts,
  found: Awaited<ReturnType<BucketDay['facts']>>,
): readonly string[] {
  if (found === null) return [notInBucketText(name)];
  if (found.bytes !== bytes) {
    const [has, expected] = [found.bytes, bytes].map((each) => each.toLocaleString('en'));
    return [`${name} has ${has ?? ''} bytes in the bucket, and ${expected ?? ''} in the manifest.`];
  }
  // An object that another program copied may have no SHA-256.
  const isSame = found.sha256 === null || found.sha256 === sha256;
  return isSame ? [] : [differentFileText(name, found.sha256)];
}

async function readObjects(
  day: DayArchive,
  bucket: BucketDay,
  manifest: Manifest,
  options: FileCheckOptions,
): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const [index, file] of manifest.files.entries()) {
    showProgress(options.terminal, 'file', index + 1, manifest.files.length);
    const place = day.pathOf(file.name);
    const isHere = (await factsOf(place, file.name).catch(() => null)) !== null;
    if (!isHere && !(await bucket.fetch(file.name, place))) {
      faults.push(notInBucketText(file.name));
      continue;
    }
    faults.push(...(await findFileFaults(day, file, manifest)));
    if (!isHere) await rm(place);
  }
  if (manifest.frames === undefined) return faults;
  const segments = manifest.frames.files;
  const found = await askAll(segments, ({ name }) => bucket.facts(name), options);
  const stored = segments.filter((_, index) => (found[index] ?? null) !== null);
  const frames = fetchedFrames(
    day,
    bucket,
    stored.map(({ name }) => name),
  );
  return [...faults, ...(await findFrameFaults(frames, manifest.frames, options))];
}

/** `read` downloads a segment, and `facts` removes it, so that one segment at a time takes disk space. */
function fetchedFrames(day: DayArchive, bucket: BucketDay, names: readonly string[]) {
  return {
    names: () => Promise.resolve(names),
    async read(name: string) {
      await bucket.fetch(name, day.pathOf(name));
      return day.frames.read(name);
    },
    async facts(name: string): Promise<FileFacts> {
      const facts = await day.frames.facts(name);
      await rm(day.pathOf(name));
      return facts;
    },
  };
}

function showProgress(
  { progress }: Pick<Terminal, 'progress'>,
  what: string,
  done: number,
  all: number,
): void {
  progress?.(`Checking: ${what} ${String(done)} of ${String(all)}`);
}

function notReadableText(name: string): string {
  return `${name} is in the manifest, but cannot be read.`;
}

function notInBucketText(name: string): string {
  return `${name} is in the manifest, but not in the bucket, or you may not read it.`;
}

function differentFileText(name: string, sha256: string): string {
  return `${name} differs from the manifest: its SHA-256 begins with ${sha256.slice(0, 12)}.`;
}
