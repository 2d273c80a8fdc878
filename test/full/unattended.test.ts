// Thirty days of a harvester that nobody looks after: everything goes wrong, nothing is lost without a reason. More seeds:
// `npm run soak`.
import { expect, test } from 'vitest';
import { judge } from '../unattended/invariants.ts';
import { MONTHS, unattended } from '../unattended/run-month.ts';

test.for([
  ['winter', 1],
  ['autumn', 2],
] as const)(
  'Thirty unattended days of %s, with the luck of seed %i, account for every slot',
  async ([name, seed]) => {
    const evidence = await unattended(MONTHS[name], seed);
    expect(judge(evidence)).toEqual([]);
  },
);
