// JSON for scripts. Instants are written as in the files: ISO-8601 with India's offset.
import { formatIso, isInstant } from '../core/time.ts';

/** Fields that hold an instant wherever they occur. */
const INSTANTS: ReadonlySet<string> = new Set([
  'at',
  'closesAt',
  'from',
  'lastTradeAt',
  'minute',
  'opensAt',
  'receivedAt',
  'requestedAt',
  'sentAt',
  'slot',
  'to',
  'until',
]);

/** Indented, or on one line with `indent` 0. */
export function jsonOf(value: unknown, indent = 2): string {
  const written = (key: string, each: unknown): unknown =>
    INSTANTS.has(key) && typeof each === 'number' && isInstant(each) ? formatIso(each) : each;
  return JSON.stringify(value, written, indent);
}
