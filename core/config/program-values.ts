// Parses the configured values that only the Pulumi program reads; `values.ts` has those that the runtime reads too.
import { type Override, parseOverridesText } from '../market/calendar-data.ts';
import { withoutEndSeparators } from '../text.ts';
import type { Parsed } from './values.ts';

function invalid(problem: string): { readonly ok: false; readonly problem: string } {
  return { ok: false, problem };
}

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
/** The image is arm64: instance families with a "g" after the generation (AWS naming of Graviton types). */
export const parseInstanceType = matching(
  /^[a-z]+\d+g[a-z]*\.[a-z0-9]+$/,
  'must be an arm64 instance type, such as t4g.micro',
);
/** S3's naming rules for general purpose buckets; names with a dot are not accepted. */
export const parseBucketName = matching(
  /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/,
  'must be the name of a bucket: 3 to 63 small letters, digits and hyphens',
);

export function parseDays(text: string): Parsed<'trading' | 'all'> {
  return text === 'trading' || text === 'all'
    ? { ok: true, value: text }
    : { ok: false, problem: 'must be trading or all' };
}

/** Whole dollars, as for AWS budgets. */
export function parseDollars(text: string): Parsed<number> {
  return /^\d{1,6}$/.test(text)
    ? { ok: true, value: Number(text) }
    : { ok: false, problem: 'must be whole US dollars, such as 15, or 0 for none' };
}

/** The trail that records the reads: one of this stack, or an existing one of the account. */
export type WatchedReads = 'ownTrail' | 'existingTrail';

export function parseWatchReads(text: string): Parsed<WatchedReads | null> {
  if (text === 'false') return { ok: true, value: null };
  if (text === 'true') return { ok: true, value: 'ownTrail' };
  return text === 'existingTrail'
    ? { ok: true, value: text }
    : invalid('must be true, false or existingTrail');
}

/** Lambda limits the whole environment of a function to 4 KB (AWS Lambda, "Quotas"). */
const MAX_CALENDAR_BYTES = 2_000;

/** Parses calendar overrides in the format of `calendar.json`. */
export function parseCalendar(text: string): Parsed<readonly Override[]> {
  const parsed = parseOverridesText(text);
  return parsed.ok ? checkCalendarSize(parsed.value) : parsed;
}

/** As {@link parseCalendar}, for parsed days. */
export function checkCalendarSize(days: readonly Override[]): Parsed<readonly Override[]> {
  const bytes = Buffer.byteLength(JSON.stringify(days));
  return bytes <= MAX_CALENDAR_BYTES
    ? { ok: true, value: days }
    : invalid(
        `must have at most ${String(MAX_CALENDAR_BYTES)} bytes without spaces, and has ${String(bytes)}: take out days that are over, and sources`,
      );
}

export function parseAccountIds(text: string): Parsed<readonly string[]> {
  const ids = text.split(/[\s,]+/).filter((id) => id !== '');
  return ids.length > 0 && ids.every((id) => /^\d{12}$/.test(id))
    ? { ok: true, value: ids }
    : { ok: false, problem: 'must be AWS account ids of twelve digits, comma separated' };
}

/** A role or user of the account whose bot reads the access token. */
export interface Reader {
  readonly kind: 'role' | 'user';
  readonly name: string;
  readonly accountId: string;
  /** Includes an optional path before the name, as CloudTrail reports the caller. */
  readonly arn: string;
}

/** Names as IAM allows them, with an optional path. */
const READER = /^arn:aws:iam::(\d{12}):(role|user)\/((?:[\w+=,.@-]+\/)*)([\w+=,.@-]{1,64})$/;

/**
 * Names may contain commas, so only a comma before `arn:` separates two. AWS-managed roles do not accept inline
 * policies.
 */
export function parseReaders(text: string): Parsed<readonly Reader[]> {
  const readers: Reader[] = [];
  const parts = text.split(/(?<=[\s,])(?=arn:)/).map(withoutEndSeparators);
  for (const arn of parts.filter((part) => part !== '')) {
    const [, accountId = '', kind, path = '', name = ''] = READER.exec(arn) ?? [];
    if (kind !== 'role' && kind !== 'user') {
      return invalid(
        `must be ARNs of IAM roles or users, comma separated, such as arn:aws:iam::123456789012:role/my-bot; not ${arn}`,
      );
    }
    if (/^aws-(?:service-role|reserved)\//.test(path)) {
      return invalid(`must not name a role that AWS manages, as ${arn} is: no policy can be added`);
    }
    if (readers.some((known) => known.kind === kind && known.name === name)) {
      return invalid(`must name each role and user once, and names ${arn} twice`);
    }
    readers.push({ kind, name, accountId, arn });
  }
  const accounts = new Set(readers.map(({ accountId }) => accountId));
  return accounts.size > 1
    ? invalid(`must be of the one account of this stack, not of ${[...accounts].join(' and ')}`)
    : { ok: true, value: readers };
}

/** The operator's setting: a number for refresh and login each, none, or as the account's quota allows. */
export type Reservation = number | 'none' | 'byQuota';

/** Zero would switch the functions off. */
export function parseReservedConcurrency(text: string): Parsed<Reservation> {
  if (text === 'none') return { ok: true, value: text };
  return /^[1-9]\d{0,2}$/.test(text)
    ? { ok: true, value: Number(text) }
    : invalid('must be a whole number from 1 to 999, or none');
}
