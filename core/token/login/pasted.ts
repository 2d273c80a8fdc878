// Restores an address that a person copied from a browser, a mail or a chat and pasted. On the way such an address is
// wrapped at a line's end, quoted, escaped (HTML, JSON, a shell, quoted-printable, percent signs), put into a link of
// another service that warns of strange pages, or followed by a full stop. Each step runs over the text once.

/** Longer than this is no address, however it was escaped. */
export const MAX_PASTED_LENGTH = 32_768;

const ROUNDS = 3;

/** What was copied, unescaped and without what stands around it. A single space is left where there was white space. */
export function pastedText(text: string): string {
  if (text.length > MAX_PASTED_LENGTH) return text;
  const unescaped = withoutEntities(withoutBackslashes(fromQuotedPrintable(visible(text))));
  return linkTarget(fromPercent(linkTarget(unescaped)))
    .replace(/(^|\n)[ \t>|│]+/g, '$1')
    .replace(/\s+/g, ' ')
    .trim();
}

/** The first address in it; null where there is none. One without a scheme is taken for https. */
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

/** Without the punctuation of the sentence that it stands in. */
export function withoutTail(text: string): string {
  let end = text.length;
  while (end > 0 && TAIL.has(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

const ESCAPE = String.fromCharCode(27);
const SEQUENCE = new RegExp(`${ESCAPE}\\[[\\d;]*[A-Za-z~]`, 'g');

/** Without terminal sequences (a bracketed paste among them), control characters and what has no width. */
function visible(text: string): string {
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
  return joined === bytes ? joined : fromBytes(bytes.replace(/%(?![\dA-F]{2})/g, '%25'));
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

/** Copied out of a page's source, "&" is written "&amp;"; copied out of a source of a source, "&amp;amp;". */
function withoutEntities(text: string): string {
  let clean = text;
  for (let round = 0; round < ROUNDS && clean.includes(';'); round += 1) {
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

/** Of a link in Markdown, `[text](address)`, or in HTML, `<a href="address">text</a>`. */
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

/** An address that is a value of another address, as in the links of Outlook, Google and Facebook; or one that is escaped whole. */
function fromPercent(text: string): string {
  let clean = text.replace(/%\s*([\da-f])\s*([\da-f])/gi, '%$1$2');
  for (let round = 0; round < ROUNDS; round += 1) {
    const inner = innerAddress(clean);
    if (inner === null) return clean;
    clean = inner;
  }
  return clean;
}

function innerAddress(text: string): string | null {
  const at = text.search(/https?%(?:25){0,2}3A/i);
  if (at === -1) {
    return /%(?:25){0,2}3D/i.test(text) && !text.includes('=') ? fromBytes(text) : null;
  }
  // Of a login: neither the redirect URL that its page names nor an address in a message is the one that was meant.
  const field = text.slice(Math.max(text.lastIndexOf('&', at), text.lastIndexOf('?', at)) + 1, at);
  if (/^(?:redirect_uri|message)=/i.test(field)) return null;
  const inner = fromBytes(text.slice(at).split('&', 1)[0] ?? '');
  return inner.includes('?') || inner.includes('%') ? inner : null;
}

/** Percent signs undone once; what is no UTF-8 stays as it is. */
function fromBytes(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text.replace(/%([2-7][\da-f])/gi, (_all, hex: string) =>
      String.fromCharCode(parseInt(hex, 16)),
    );
  }
}
