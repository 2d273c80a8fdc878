// Lists months with the seeds of their faults, and runs one.
import { type IstDate, istInstant } from '../../core/time.ts';
import type { Emulator } from '../../sandbox/aws/emulator.ts';
import { MONTH_STARTS } from '../support/exchange-days.ts';
import { FY_ID } from '../support/keeper-fixture.ts';
import { runDays } from './run-days.ts';
import { type Evidence, findViolations } from './invariants.ts';
import { startDeployment } from './deployment.ts';

const DAYS = 30;

export interface Month {
  readonly seed: number;
  readonly name: string;
  readonly from: IstDate;
}

/** With an even seed the broker first accepts refresh tokens; with an odd seed the operator has set the account. */
const month = (seed: number, name: string, from: IstDate): Month => ({ seed, name, from });

export const MONTHS: readonly Month[] = [
  month(6, 'an autumn', MONTH_STARTS.autumn),
  month(5, 'a winter', MONTH_STARTS.winter),
];

export const MORE_MONTHS: readonly Month[] = [
  month(1, 'an autumn', MONTH_STARTS.autumn),
  month(2, 'a winter', MONTH_STARTS.winter),
  month(3, 'a spring', MONTH_STARTS.spring),
  month(4, 'a Diwali', MONTH_STARTS.diwali),
  month(16, 'a winter', MONTH_STARTS.winter),
  month(11, 'an autumn', MONTH_STARTS.autumn),
  month(7, 'a Diwali', MONTH_STARTS.diwali),
  month(8, 'a spring', MONTH_STARTS.spring),
  month(9, 'an autumn', MONTH_STARTS.autumn),
  month(14, 'a winter', MONTH_STARTS.winter),
];

export async function runMonth(
  emulator: Emulator,
  { seed, from }: Month,
): Promise<{ readonly evidence: Evidence; readonly violations: readonly string[] }> {
  await using deployment = await startDeployment({
    emulator,
    suffix: `s${String(seed)}`,
    startsAt: istInstant(from, '06:00'),
    seed: String(seed),
    appSecret: 'FIRSTSECRET',
    pin: '4826',
    fyId: seed % 2 === 0 ? null : FY_ID,
  });
  const evidence = await runDays(deployment, { seed, from, days: DAYS });
  return { evidence, violations: findViolations(evidence) };
}
