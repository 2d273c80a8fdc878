// JSON for scripts. Instants are written as in the files: ISO-8601 with India's offset.
import { formatIso, isInstant } from '../core/time.ts';

/** What fields that hold an instant are called, such as `closesAt`, `from` and `randomCloseFrom`. */
const OF_INSTANTS = /^(?:at|from|minute|slot|to|until)$|(?:At|From|To|Until)$/;
/** No recording is older than 2001; a duration or a count in a field of such a name is smaller. */
const EARLIEST = 1e12;

/** Indented, or on one line with `indent` 0. */
export function jsonOf(value: unknown, indent = 2): string {
  const written = (key: string, each: unknown): unknown =>
    OF_INSTANTS.test(key) && typeof each === 'number' && each >= EARLIEST && isInstant(each)
      ? formatIso(each)
      : each;
  return JSON.stringify(value, written, indent);
}
