// The lines of a text file, compressed or not, one at a time, in the encoding that its first bytes show.
import { TextDecoder } from 'node:util';
import { unpacked } from './unzip.ts';

export interface CsvLine {
  readonly text: string;
  /** The file ends within it, so its last value may be cut short and yet look like one. */
  readonly torn: boolean;
}

/** A hundred times a row: what is longer is not a recording, and would be held in memory. */
const MAX_LINE_CHARACTERS = 65_536;

/**
 * Lines end in LF, CR LF, or, as old spreadsheets write them, CR.
 * @throws Error for a compressed file that is cut short or unpacks to too much, and for a line that is too long
 */
export async function* linesOf(file: string): AsyncGenerator<CsvLine> {
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

/** The last one has no end yet. A CR at the very end stays with it: a LF may follow. */
function linesIn(text: string): string[] {
  return text.includes('\r') ? text.split(/\r\n|\r(?!$)|\n/) : text.split('\n');
}

/** By the byte-order mark, which the decoder takes away, or by the zeros that UTF-16 has next to letters. */
function encodingOf([first, second]: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) return 'utf-16le';
  return (first === 0xfe && second === 0xff) || (first === 0 && second !== 0)
    ? 'utf-16be'
    : 'utf-8';
}
