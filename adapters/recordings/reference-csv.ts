// Opens a CSV file as a recording (a day log, an exported day, or a file of the Python original),
// and appends to the reference CSV. Files may be compressed and are read line by line, in the
// encoding that their first bytes indicate.
import { open } from 'node:fs/promises';
import path from 'node:path';
import { TextDecoder } from 'node:util';
import {
  REFERENCE_CSV_HEADER,
  COLUMNS_OF,
  type CsvForm,
  formInHeader,
  formInRow,
  readLine,
  type Unreadable,
} from '../../core/recording/csv-files.ts';
import type { RecordedRow } from '../../core/recording/rows.ts';
import { toError } from '../../core/errors.ts';
import { endOfLastLine } from './disk.ts';
import {
  failedReadError,
  otherVersionError,
  notARecordingError,
  unlikeARecordingError,
} from './open-recording.ts';
import { magicOf, unpacked } from './unzip.ts';

interface CsvRecording {
  readonly form: CsvForm;
  readonly columns: ReadonlySet<string>;
  /** Full sentences on how the file is read, if that is not obvious. */
  readonly notes: readonly string[];
  rows(): AsyncIterable<RecordedRow | null>;
  whyUnreadable(): Promise<string | null>;
}

/**
 * @throws FyersError `operator.usage` for another kind of file, with the reason;
 * `platform.integrity` for a damaged one
 */
export async function openCsv(place: string): Promise<CsvRecording> {
  const first = await firstLine(place);
  const header = first === null ? null : formInHeader(first);
  if (header !== null && 'why' in header) throw otherVersionError(place, header.why);
  const form = header ?? (first === null ? null : formInRow(first));
  if (form === null) throw notARecordingError(place, await detectFileType(place));
  if ('why' in form) throw unlikeARecordingError(place, form.why);
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

/**
 * @param atTorn meaning of a last line without a line feed: cut off in a file, but possibly still
 * being written in a running day
 */
export async function* csvRows(
  file: string,
  form: CsvForm,
  atTorn: AtTorn = 'is cut off',
): AsyncGenerator<RecordedRow | null> {
  for await (const { line } of readLines(file, form, atTorn)) yield 'why' in line ? null : line;
}

type AtTorn = 'is cut off' | 'is still written';

/**
 * Every line except headers and blank lines. A recorder that was restarted may have written its
 * header again.
 */
async function* readLines(file: string, first: CsvForm, atTorn: AtTorn) {
  let [form, number] = [first, 0];
  try {
    for await (const { text, torn } of linesOf(file)) {
      number += 1;
      if (torn && atTorn === 'is still written') return;
      if (text.trim() === '') continue;
      const line: RecordedRow | Unreadable = torn
        ? { why: 'the file ends within this line' }
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
    throw failedReadError(file, toError(caught));
  }
}

/** The first line that is not blank, or null. */
async function firstLine(file: string): Promise<string | null> {
  try {
    for await (const { text } of linesOf(file)) if (text.trim() !== '') return text;
    return null;
  } catch (caught) {
    throw failedReadError(file, toError(caught));
  }
}

/** Names the actual file type by its first bytes. */
async function detectFileType(file: string): Promise<string | null> {
  const magic = await magicOf(file);
  if (magic.length === 0) return 'it is empty';
  if (magic.length === 4 && magic.readUInt16BE(0) === 0x504b)
    return 'it is a ZIP archive or an Excel workbook: save it as CSV';
  return magic.length === 4 && magic.readUInt32LE(0) === 0xfd2fb528
    ? 'it is compressed by zstd: unpack it with `zstd -d`'
    : null;
}

interface CsvLine {
  readonly text: string;
  /** The file ends within this line, so its last value may be truncated and still be valid. */
  readonly torn: boolean;
}

/**
 * A hundred times the length of a row; a longer line is not from a recording and would fill the
 * memory.
 */
const MAX_LINE_CHARACTERS = 65_536;

/**
 * Lines end in LF, CR LF, or, as in old spreadsheets, CR.
 *
 * @throws Error for a compressed file that is truncated or unpacks to too much, and for a line that
 * is too long
 */
async function* linesOf(file: string): AsyncGenerator<CsvLine> {
  let rest = '';
  let decoder: TextDecoder | null = null;
  for await (const chunk of (await unpacked(file)) as AsyncIterable<Buffer>) {
    decoder ??= new TextDecoder(encodingOf(chunk));
    const lines = linesIn(rest + decoder.decode(chunk, { stream: true }));
    rest = lines.pop() ?? '';
    for (const text of [...lines, rest]) {
      if (text.length > MAX_LINE_CHARACTERS) {
        throw new Error(`it has a line of more than ${String(MAX_LINE_CHARACTERS)} characters`);
      }
    }
    for (const text of lines) yield { text, torn: false };
  }
  rest += decoder?.decode() ?? '';
  if (rest.endsWith('\r')) yield { text: rest.slice(0, -1), torn: false };
  else if (rest !== '') yield { text: rest, torn: true };
}

/**
 * The last element has no line end yet. A CR at the very end stays with it, because a LF may
 * follow.
 */
function linesIn(text: string): string[] {
  return text.includes('\r') ? text.split(/\r\n|\r(?!$)|\n/) : text.split('\n');
}

/**
 * Detects the encoding by the byte-order mark, which the decoder removes, or by the zeros that
 * UTF-16 has next to letters.
 */
function encodingOf([first, second]: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) return 'utf-16le';
  return (first === 0xfe && second === 0xff) || (first === 0 && second !== 0)
    ? 'utf-16be'
    : 'utf-8';
}

/**
 * Appends complete lines, after a header in a new file; removes an incomplete last line. The file
 * is only a copy, so it is not synced.
 */
export async function appendReferenceCsv(file: string, lines: readonly string[]): Promise<void> {
  const handle = await open(file, 'a+');
  try {
    const { size } = await handle.stat();
    const whole = await endOfLastLine(handle, size);
    if (whole < size) await handle.truncate(whole);
    await handle.appendFile(
      [...(whole === 0 ? [REFERENCE_CSV_HEADER] : []), ...lines, ''].join('\n'),
    );
  } finally {
    await handle.close();
  }
}
