// Hides what looks like a token in a text from outside, such as Fyers' own message, before it reaches a log, a terminal or
// a page. The text is unbounded and may be chosen by a stranger, so the time is linear in its length: each character
// belongs to one run, and each run is split once. (A pattern that starts again at every character of a run is quadratic.)

const HIDDEN = '[hidden]';
/** Fyers' shortest token part, its header, is longer; a host name or a version has no part as long. */
const SHORTEST_PART = 16;
/** Base64url of `{"`: what every JWT's header and payload begin with, also when the rest was cut off. */
const JWT_PART = 'eyJ';

/** Replaces every JWT-like run: parts of base64url joined by dots, from the first long part on. */
export function hideTokens(text: string): string {
  return text.replace(/[\w.-]+/g, hideInRun);
}

function hideInRun(run: string): string {
  if (run.length < SHORTEST_PART) return run;
  const shown: string[] = [];
  const parts = run.split('.');
  for (let at = 0; at < parts.length; at += 1) {
    const end = endOfToken(parts, at);
    shown.push(end === null ? (parts[at] ?? '') : HIDDEN);
    if (end !== null) at = end;
  }
  return shown.join('.');
}

/** The index of the last part of a token that begins at `at`; null if no token begins there. */
function endOfToken(parts: readonly string[], at: number): number | null {
  const first = parts[at] ?? '';
  if (first.length < SHORTEST_PART) return null;
  let end = at;
  while ((parts[end + 1] ?? '') !== '') end += 1;
  return end > at || first.includes(JWT_PART) ? end : null;
}
