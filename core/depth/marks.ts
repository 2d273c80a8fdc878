// The closed list of what a row can be marked with, in the order in which a row's marks stand in its cell.

export const MARKS = [
  'crossed',
  'locked',
  'non-monotone',
  'zero-inside',
  'stale',
  'frozen',
  'outside-circuit',
  'off-tick',
  'outside-session',
] as const;

export type Mark = (typeof MARKS)[number];

/**
 * A symbol's day is red above it. Percent of the symbol's rows; of its continuous ones for stale and frozen. What
 * cannot be right may be the glitch of a moment and no more; what an illiquid symbol does by itself may be half of the day. The limits are this project's judgement, taken from no source: the counts stand beside them in
 * the manifest and in `fyers check`.
 */
export const RED_ABOVE_PERCENT: Readonly<Record<Mark, number>> = {
  crossed: 0.1,
  locked: 1,
  'non-monotone': 0.1,
  'zero-inside': 0.1,
  stale: 20,
  frozen: 50,
  'outside-circuit': 0.1,
  'off-tick': 1,
  'outside-session': 0.1,
};

/** For the README's table. */
export const MARK_MEANINGS: Readonly<
  Record<Mark, { readonly judged: string; readonly means: string }>
> = {
  crossed: { judged: 'CONTINUOUS', means: 'the best bid is above the best ask' },
  locked: { judged: 'CONTINUOUS', means: 'the best bid equals the best ask' },
  'non-monotone': {
    judged: 'every phase',
    means: 'a level is not worse than the one before it on its side',
  },
  'zero-inside': {
    judged: 'every phase',
    means:
      'a level without price or quantity stands before one that has both; in an auction a quantity without a price is market orders and no flaw',
  },
  stale: {
    judged: 'CONTINUOUS',
    means:
      'levels and totals have been the same for a minute or more (and three rows), though a trade happened meanwhile; or the last trade is of an earlier day beside a volume',
  },
  frozen: {
    judged: 'CONTINUOUS',
    means:
      'nothing at all, from the levels to the volume, has changed for five minutes or more (and three rows)',
  },
  'outside-circuit': {
    judged: 'every phase',
    means: "a level's price, or the last price if it is of the day, is outside the circuit limits",
  },
  'off-tick': {
    judged: 'every phase',
    means: "such a price is no multiple of the symbol's tick, if the day's symbol master gave one",
  },
  'outside-session': {
    judged: '–',
    means:
      'received in no phase of its symbol; towards red only outside of the hours that were to be recorded of all symbols',
  },
};
