// Months, each with the seed of its luck, and how one is lived through.
import { type IstDate, istInstant } from '../../core/time.ts';
import type { Emulator } from '../../sandbox/aws/emulator.ts';
import { MONTH_STARTS } from '../support/exchange-days.ts';
import { FY_ID } from '../support/keeper-world.ts';
import { walk } from './run-days.ts';
import { type Evidence, judge } from './invariants.ts';
import { newWorld } from './deployment.ts';

const DAYS = 30;

export interface Lived {
  readonly seed: number;
  readonly name: string;
  readonly from: IstDate;
}

/** An even seed begins in a world that takes refresh tokens; an odd one where an operator has set the account. */
const lived = (seed: number, name: string, from: IstDate): Lived => ({ seed, name, from });

export const MONTHS: readonly Lived[] = [
  lived(6, 'an autumn', MONTH_STARTS.autumn),
  lived(5, 'a winter', MONTH_STARTS.winter),
];

export const MORE_MONTHS: readonly Lived[] = [
  lived(1, 'an autumn', MONTH_STARTS.autumn),
  lived(2, 'a winter', MONTH_STARTS.winter),
  lived(3, 'a spring', MONTH_STARTS.spring),
  lived(4, 'a Diwali', MONTH_STARTS.diwali),
  lived(16, 'a winter', MONTH_STARTS.winter),
  lived(11, 'an autumn', MONTH_STARTS.autumn),
  lived(7, 'a Diwali', MONTH_STARTS.diwali),
  lived(8, 'a spring', MONTH_STARTS.spring),
  lived(9, 'an autumn', MONTH_STARTS.autumn),
  lived(14, 'a winter', MONTH_STARTS.winter),
];

export async function live(
  emulator: Emulator,
  { seed, from }: Lived,
): Promise<{ readonly evidence: Evidence; readonly objections: readonly string[] }> {
  await using world = await newWorld({
    emulator,
    suffix: `s${String(seed)}`,
    startsAt: istInstant(from, '06:00'),
    seed: String(seed),
    appSecret: 'FIRSTSECRET',
    pin: '4826',
    fyId: seed % 2 === 0 ? null : FY_ID,
  });
  const evidence = await walk(world, { seed, from, days: DAYS });
  return { evidence, objections: judge(evidence) };
}
