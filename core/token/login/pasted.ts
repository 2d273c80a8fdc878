// Restores an address that a person copied from a browser, a mail or a chat and pasted. On the way such an address is
// wrapped at a line's end, quoted, escaped (HTML, JSON, a shell, quoted-printable, percent signs), embedded in a
// warning link of another service, or followed by a full stop. Each step runs over the text once.

/** No address is longer, even if it is escaped. */
export const MAX_PASTED_LENGTH = 32_768;

const MAX_ROUNDS = 3;

/** Unescapes the copied text and removes its surroundings. Leaves one space for each run of white space. */
export function pastedText(text: string): string {
  if (text.length > MAX_PASTED_LENGTH) return text;
  const unescaped = withoutEntities(
    withoutBackslashes(fromQuotedPrintable(withoutInvisible(text))),
  );
  return linkTarget(fromPercent(linkTarget(unescaped)))
    .replace(/(^|\n)[ \t>|│]+/g, '$1')
    .replace(/\s+/g, ' ')
    .trim();
}

/** Returns the first address in the text, or null. An address without a scheme counts as https. */
export function pastedUrl(text: string): URL | null {
  const clean = pastedText(text);
  if (clean.length > MAX_PASTED_LENGTH) return null;
  const whole = clean.replaceAll(' ', '');
  const at = whole.search(/https?:\/\//i);
  const bare = at === -1 ? whole.replace(OPENING, '') : whole.slice(at);
  const [address = ''] = bare.split(/[<>"“”„«»`{}|^]/u, 1);
  const complete = withoutTail(address);
  const url = URL.parse(at === -1 ? `https://${complete}` : complete);
  return url?.hostname.includes('.') === true ? url : null;
}

const OPENING = /^[<("'“„«‘`[{]+/u;
const TAIL = new Set('.,;:!?)]}\'"”’»>*`…');

/** Removes the punctuation of the surrounding sentence. */
export function withoutTail(text: string): string {
  let end = text.length;
  while (end > 0 && TAIL.has(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

const ESCAPE = String.fromCharCode(27);
const SEQUENCE = new RegExp(`${ESCAPE}\\[[\\d;]*[A-Za-z~]`, 'g');

/** Removes terminal sequences (including a bracketed paste), control characters and zero-width characters. */
function withoutInvisible(text: string): string {
  return text
    .replace(SEQUENCE, '')
    .replace(/[\p{DI}\p{Cf}\p{Cc}]/gu, (each) => (/\s/.test(each) ? each : ''));
}

/** RFC 2045, 6.7: there every "=" is the beginning of an escape or of a soft line break. */
function fromQuotedPrintable(text: string): string {
  if (!text.includes('=3D')) return text;
  if (/=(?![\dA-F]{2}|[ \t]*\r?\n|$)/.test(text)) return text.replaceAll('=3D', '=');
  const joined = text.replace(/=[ \t]*(?:\r?\n|$)/g, '');
  const bytes = joined.replace(/=([\dA-F]{2})/g, '%$1');
  return joined === bytes ? joined : decodePercent(bytes.replace(/%(?![\dA-F]{2})/g, '%25'));
}

/** JSON's and JavaScript's escapes, and a shell's. */
function withoutBackslashes(text: string): string {
  return text.replace(
    /\\(?:u00([\da-f]{2})|x([\da-f]{2})|([nrt])|)/gi,
    (_all, unicode: string | undefined, byte: string | undefined, space: string | undefined) => {
      const hex = unicode ?? byte;
      if (hex !== undefined) return String.fromCharCode(parseInt(hex, 16));
      return space === undefined ? '' : ' ';
    },
  );
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  equals: '=',
  quest: '?',
  num: '#',
  period: '.',
  colon: ':',
  sol: '/',
  lowbar: '_',
  shy: '',
};
const ENTITY = new RegExp(
  `&(?:#(\\d{1,5})|#x([\\da-f]{1,4})|(${Object.keys(ENTITIES).join('|')}));`,
  'gi',
);

/** In a page's source "&" is "&amp;", and in the source of that source "&amp;amp;". */
function withoutEntities(text: string): string {
  let clean = text;
  for (let round = 0; round < MAX_ROUNDS && clean.includes(';'); round += 1) {
    clean = clean.replace(
      ENTITY,
      (all, decimal: string | undefined, hex: string | undefined, name: string | undefined) => {
        if (name !== undefined) return ENTITIES[name.toLowerCase()] ?? all;
        const code = decimal === undefined ? parseInt(hex ?? '', 16) : Number(decimal);
        return code > 0xffff ? all : String.fromCharCode(code);
      },
    );
  }
  return clean;
}

/** The address of a link in Markdown, `[text](address)`, or in HTML, `<a href="address">text</a>`. */
function linkTarget(text: string): string {
  const markdown = text.indexOf('](');
  if (markdown !== -1) {
    const [target = ''] = text.slice(markdown + 2).split(')', 1);
    return target.replace(/^\s*</, '');
  }
  const html = text.search(/\bhref[ \t]*=[ \t]*["']?/i);
  if (html === -1) return text;
  const value = text.slice(html).replace(/^href[ \t]*=[ \t]*/i, '');
  const quote = /^["']/.exec(value)?.[0];
  const [target = ''] = quote === undefined ? value.split('>', 1) : value.slice(1).split(quote, 1);
  return target;
}

/**
 * Extracts an address that is a value of another address, as in links of Outlook, Google and Facebook, or that is wholly
 * escaped.
 */
function fromPercent(text: string): string {
  let clean = text.replace(/%\s*([\da-f])\s*([\da-f])/gi, '%$1$2');
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const inner = innerAddress(clean);
    if (inner === null) return clean;
    clean = inner;
  }
  return clean;
}

function innerAddress(text: string): string | null {
  const at = text.search(/https?%(?:25){0,2}3A/i);
  if (at === -1) {
    return /%(?:25){0,2}3D/i.test(text) && !text.includes('=') ? decodePercent(text) : null;
  }
  // In a login's address, the redirect URL and an address in a message are not the wanted address.
  const field = text.slice(Math.max(text.lastIndexOf('&', at), text.lastIndexOf('?', at)) + 1, at);
  if (/^(?:redirect_uri|message)=/i.test(field)) return null;
  const inner = decodePercent(text.slice(at).split('&', 1)[0] ?? '');
  return inner.includes('?') || inner.includes('%') ? inner : null;
}

/** Decodes percent signs once. Leaves invalid UTF-8 unchanged. */
function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text.replace(/%([2-7][\da-f])/gi, (_all, hex: string) =>
      String.fromCharCode(parseInt(hex, 16)),
    );
  }
}
