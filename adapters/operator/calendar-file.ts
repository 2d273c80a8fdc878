// Reads the operator's calendar overrides: days that the exchange announced after this release.
// They are in `calendar.json` next to `.env`, or in the bucket. A harvester keeps a copy in its
// data folder, which the compaction process reads too.
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { toError } from '../../core/errors.ts';
import { type Override, parseOverridesText } from '../../core/market/calendar-data.ts';
import { OBJECTS, OPERATOR_FILES } from '../../core/config/names.ts';
import type { ObjectStore } from '../../core/ports.ts';
import { replaceFile } from '../recordings/disk.ts';
import { readText, unreadableText } from './text-file.ts';

type CalendarFile =
  | { readonly kind: 'days'; readonly overrides: readonly Override[] }
  | { readonly kind: 'absent' }
  /** A full sentence with the next step. */
  | { readonly kind: 'malformed'; readonly problem: string };

/** Reads `calendar.json` in a folder. Never throws. */
export function readCalendarFile(folder: string): CalendarFile {
  return readCalendar(path.join(folder, OPERATOR_FILES.calendar));
}

/** Never throws. */
function readCalendar(file: string): CalendarFile {
  const read = readText(file);
  if (read.kind === 'absent') return read;
  if (read.kind === 'unreadable') return { kind: 'malformed', problem: unreadableText(file, read) };
  const parsed = parseOverridesText(read.text);
  return parsed.ok
    ? { kind: 'days', overrides: parsed.value }
    : {
        kind: 'malformed',
        problem: `The content of ${file} ${parsed.problem}. Correct it; \`./fyers calendar --help\` shows the form.`,
      };
}

interface OverridesFile {
  /** The overrides from the last read. */
  readonly overrides: readonly Override[];
  /** Reads the overrides again from the operator's copy; true if they changed. Never throws. */
  refresh(): Promise<boolean>;
}

interface OverridesOptions {
  readonly dataDir: string;
  /** On AWS, the bucket that has them; null: they are in the operator's folder. */
  readonly objects: Pick<ObjectStore, 'get'> | null;
  readonly operatorDir: string;
  /** Called once for each problem; the previous overrides stay in use. */
  readonly onProblem: (problem: string) => void;
}

/** The overrides in a data folder, for a process that does not refresh them. */
export function storedOverrides(dataDir: string): readonly Override[] {
  const found = readCalendar(path.join(dataDir, OPERATOR_FILES.calendar));
  return found.kind === 'days' ? found.overrides : [];
}

export function overridesFile({
  dataDir,
  objects,
  operatorDir,
  onProblem,
}: OverridesOptions): OverridesFile {
  const file = path.join(dataDir, OPERATOR_FILES.calendar);
  const source = path.join(operatorDir, OPERATOR_FILES.calendar);
  let [overrides, lastProblem] = [storedOverrides(dataDir), ''];
  const fetchCalendar = async (): Promise<boolean> => {
    if (objects !== null) return objects.get(OBJECTS.calendar, file);
    if (readCalendar(source).kind === 'absent') return false;
    // The data folder is the folder of `.env` itself.
    if (path.resolve(source) === path.resolve(file)) return true;
    // Write the content instead of copying the file: a copy of a read-only file could not be
    // replaced.
    await replaceFile(file, await readFile(source));
    return true;
  };
  const problemOf = async (): Promise<string> => {
    try {
      const own = objects === null ? readCalendar(source) : null;
      // An invalid file is not copied: compaction then uses the copy of the last valid one.
      if (own?.kind === 'malformed') return own.problem;
      if (!(await fetchCalendar())) await rm(file, { force: true });
      const found = readCalendar(file);
      if (found.kind === 'malformed') return found.problem;
      overrides = found.kind === 'days' ? found.overrides : [];
      return '';
    } catch (caught) {
      return `The calendar overrides cannot be read: ${toError(caught).message}.`;
    }
  };
  return {
    get overrides() {
      return overrides;
    },
    async refresh() {
      const before = JSON.stringify(overrides);
      const problem = await problemOf();
      if (problem !== '' && problem !== lastProblem) onProblem(problem);
      lastProblem = problem;
      return JSON.stringify(overrides) !== before;
    },
  };
}
