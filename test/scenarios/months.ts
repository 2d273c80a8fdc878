// Months that were chosen for their holidays, each with the seed of its luck, and how one is lived through.
import { istDate, istInstant } from '../../core/time.ts';
import type { Emulator } from '../../sandbox/aws/emulator.ts';
import { FY_ID } from '../support/keeper-world.ts';
import { type Month, walk } from './days.ts';
import { type Evidence, judge } from './judge.ts';
import { newWorld } from './world.ts';

const DAYS = 30;

/** Dussehra, Diwali with a session on a Sunday evening, Balipratipada. */
const AUTUMN: Month = {
  from: istDate('2026-10-18'),
  holidays: ['2026-10-20', '2026-11-10'],
  sessions: ['2026-11-08'],
};
/** An election, Republic Day, the budget on a Sunday. */
const WINTER: Month = {
  from: istDate('2026-01-12'),
  holidays: ['2026-01-15', '2026-01-26'],
  sessions: ['2026-02-01'],
};
/** Four holidays in four weeks, three of which make a long weekend. */
const SPRING: Month = {
  from: istDate('2026-03-20'),
  holidays: ['2026-03-26', '2026-03-31', '2026-04-03', '2026-04-14'],
  sessions: [],
};
/** Laxmi Pujan, a Tuesday with an hour of trading in the afternoon, and the day after without any. */
const DIWALI: Month = {
  from: istDate('2025-10-10'),
  holidays: ['2025-10-22', '2025-11-05'],
  sessions: [],
};

export interface Lived {
  readonly seed: number;
  readonly name: string;
  readonly month: Month;
}

/** An even seed begins in a world that takes refresh tokens; an odd one where an operator has set the account. */
const lived = (seed: number, name: string, month: Month): Lived => ({ seed, name, month });

export const MONTHS: readonly Lived[] = [
  lived(6, 'an autumn', AUTUMN),
  lived(5, 'a winter', WINTER),
];

export const MORE_MONTHS: readonly Lived[] = [
  lived(1, 'an autumn', AUTUMN),
  lived(2, 'a winter', WINTER),
  lived(3, 'a spring', SPRING),
  lived(4, 'a Diwali', DIWALI),
  lived(16, 'a winter', WINTER),
  lived(11, 'an autumn', AUTUMN),
  lived(7, 'a Diwali', DIWALI),
  lived(8, 'a spring', SPRING),
  lived(9, 'an autumn', AUTUMN),
  lived(14, 'a winter', WINTER),
];

export async function live(
  emulator: Emulator,
  { seed, month }: Lived,
): Promise<{ readonly evidence: Evidence; readonly objections: readonly string[] }> {
  await using world = await newWorld({
    emulator,
    suffix: `s${String(seed)}`,
    startsAt: istInstant(month.from, '06:00'),
    seed: String(seed),
    appSecret: 'FIRSTSECRET',
    pin: '4826',
    fyId: seed % 2 === 0 ? null : FY_ID,
  });
  const evidence = await walk(world, { seed, month, days: DAYS });
  return { evidence, objections: judge(evidence) };
}
