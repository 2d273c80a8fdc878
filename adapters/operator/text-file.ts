// Reads small text files written by people and their editors, in any of the encodings that Windows
// and word processors use.
import { readFileSync, statSync, type Stats } from 'node:fs';
import { errnoOf } from '../../core/errors.ts';

export type Read =
  /**
   * `flaws` are predicates about the file, such as "is UTF-16, …"; the text is the best possible
   * decoding.
   */
  | { readonly kind: 'text'; readonly text: string; readonly flaws: readonly string[] }
  | { readonly kind: 'absent' }
  | Unreadable;

interface Unreadable {
  readonly kind: 'unreadable';
  /** A predicate about the file, such as "is a folder". */
  readonly why: string;
  readonly nextStep: string;
}

/** No file that people write by hand is larger; a larger one is another file of the same name. */
const MAX_BYTES = 65_536;
const AS_UTF_8 = 'Save it as UTF-8; in Notepad that is "Encoding" in "Save as".';

/** Never throws, and never waits: a pipe instead of the file would block the process forever. */
export function readText(file: string, maxBytes = MAX_BYTES): Read {
  try {
    const found = statSync(file);
    if (!found.isFile()) return notAFile(found);
    return { kind: 'text', ...decodeText(readFileSync(file), maxBytes) };
  } catch (caught) {
    const code = errnoOf(caught);
    if (code === 'ENOENT') return { kind: 'absent' };
    const nextStep =
      code === 'EACCES'
        ? `Run \`chmod 600 ${file}\` as its owner.`
        : `Check it with \`ls -l ${file}\`.`;
    return { kind: 'unreadable', why: `cannot be read (${code})`, nextStep };
  }
}

function notAFile(found: Stats): Unreadable {
  return {
    kind: 'unreadable',
    why: found.isDirectory() ? 'is a folder' : 'is a pipe, a socket or a device',
    nextStep: 'Move it away. Only a regular file is read.',
  };
}

/** A full sentence with the next step. */
export function unreadableText(file: string, { why, nextStep }: Unreadable): string {
  return `${file} ${why}. ${nextStep}`;
}

interface Decoded {
  readonly text: string;
  readonly flaws: readonly string[];
}

/** The text without a byte order mark. */
function decodeText(bytes: Buffer, maxBytes: number): Decoded {
  if (bytes.length > maxBytes) {
    const flaw = `has ${bytes.length.toLocaleString('en')} bytes, more than the allowed ${maxBytes.toLocaleString('en')}. Check it with \`ls -l\`: it is probably another file.`;
    return { text: '', flaws: [flaw] };
  }
  const wide = wideEncoding(bytes);
  const text = new TextDecoder(wide ?? 'utf-8').decode(bytes);
  if (wide !== null) return { text: text.replaceAll('\0', ''), flaws: [`is UTF-16. ${AS_UTF_8}`] };
  const line = invalidLine(bytes);
  return {
    text: text.replaceAll('\0', ''),
    flaws: [
      ...(line === null
        ? []
        : [`is not UTF-8: line ${String(line)} has bytes of another encoding. ${AS_UTF_8}`]),
      ...(text.includes('\0')
        ? [`contains NUL bytes, in line ${String(lineOf(text, '\0'))}. ${AS_UTF_8}`]
        : []),
    ],
  };
}

/** Detects UTF-16 by the byte order mark, or by the zero in every second byte of ASCII text. */
function wideEncoding(bytes: Buffer): 'utf-16le' | 'utf-16be' | null {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  const zeros = [0, 0];
  for (const [index, byte] of bytes.entries()) {
    if (byte === 0) zeros[index % 2] = (zeros[index % 2] ?? 0) + 1;
  }
  const [even = 0, odd = 0] = zeros;
  const most = bytes.length * 0.4;
  if (bytes.length < 4 || Math.max(even, odd) < most) return null;
  return odd > even ? 'utf-16le' : 'utf-16be';
}

/** The first line that is not UTF-8, counted from 1; null if the file is valid. */
function invalidLine(bytes: Buffer): number | null {
  const strict = new TextDecoder('utf-8', { fatal: true });
  let line = 1;
  for (let from = 0; from <= bytes.length; line += 1) {
    const end = bytes.indexOf(0x0a, from);
    const to = end === -1 ? bytes.length : end;
    try {
      strict.decode(bytes.subarray(from, to));
    } catch {
      return line;
    }
    from = to + 1;
  }
  return null;
}

function lineOf(text: string, wanted: string): number {
  return text.slice(0, text.indexOf(wanted)).split('\n').length;
}
