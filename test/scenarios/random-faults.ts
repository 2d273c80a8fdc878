// Draws the faults and logins of each of thirty days of the keeper from a seed.
import fc from 'fast-check';

export interface DayFaults {
  /** down: answers 503 from 06:50 to 08:00 · refusing: refuses connections · silent: works, and the answers to the first refreshes are lost · garbage: a gateway answers with HTML · mixed up: returns a token of another account, or an invalid one. */
  readonly broker: 'up' | 'down' | 'refusing' | 'silent once' | 'silent' | 'garbage' | 'mixed up';
  /** throttled: a share of the calls fails, all day · mute: nothing can be published to the topic until 08:50. */
  readonly store: 'fine' | 'throttled' | 'mute';
  /** How often each schedule starts its function. */
  readonly starts: 'once' | 'twice' | 'together';
  readonly logins: readonly Login[];
  /** When the broker revokes the live token. */
  readonly killed: 'never' | '07:50' | '08:40' | '11:00';
  /** A change by the operator or the app's owner at 06:30. A wrong PIN stays for the day, or until it is corrected. */
  readonly change: 'nothing' | 'wrong PIN' | 'wrong PIN at first' | 'new app secret';
  /** When the operator stores the correct value. */
  readonly corrected: '06:35' | '08:30' | '09:20';
  readonly adopts: 'nothing' | 'own' | 'foreign' | 'expired' | 'junk';
}

export interface Login {
  readonly at: '07:10' | '08:20' | '08:50' | '09:10' | '10:30';
  /** twice: the browser sends the callback twice at once · again: the person opens the link again afterwards. */
  readonly who: 'right' | 'clumsy' | 'foreign' | 'cancelling' | 'twice' | 'again';
}

/** Draws the first value more often than all others together. */
function mostly<const T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof(
    { arbitrary: fc.constant(usual), weight: 3 },
    { arbitrary: fc.constantFrom(...others), weight: 2 },
  );
}

const login: fc.Arbitrary<Login> = fc.record({
  at: fc.constantFrom('07:10', '08:20', '08:50', '09:10', '10:30'),
  who: mostly('right', 'clumsy', 'foreign', 'cancelling', 'twice', 'again'),
});

const dayFaults: fc.Arbitrary<DayFaults> = fc.record({
  broker: mostly('up', 'down', 'refusing', 'silent once', 'silent', 'garbage', 'mixed up'),
  store: mostly('fine', 'fine', 'throttled', 'mute'),
  starts: mostly('once', 'twice', 'together'),
  logins: fc.oneof(fc.constant([]), fc.array(login, { minLength: 1, maxLength: 3 })),
  killed: mostly('never', '07:50', '08:40', '11:00'),
  change: mostly('nothing', 'nothing', 'wrong PIN', 'wrong PIN at first', 'new app secret'),
  corrected: fc.constantFrom('06:35', '08:30', '09:20'),
  adopts: mostly('nothing', 'nothing', 'own', 'foreign', 'expired', 'junk'),
});

/** `accepts`: whether the broker accepts refresh tokens on each day. */
export interface Plan {
  readonly days: readonly DayFaults[];
  readonly accepts: readonly boolean[];
}

export function drawPlan(seed: number, days: number): Plan {
  const stretch = 6;
  const accepts = fc.sample(fc.boolean(), { seed, numRuns: Math.ceil(days / stretch) });
  return {
    days: fc.sample(dayFaults, { seed, numRuns: days }),
    // Each seed has at least a week of either kind.
    accepts: Array.from({ length: days }, (_, day) => {
      const week = Math.floor(day / stretch);
      return week === 0 ? seed % 2 === 0 : week === 1 ? seed % 2 === 1 : (accepts[week] ?? true);
    }),
  };
}
