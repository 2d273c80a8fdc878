// Opens a CSV file as a recording: a day log, an exported day, or a file of the Python original.
import path from 'node:path';
import {
  COLUMNS_OF,
  type CsvForm,
  type Unreadable,
  formInHeader,
  formInRow,
  readLine,
} from '../../core/depth/csv-form.ts';
import type { RecordedRow } from '../../core/depth/recorded.ts';
import { toError } from '../../core/errors.ts';
import { linesOf } from './csv-lines.ts';
import { damaged, foreign, notARecording, unlikeARecording } from './recording-faults.ts';
import { magicOf } from './unzip.ts';

export interface CsvRecording {
  readonly form: CsvForm;
  readonly columns: ReadonlySet<string>;
  /** Full sentences on how the file is read, when that is not obvious. */
  readonly notes: readonly string[];
  rows(): AsyncIterable<RecordedRow | null>;
  whyUnreadable(): Promise<string | null>;
}

/** @throws FyersError `operator.usage` for another file, with the reason; `platform.integrity` for a damaged one */
export async function openCsv(place: string): Promise<CsvRecording> {
  const first = await firstLine(place);
  const header = first === null ? null : formInHeader(first);
  if (header !== null && 'why' in header) throw foreign(place, header.why);
  const form = header ?? (first === null ? null : formInRow(first));
  if (form === null) throw notARecording(place, await otherKind(place));
  if ('why' in form) throw unlikeARecording(place, form.why);
  return {
    form,
    columns: new Set(COLUMNS_OF[form.kind].map(({ name }) => name)),
    notes: form.hasHeader
      ? []
      : [`${path.basename(place)} has no header: its columns are read by their position.`],
    rows: () => csvRows(place, form),
    whyUnreadable: async () => {
      for await (const { number, line } of readLines(place, form, 'is cut off')) {
        if ('why' in line) return `line ${String(number)}: ${line.why}`;
      }
      return null;
    },
  };
}

/** @param atTorn what a last line without its end is: cut off in a file, but not in a day that may go on */
export async function* csvRows(
  file: string,
  form: CsvForm,
  atTorn: AtTorn = 'is cut off',
): AsyncGenerator<RecordedRow | null> {
  for await (const { line } of readLines(file, form, atTorn)) yield 'why' in line ? null : line;
}

type AtTorn = 'is cut off' | 'is still written';

/** Every line but headers and blank ones. A program that is started again may have written its header again. */
async function* readLines(file: string, first: CsvForm, atTorn: AtTorn) {
  let [form, number] = [first, 0];
  try {
    for await (const { text, torn } of linesOf(file)) {
      number += 1;
      if (torn && atTorn === 'is still written') return;
      if (text.trim() === '') continue;
      const line: RecordedRow | Unreadable = torn
        ? { why: 'the file ends within it' }
        : readLine(text, form);
      if ('why' in line) {
        const header = formInHeader(text);
        if (header !== null && !('why' in header) && header.kind === form.kind) {
          form = header;
          continue;
        }
      }
      yield { number, line };
    }
  } catch (caught) {
    throw damaged(file, toError(caught));
  }
}

/** The first line that is not blank; null when there is none. */
async function firstLine(file: string): Promise<string | null> {
  try {
    for await (const { text } of linesOf(file)) if (text.trim() !== '') return text;
    return null;
  } catch (caught) {
    throw damaged(file, toError(caught));
  }
}

/** What the file is instead, by its first bytes. */
async function otherKind(file: string): Promise<string | null> {
  const magic = await magicOf(file);
  if (magic.length === 0) return 'it is empty';
  if (magic.length === 4 && magic.readUInt16BE(0) === 0x504b)
    return 'it is a ZIP archive or an Excel workbook: save it as CSV';
  return magic.length === 4 && magic.readUInt32LE(0) === 0xfd2fb528
    ? 'it is compressed by zstd: unpack it with `zstd -d`'
    : null;
}
