// Reads lists that come from outside: an entry of another form is left out, and the others stay.
import * as z from 'zod/mini';

export function lenientArray<T extends z.ZodMiniType>(entry: T) {
  return z.pipe(
    z.array(z.catch(z.nullable(entry), null)),
    z.transform((entries) => entries.flatMap((one) => (one === null ? [] : [one]))),
  );
}
