// Draws the faults of each of thirty days from a seed.
import fc from 'fast-check';

const time = fc.constantFrom('08:58', '09:00', '09:25', '12:34', '14:50', '15:57', '16:02');

/** Draws the first value as often as all others together. */
function mostly<const T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof(
    { arbitrary: fc.constant(usual), weight: 1 },
    { arbitrary: fc.constantFrom(...others), weight: 1 },
  );
}

const dayFaults = fc.record({
  /**
   * down: answers 503 · refusing: refuses connections · garbage: a gateway answers with HTML · silent: accepts three
   * calls and never answers · limited: 429 once, or twice, after which the harvester makes no call for the day.
   */
  broker: fc.record({
    what: mostly('up', 'down', 'refusing', 'garbage', 'silent', 'limited once', 'limited twice'),
    at: time,
    minutes: fc.constantFrom(3, 12, 45),
  }),
  /** late: at 10:30 · ended: the broker revokes it at 11:00, the next is stored at 11:25 · unreadable: the store fails from 08:50 to 09:20. */
  token: mostly('in time', 'late', 'none', 'ended', 'unreadable'),
  /**
   * killed: at once, before or after a write, or with half a line on the disk · stopped: by a signal · suspended: the
   * machine sleeps · ahead: its clock is 90 seconds fast for a while · behind: 10 minutes slow · killed behind: the clock
   * is set back 10 minutes and the process is killed at the same time.
   */
  machine: fc.record({
    what: mostly(
      'runs',
      ...(['killed', 'killed before a write', 'killed after a write', 'killed in a line'] as const),
      ...(['stopped', 'suspended', 'ahead', 'behind', 'killed behind'] as const),
    ),
    at: time,
    minutes: fc.constantFrom(1, 8, 30),
  }),
  /** unavailable: from 14:00 to 18:30, or until noon of the next day. */
  bucket: mostly('available', 'unavailable', 'unavailable overnight'),
  /** full: for about three slots of the session. */
  disk: mostly('works', 'works', 'full'),
});

export type DayFaults = typeof dayFaults extends fc.Arbitrary<infer T> ? T : never;

export function drawFaults(seed: number, days: number): readonly DayFaults[] {
  return fc.sample(dayFaults, { seed, numRuns: days });
}
