// The operator's own days beside `.env`: what the exchange announced after this release was made.
import { copyFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { toError } from '../../core/errors.ts';
import { type Override, parseOverridesText } from '../../core/market/calendar-data.ts';
import { OBJECTS, OPERATOR_FILES } from '../../core/config/names.ts';
import type { ObjectStore } from '../../core/ports.ts';
import { readText, unreadable } from '../recordings/text-file.ts';

type CalendarFile =
  | { readonly kind: 'days'; readonly overrides: readonly Override[] }
  | { readonly kind: 'absent' }
  /** A full sentence with what to do. */
  | { readonly kind: 'malformed'; readonly problem: string };

/** `calendar.json` of a folder. Never throws. */
export function readCalendarFile(folder: string): CalendarFile {
  return readCalendar(path.join(folder, OPERATOR_FILES.calendar));
}

/** Never throws. */
function readCalendar(file: string): CalendarFile {
  const read = readText(file);
  if (read.kind === 'absent') return read;
  if (read.kind === 'unreadable') return { kind: 'malformed', problem: unreadable(file, read.why) };
  const parsed = parseOverridesText(read.text);
  return parsed.ok
    ? { kind: 'days', overrides: parsed.value }
    : {
        kind: 'malformed',
        problem: `The content of ${file} ${parsed.problem}. Correct it; \`npx --no-install fyers calendar --help\` shows the form.`,
      };
}

// The operator's own days where a harvester keeps them: a copy in its data folder, which a compaction's process reads too.

interface OwnDaysFile {
  /** As they were when they were last read. */
  readonly overrides: () => readonly Override[];
  /** Reads them anew from where the operator keeps them; true when they changed. Never throws. */
  refresh(): Promise<boolean>;
}

interface OwnDaysOptions {
  readonly dataDir: string;
  /** On AWS they are an object beside the code; null: the operator's folder has them. */
  readonly objects: Pick<ObjectStore, 'get'> | null;
  readonly operatorDir: string;
  /** Told once for each problem; what was known before stays. */
  readonly onProblem: (problem: string) => void;
}

/** The days of a data folder, for a process that does not refresh them. */
export function ownDaysIn(dataDir: string): readonly Override[] {
  const found = readCalendar(path.join(dataDir, OPERATOR_FILES.calendar));
  return found.kind === 'days' ? found.overrides : [];
}

export function ownDaysFile({
  dataDir,
  objects,
  operatorDir,
  onProblem,
}: OwnDaysOptions): OwnDaysFile {
  const file = path.join(dataDir, OPERATOR_FILES.calendar);
  let [overrides, told] = [ownDaysIn(dataDir), ''];
  const fetched = async (): Promise<boolean> => {
    const source = path.join(operatorDir, OPERATOR_FILES.calendar);
    if (objects !== null) return objects.get(OBJECTS.calendar, file);
    if (readCalendar(source).kind === 'absent') return false;
    // Somebody records into the folder of `.env` itself.
    if (path.resolve(source) === path.resolve(file)) return true;
    await copyFile(source, file);
    return true;
  };
  const problemOf = async (): Promise<string> => {
    try {
      if (!(await fetched())) await rm(file, { force: true });
      const found = readCalendar(file);
      if (found.kind === 'malformed') return found.problem;
      overrides = found.kind === 'days' ? found.overrides : [];
      return '';
    } catch (caught) {
      return `The operator's own days cannot be read: ${toError(caught).message}.`;
    }
  };
  return {
    overrides: () => overrides,
    async refresh() {
      const before = JSON.stringify(overrides);
      const problem = await problemOf();
      if (problem !== '' && problem !== told) onProblem(problem);
      told = problem;
      return JSON.stringify(overrides) !== before;
    },
  };
}
