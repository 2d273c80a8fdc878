// Recognises the path of a request that was meant to be the day's link. Mail programs, chats and people add a full stop, a
// bracket or a campaign parameter, change the case, insert an invisible character, or cut the end off. From the form alone
// this tells apart: the exact link, a damaged one that still holds the whole link (`path` is the link without the
// damage), one that must be opened again from the message, and a path that has nothing to do with links. The signature
// decides afterwards whether a link is genuine; nothing here is secret.
import { isLinkShaped } from './login-link.ts';

export type RecognisedLink =
  | { readonly kind: 'exact' | 'repaired'; readonly path: string }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'none' };

/** A link has 50 characters; encoded twice, with a long campaign parameter behind it, it still fits. */
const LONGEST_PATH = 2_048;

/** @param path below the function's address, without the leading slash, as the request carries it */
export function recogniseLink(path: string): RecognisedLink {
  if (isLinkShaped(path)) return { kind: 'exact', path };
  if (path.length > LONGEST_PATH) return { kind: 'none' };
  const text = withoutDamage(path);
  const [, date = '', signature = ''] = WHOLE_LINK.exec(text) ?? [];
  const repaired = `go/${date}/${signature}`;
  if (isLinkShaped(repaired)) return { kind: 'repaired', path: repaired };
  return { kind: BEGINNING.test(text) ? 'incomplete' : 'none' };
}

const WHOLE_LINK = /^go\/+(\d{4}-\d{2}-\d{2})\/+([0-9a-f]{32})/;
/** `go`, then as much of a date as is left, and anything once the date is whole. */
const BEGINNING = /^go(?:$|\/+(?:$|\d{1,4}(?:$|-(?:$|\d{1,2}(?:$|-(?:$|\d(?:$|\d)))))))/;
/** Left by quoted-printable at the end of a line. */
const SOFT_BREAK = /=(?:\r\n|\n|\r)/g;
/** Separators, control characters, and the invisible ones: zero-width, soft hyphen, byte order mark. */
const INVISIBLE = /[\p{Z}\p{C}]/gu;
const DASHES = /\p{Pd}/gu;
/** A bracket or quote around the address; more than a few are no accident. */
const OPENING = /^[^\da-z]{1,8}/;

function withoutDamage(path: string): string {
  return decoded(decoded(path))
    .replace(SOFT_BREAK, '')
    .replace(INVISIBLE, '')
    .replace(DASHES, '-')
    .replaceAll('\\', '/')
    .toLowerCase()
    .replace(OPENING, '');
}

/** Percent-encoding undone; what does not decode, such as a cut sequence, is dropped. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text.replace(/%[\da-f]{0,2}/gi, '');
  }
}
