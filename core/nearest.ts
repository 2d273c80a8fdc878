// Finds the known name that a mistyped one probably means.

/** A name with fewer letters than this is not taken for the beginning of another. */
const SHORTEST_PREFIX = 4;
const MAX_DISTANCE = 3;
/** Comparing costs the product of both lengths. */
const LONGEST_NAME = 64;

/**
 * The nearest of `known`; null if none is near. The longer the name, the more slips it may have.
 * @param form what is compared, so that case and underscores need not count
 */
export function nearestOf<T extends string>(
  text: string,
  known: readonly T[],
  form: (name: string) => string,
  maxDistance = MAX_DISTANCE,
): T | null {
  const wanted = form(text);
  if (wanted.length > LONGEST_NAME) return null;
  const limit = Math.min(maxDistance, Math.max(1, Math.floor(wanted.length / 3)));
  const [nearest] = known
    .map((name) => ({ name, distance: distanceOf(wanted, form(name), limit) }))
    .sort((a, b) => a.distance - b.distance);
  return nearest !== undefined && nearest.distance <= limit ? nearest.name : null;
}

function distanceOf(wanted: string, known: string, limit: number): number {
  if (wanted === known) return 0;
  if (isBeginning(wanted, known)) return 1;
  return Math.abs(wanted.length - known.length) > limit ? Infinity : editDistance(wanted, known);
}

function isBeginning(a: string, b: string): boolean {
  return Math.min(a.length, b.length) >= SHORTEST_PREFIX && (a.startsWith(b) || b.startsWith(a));
}

/** Counts insertions, deletions, replacements and swaps of neighbours ("optimal string alignment"), row by row. */
function editDistance(a: string, b: string): number {
  let before: readonly number[] = [];
  let row: readonly number[] = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwap ? (before[j - 2] ?? 0) + 1 : Infinity;
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, swapped));
    }
    [before, row] = [row, next];
  }
  return row.at(-1) ?? 0;
}
