// The operator's own days beside `.env`: what the exchange announced after this release was made.
import path from 'node:path';
import { type Override, parseOverridesText } from '../../core/market/calendar-data.ts';
import { OPERATOR_FILES } from '../../core/names.ts';
import { readText, unreadable } from './text-file.ts';

export type CalendarFile =
  | { readonly kind: 'days'; readonly overrides: readonly Override[] }
  | { readonly kind: 'absent' }
  /** A full sentence with what to do. */
  | { readonly kind: 'malformed'; readonly problem: string };

/** `calendar.json` of a folder. Never throws. */
export function readCalendarFile(folder: string): CalendarFile {
  return readCalendar(path.join(folder, OPERATOR_FILES.calendar));
}

/** Never throws. */
export function readCalendar(file: string): CalendarFile {
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
