// Checks that a harvester without an operator loses no slot without a reason in thirty days of random faults. More seeds:
// `npm run soak`.
import { expect, test } from 'vitest';
import { findViolations } from '../unattended/invariants.ts';
import { MONTHS, runMonth } from '../unattended/run-month.ts';

test.for([
  ['winter', 1],
  ['autumn', 2],
] as const)(
  'Thirty days of %s with the random faults of seed %i violate no invariant',
  async ([name, seed]) => {
    const evidence = await runMonth(MONTHS[name], seed);
    expect(findViolations(evidence)).toEqual([]);
  },
);
