// Cleans texts and formats words, in time proportional to their length. (A pattern such as `\s*$` starts again at every space
// of a run, so a long run takes quadratic time.)
import * as z from 'zod/mini';
import type { IstDate } from './time.ts';

/** Removes the characters at the end that `isEnd` accepts. */
function trimEnd(text: string, isEnd: RegExp): string {
  let length = text.length;
  while (length > 0 && isEnd.test(text.charAt(length - 1))) length -= 1;
  return text.slice(0, length);
}

/** Ends in one full stop. */
export function asSentence(text: string): string {
  return `${trimEnd(text, /[.\s]/)}.`;
}

/** The JSON value; null if the text is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export function withoutEndSlashes(address: string): string {
  return trimEnd(address, /\//);
}

export function withoutEndSeparators(text: string): string {
  return trimEnd(text, /[\s,]/);
}

/** Replaces each run of white space that contains a line break or a tab by one space. */
export function onOneLine(text: string): string {
  return text.replace(/\s+/g, (run) => (/[\r\n\t]/.test(run) ? ' ' : run));
}

/** `1 line`, `2 lines`, `1,532 lines`. */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}

/** `no day`, `one day, 2026-11-25`, `5 days from 2026-11-23 to 2026-11-27`; dates in their order. */
export function daysWords(dates: readonly IstDate[]): string {
  const [first, last] = [dates.at(0), dates.at(-1)];
  if (first === undefined || last === undefined) return 'no day';
  return dates.length === 1
    ? `one day, ${first}`
    : `${counted(dates.length, 'day')} from ${first} to ${last}`;
}

const HIDDEN = '[hidden]';
/** Shorter than the header, the shortest part of Fyers' tokens; longer than any part of a host name or a version. */
const MIN_PART_LENGTH = 16;
/** Base64url of `{"`: the beginning of every JWT's header and payload, even if the rest was cut off. */
const JWT_PART = 'eyJ';

/**
 * Replaces every JWT-like run: parts of base64url joined by dots, from the first long part on. For texts from outside, such
 * as Fyers' own message, before they reach a log, a terminal or a page. A stranger may choose such a text and its length,
 * so the time is linear: each character belongs to one run, and each run is split once.
 */
export function hideTokens(text: string): string {
  return text.replace(/[\w.-]+/g, hideInRun);
}

function hideInRun(run: string): string {
  if (run.length < MIN_PART_LENGTH) return run;
  const kept: string[] = [];
  const parts = run.split('.');
  for (let at = 0; at < parts.length; at += 1) {
    const end = endOfToken(parts, at);
    kept.push(end === null ? (parts[at] ?? '') : HIDDEN);
    if (end !== null) at = end;
  }
  return kept.join('.');
}

/** The index of the last part of a token that begins at `at`; null if no token begins there. */
function endOfToken(parts: readonly string[], at: number): number | null {
  const first = parts[at] ?? '';
  if (first.length < MIN_PART_LENGTH) return null;
  let end = at;
  while ((parts[end + 1] ?? '') !== '') end += 1;
  return end > at || first.includes(JWT_PART) ? end : null;
}

/** Schema of a list from outside. Drops entries of another form and keeps the others. */
export function lenientArray<T extends z.ZodMiniType>(entry: T) {
  return z.pipe(
    z.array(z.catch(z.nullable(entry), null)),
    z.transform((entries) => entries.flatMap((one) => (one === null ? [] : [one]))),
  );
}

/** The cells of a CSV line. A quoted cell may contain commas. */
export function csvCells(line: string): readonly string[] {
  if (!line.includes('"')) return line.split(',');
  // Each cell has a comma before it here, so that an empty first one is found too.
  return [...`,${line}`.matchAll(/,(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain]) => quoted ?? plain ?? '',
  );
}
