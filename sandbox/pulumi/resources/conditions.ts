// Conditions that the emulator cannot meet. They are taken out of what the emulator gets, never out of the program,
// and the run prints them.
import { isProps } from '../values.ts';

type Place = 'trust' | 'role' | 'resource';

interface Unmodelled {
  readonly key: RegExp;
  readonly places: readonly Place[];
}

/** Measured on the pinned emulator. */
const UNMODELLED: readonly Unmodelled[] = [
  // It gives these keys no value, so an Allow that asks for one always refuses.
  { key: /^cloudwatch:namespace$/i, places: ['role'] },
  { key: /^kms:viaservice$/i, places: ['role'] },
  { key: /^kms:encryptioncontext:/i, places: ['role'] },
  { key: /^aws:source(?:account|arn)$/i, places: ['trust'] },
  // It gives these keys no value: as `Null` sees them, no write would ask for a new key, and each would be refused.
  { key: /^s3:(?:if-none-match|objectcreationoperation)$/i, places: ['resource'] },
  // It speaks HTTP, on loopback, so a Deny without encrypted transport refuses everything.
  { key: /^aws:securetransport$/i, places: ['resource'] },
];

const dropped = new Set<string>();

/** Each as `owner: effect, operator and key`. */
export function droppedSoFar(): readonly string[] {
  return [...dropped].sort();
}

/** The policy as JSON, without the conditions that the emulator cannot meet; a Deny goes with its condition. */
export function emulatable(
  policy: string | Readonly<Record<string, unknown>>,
  owner: string,
  place: Place,
): string {
  const document: unknown = typeof policy === 'string' ? JSON.parse(policy) : policy;
  if (!isProps(document)) throw new Error(`the policy of ${owner} is no object`);
  const statements: unknown = document['Statement'];
  const list: readonly unknown[] = Array.isArray(statements) ? statements : [statements];
  const Statement = list.flatMap((statement) => modelled(statement, owner, place));
  return JSON.stringify({ ...document, Statement });
}

function modelled(statement: unknown, owner: string, place: Place): readonly unknown[] {
  if (!isProps(statement) || !isProps(statement['Condition'])) return [statement];
  const { Condition, Effect: effect, ...rest } = statement;
  const tests = Object.entries(Condition as Record<string, unknown>).flatMap(([operator, keys]) =>
    Object.entries(isProps(keys) ? keys : {}).map(([key, value]) => ({ operator, key, value })),
  );
  const kept = tests.filter(({ key }) => !isUnmodelled(key, place));
  if (kept.length === tests.length) return [statement];
  for (const { operator, key } of tests.filter((test) => !kept.includes(test))) {
    dropped.add(`${owner}: ${String(effect)} if ${operator} ${key}`);
  }
  if (effect === 'Deny') return [];
  const left: Record<string, Record<string, unknown>> = {};
  for (const { operator, key, value } of kept) left[operator] = { ...left[operator], [key]: value };
  return [{ ...rest, Effect: effect, ...(kept.length > 0 && { Condition: left }) }];
}

function isUnmodelled(key: string, place: Place): boolean {
  return UNMODELLED.some((one) => one.key.test(key) && one.places.includes(place));
}
