// Compares the CPU time that a function takes for a text and for a text twice as long. Only CPU time of this thread counts,
// and the least of several measurements, so a busy machine makes no difference.

/** A kernel may count CPU time in ticks of several milliseconds, so what is compared lasts for several of them. */
const LEAST_US = 40_000;
/** Quadratic work on the longer text takes hundreds of milliseconds. */
const NOISE_US = 12_000;
const MEASUREMENTS = 3;
/** What takes this long is measured once: noise makes no difference to it. */
const LONG_US = 200_000;
const HALF = 16_384;

/** A ratio counts if it is seen this many times. */
const CONFIRMATIONS = 4;

/** One for linear work is two, for quadratic work four. */
const RATIO_MAX = 3;

export interface Slow {
  readonly input: string;
  readonly ratio: number;
}

/** Each printable character, what people and programs send besides, and short patterns that repeat. */
const FILLINGS: readonly string[] = [
  ...Array.from({ length: 95 }, (_, n) => String.fromCharCode(32 + n)),
  ...Array.from('\t\n\r\0\u00a0\u00ad\u00e9\u200b\u2011\u2028\ufeff\u{1f600}'),
  ...[
    '\ud800',
    'a.',
    '-a',
    '%2',
    '%20',
    '&a=',
    '&state=',
    '=a&',
    '\r\n',
    'a ',
    ' a',
    '. ',
    '..a',
    '=\n',
  ],
  ...['<a', '""', '","', ',"', '"a', '\\"', "''", '1-', '-1', '//', 'a/', '/.', '1.', 'eyJ', ',1'],
  ...[
    '[[',
    '[]',
    '{"a":',
    '},{',
    '0,',
    'a:',
    'a@',
    '@a.',
    'a,',
    'A1',
    '+1',
    '#a',
    '$a',
    '(a',
    'a=',
  ],
];

/** A run is followed by nothing, or by a character that makes a pattern give up late. */
const ENDS = ['', '\u0001', '@ '] as const;

/** The first input for which the time is out of proportion. @param frame puts the filling where a parser looks at it */
export function slowInput(
  parse: (text: string) => unknown,
  frame: (filling: string) => string = (filling) => filling,
): Slow | null {
  const quietly = (text: string): void => {
    try {
      parse(text);
    } catch {
      // A parser may refuse; it must do so in time.
    }
  };
  let linearUs = NOISE_US;
  for (const filling of FILLINGS) {
    for (const end of ENDS) {
      const textOf = (length: number): string =>
        frame(filling.repeat(Math.ceil(length / filling.length)).slice(0, length) + end);
      const [half, whole] = [textOf(HALF), textOf(2 * HALF)];
      if (least(quietly, whole, 1, 1) <= linearUs) continue;
      const us = least(quietly, whole, 1, 2);
      if (us <= linearUs) continue;
      const ratio = confirmedRatio(quietly, half, whole);
      if (ratio >= RATIO_MAX) return { input: JSON.stringify(filling + end), ratio };
      linearUs = us;
    }
  }
  return null;
}

/** A pattern that the engine compiles between two measurements looks slow once; quadratic work looks slow each time. */
function confirmedRatio(work: (text: string) => void, half: string, whole: string): number {
  let lowest = Infinity;
  for (let n = 0; n < CONFIRMATIONS && lowest >= RATIO_MAX; n += 1) {
    lowest = Math.min(lowest, ratioOf(work, half, whole));
  }
  return lowest;
}

function ratioOf(work: (text: string) => void, half: string, whole: string): number {
  let repeats = 1;
  while (least(work, half, repeats, 1) < LEAST_US) repeats *= 2;
  const measure = (text: string): number => least(work, text, repeats, MEASUREMENTS);
  return measure(whole) / measure(half);
}

/** Microseconds: the least of several measurements. */
function least(work: (text: string) => void, text: string, repeats: number, times: number): number {
  let best = Infinity;
  for (let measurement = 0; measurement < times; measurement += 1) {
    const before = process.threadCpuUsage();
    for (let n = 0; n < repeats; n += 1) work(text);
    const { user, system } = process.threadCpuUsage(before);
    best = Math.min(best, user + system);
    if (best >= LONG_US) break;
  }
  return best;
}
