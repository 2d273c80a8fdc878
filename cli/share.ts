// A part of a whole in percent, as the page and the terminal write it.

/** Never rounded up: 99.996 % is not all. A dash where there is no whole. */
export function share(part: number, whole: number): string {
  if (whole === 0) return '–';
  return `${(Math.floor((10_000 * part) / whole) / 100).toFixed(2)} %`;
}
