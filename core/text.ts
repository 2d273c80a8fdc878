// Cleans texts in time proportional to their length. (A pattern such as `\s*$` starts again at every space of a run, so a
// long run takes quadratic time.)

/** Without the characters at its end that `isEnd` accepts. */
function trimmedEnd(text: string, isEnd: RegExp): string {
  let length = text.length;
  while (length > 0 && isEnd.test(text.charAt(length - 1))) length -= 1;
  return text.slice(0, length);
}

/** Ends in one full stop. */
export function asSentence(text: string): string {
  return `${trimmedEnd(text, /[.\s]/)}.`;
}

export function withoutEndSlashes(address: string): string {
  return trimmedEnd(address, /\//);
}

export function withoutEndSeparators(text: string): string {
  return trimmedEnd(text, /[\s,]/);
}

/** Each run of white space that breaks a line or holds a tab becomes one space. */
export function onOneLine(text: string): string {
  return text.replace(/\s+/g, (run) => (/[\r\n\t]/.test(run) ? ' ' : run));
}
