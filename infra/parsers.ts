// The rules of settings that only the program knows; `core/config.ts` has those it shares with the runtime.
import { type Override, parseOverridesText } from '../core/market/calendar-data.ts';
import type { Parsed } from '../core/config.ts';
import { withoutEndSeparators } from '../core/text.ts';
import type { Reservation } from './concurrency.ts';

function matching(pattern: RegExp, expected: string) {
  return (text: string): Parsed<string> =>
    pattern.test(text) ? { ok: true, value: text } : { ok: false, problem: expected };
}

export const parseEmail = matching(
  /^[^\s@]+@[^\s@][^\s@.]*\.[^\s@]+$/,
  'must be an e-mail address',
);
export const parseSubnetId = matching(
  /^subnet-(?:[0-9a-f]{8}|[0-9a-f]{17})$/,
  'must be the id of a subnet, such as subnet-0123456789abcdef0',
);
/** The image is arm64: families whose generation is followed by a g (AWS naming of Graviton types). */
export const parseInstanceType = matching(
  /^[a-z]+\d+g[a-z]*\.[a-z0-9]+$/,
  'must be an arm64 instance type, such as t4g.micro',
);
/** S3's naming rules for general purpose buckets, without the rare dot. */
export const parseBucketName = matching(
  /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/,
  'must be the name of a bucket: 3 to 63 small letters, digits and hyphens',
);

export function parseDays(text: string): Parsed<'trading' | 'all'> {
  return text === 'trading' || text === 'all'
    ? { ok: true, value: text }
    : { ok: false, problem: 'must be trading or all' };
}

/** Whole dollars, as budgets are made of. */
export function parseDollars(text: string): Parsed<number> {
  return /^\d{1,6}$/.test(text)
    ? { ok: true, value: Number(text) }
    : { ok: false, problem: 'must be whole US dollars, such as 15, or 0 for none' };
}

export function parseYesNo(text: string): Parsed<boolean> {
  return text === 'true' || text === 'false'
    ? { ok: true, value: text === 'true' }
    : { ok: false, problem: 'must be true or false' };
}

/** Whose trail records the reads: one of this stack, or one that the account has already. */
export type WatchedReads = 'ownTrail' | 'existingTrail';

export function parseWatchReads(text: string): Parsed<WatchedReads | null> {
  if (text === 'false') return { ok: true, value: null };
  if (text === 'true') return { ok: true, value: 'ownTrail' };
  return text === 'existingTrail'
    ? { ok: true, value: text }
    : wrong('must be true, false or existingTrail');
}

/** Lambda gives a function 4 KB for all of its environment (AWS Lambda, "Quotas"). */
const CALENDAR_BYTES = 2_000;

/** Days of the operator's own, as `calendar.json` has them. */
export function parseCalendar(text: string): Parsed<readonly Override[]> {
  const parsed = parseOverridesText(text);
  return parsed.ok ? deployable(parsed.value) : parsed;
}

/** The same of days that are parsed already. */
export function deployable(days: readonly Override[]): Parsed<readonly Override[]> {
  const bytes = Buffer.byteLength(JSON.stringify(days));
  return bytes <= CALENDAR_BYTES
    ? { ok: true, value: days }
    : wrong(
        `must have at most ${String(CALENDAR_BYTES)} bytes without spaces, and has ${String(bytes)}: take out days that are over, and sources`,
      );
}

export function parseAccountIds(text: string): Parsed<readonly string[]> {
  const ids = text.split(/[\s,]+/).filter((id) => id !== '');
  return ids.length > 0 && ids.every((id) => /^\d{12}$/.test(id))
    ? { ok: true, value: ids }
    : { ok: false, problem: 'must be AWS account ids of twelve digits, comma separated' };
}

/** A role or a user of the account whose bot reads the access token. */
export interface Reader {
  readonly kind: 'role' | 'user';
  readonly name: string;
  readonly accountId: string;
  /** With the path that may stand before the name, as CloudTrail names who called. */
  readonly arn: string;
}

/** Names as IAM allows them; a path may stand before. */
const READER = /^arn:aws:iam::(\d{12}):(role|user)\/((?:[\w+=,.@-]+\/)*)([\w+=,.@-]{1,64})$/;

/** A comma may stand in a name, so only one before `arn:` parts two. Roles that AWS manages take no policy of ours. */
export function parseReaders(text: string): Parsed<readonly Reader[]> {
  const readers: Reader[] = [];
  const parts = text.split(/(?<=[\s,])(?=arn:)/).map(withoutEndSeparators);
  for (const arn of parts.filter((part) => part !== '')) {
    const [, accountId = '', kind, path = '', name = ''] = READER.exec(arn) ?? [];
    if (kind !== 'role' && kind !== 'user') {
      return wrong(
        `must be ARNs of IAM roles or users, comma separated, such as arn:aws:iam::123456789012:role/my-bot; not ${arn}`,
      );
    }
    if (/^aws-(?:service-role|reserved)\//.test(path)) {
      return wrong(`must not name a role that AWS manages, as ${arn} is: no policy can be added`);
    }
    if (readers.some((known) => known.kind === kind && known.name === name)) {
      return wrong(`must name each role and user once, and ${arn} stands there twice`);
    }
    readers.push({ kind, name, accountId, arn });
  }
  const accounts = new Set(readers.map(({ accountId }) => accountId));
  return accounts.size > 1
    ? wrong(`must be of the one account of this stack, not of ${[...accounts].join(' and ')}`)
    : { ok: true, value: readers };
}

/** Zero would switch the functions off. */
export function parseReservedConcurrency(text: string): Parsed<Reservation> {
  if (text === 'none') return { ok: true, value: text };
  return /^[1-9]\d{0,2}$/.test(text)
    ? { ok: true, value: Number(text) }
    : wrong('must be a whole number from 1 to 999, or none');
}

function wrong(problem: string): { readonly ok: false; readonly problem: string } {
  return { ok: false, problem };
}
