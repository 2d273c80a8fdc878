// What happens to the harvester on each of thirty days, drawn from a seed.
import fc from 'fast-check';

export interface Luck {
  /**
   * down: answers 503 · refusing: takes no connection · garbage: a gateway turns the agent away · silent: takes three
   * calls and never answers · limited: 429 once, or twice, after which we leave the account alone for the day.
   */
  readonly broker: {
    readonly what:
      'up' | 'down' | 'refusing' | 'garbage' | 'silent' | 'limited once' | 'limited twice';
    readonly at: Time;
    readonly minutes: 3 | 12 | 45;
  };
  /** late: at 10:30 · ended: the broker ends it at 11:00, another comes at 11:25 · unreadable: the store fails from 08:50 to 09:20. */
  readonly token: 'in time' | 'late' | 'none' | 'ended' | 'unreadable';
  /**
   * killed: at once, before or after a write, or with half a line on the disk · stopped: asked to end · suspended: the
   * machine sleeps · ahead: its clock runs ninety seconds fast for a while · behind: ten minutes slow · killed behind: it is
   * set back by as much, and the process dies at that.
   */
  readonly machine: {
    readonly what:
      | 'runs'
      | 'killed'
      | 'killed before a write'
      | 'killed after a write'
      | 'killed in a line'
      | 'stopped'
      | 'suspended'
      | 'ahead'
      | 'behind'
      | 'killed behind';
    readonly at: Time;
    readonly minutes: 1 | 8 | 30;
  };
  /** away: from 14:00 to 18:30, or until noon of the next day. */
  readonly bucket: 'there' | 'away' | 'away overnight';
  /** full: for three slots or so, while it records. */
  readonly disk: 'takes' | 'full';
}

type Time = '08:58' | '09:00' | '09:25' | '12:34' | '14:50' | '15:57' | '16:02';

const time = fc.constantFrom<Time>('08:58', '09:00', '09:25', '12:34', '14:50', '15:57', '16:02');

/** Common things are common: the first value comes as often as all others together. */
function mostly<const T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof(
    { arbitrary: fc.constant(usual), weight: 1 },
    { arbitrary: fc.constantFrom(...others), weight: 1 },
  );
}

const luck: fc.Arbitrary<Luck> = fc.record({
  broker: fc.record({
    what: mostly('up', 'down', 'refusing', 'garbage', 'silent', 'limited once', 'limited twice'),
    at: time,
    minutes: fc.constantFrom(3, 12, 45),
  }),
  token: mostly('in time', 'late', 'none', 'ended', 'unreadable'),
  machine: fc.record({
    what: mostly(
      'runs',
      'killed',
      'killed before a write',
      'killed after a write',
      'killed in a line',
      'stopped',
      'suspended',
      'ahead',
      'behind',
      'killed behind',
    ),
    at: time,
    minutes: fc.constantFrom(1, 8, 30),
  }),
  bucket: mostly('there', 'away', 'away overnight'),
  disk: mostly('takes', 'takes', 'full'),
});

export function draw(seed: number, days: number): readonly Luck[] {
  return fc.sample(luck, { seed, numRuns: days });
}
