// The rules of settings that only the program knows; `core/config.ts` has those it shares with the runtime.
import type { Parsed } from '../core/config.ts';

function matching(pattern: RegExp, expected: string) {
  return (text: string): Parsed<string> =>
    pattern.test(text) ? { ok: true, value: text } : { ok: false, problem: expected };
}

export const parseEmail = matching(/^[^\s@]+@[^\s@]+\.[^\s@]+$/, 'must be an e-mail address');
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

/** Plain HTTP only on this machine. The value reaches a systemd environment file, so quotes and backslashes are out. */
const parseAddress = matching(
  /^(?:https:\/\/|http:\/\/(?:127\.0\.0\.1|localhost)(?::\d+)?(?:\/|$))[^\s"'\\]*$/,
  'must be an https address, or http on 127.0.0.1, without quotes and backslashes',
);

/** Without a trailing slash. */
export function parseApiUrl(text: string): Parsed<string> {
  const parsed = parseAddress(text);
  return parsed.ok ? { ok: true, value: parsed.value.replace(/\/+$/, '') } : parsed;
}

export function parseDays(text: string): Parsed<'trading' | 'all'> {
  return text === 'trading' || text === 'all'
    ? { ok: true, value: text }
    : { ok: false, problem: 'must be trading or all' };
}

export function parseYesNo(text: string): Parsed<boolean> {
  return text === 'true' || text === 'false'
    ? { ok: true, value: text === 'true' }
    : { ok: false, problem: 'must be true or false' };
}

export function parseAccountIds(text: string): Parsed<readonly string[]> {
  const ids = text.split(/[\s,]+/).filter((id) => id !== '');
  return ids.length > 0 && ids.every((id) => /^\d{12}$/.test(id))
    ? { ok: true, value: ids }
    : { ok: false, problem: 'must be AWS account ids of twelve digits, comma separated' };
}
