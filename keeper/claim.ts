// One mint at a time, without reserved concurrency (which small accounts refuse): the parameter that only one can create.
import type { Names } from '../core/config/names.ts';
import {
  type Instant,
  type IstDate,
  MINUTE,
  addDays,
  brokerDay,
  formatUtc,
  parseInstant,
} from '../core/time.ts';
import type { TokenState } from '../core/token/state.ts';
import type { KeeperPorts } from './ports.ts';
import { bestEffort } from './publish.ts';

/** A run ends before: the function's own limit is two minutes. */
const ABANDONED_AFTER = 2 * MINUTE;

export interface Claim {
  readonly day: IstDate;
  readonly n: number;
}

/** Null while another run holds one. */
export async function takeClaim(
  { claims, clock }: Pick<KeeperPorts, 'claims' | 'clock'>,
  names: Names,
  last: TokenState['claim'],
): Promise<Claim | null> {
  const day = brokerDay(clock.now());
  const first = last?.day === day ? last.n + (last.done ? 1 : 0) : 1;
  for (let n = first; ; n += 1) {
    const name = names.claim(day, n);
    if (await claims.take(name, formatUtc(clock.now()))) return { day, n };
    const takenAt = await claims.read(name);
    if (takenAt === null || !isAbandoned(takenAt, clock.now())) return null;
  }
}

/** Of one name: false while somebody holds it. One that was left behind is taken away, for the next who asks. */
export async function takeLock(
  { claims, clock }: Pick<KeeperPorts, 'claims' | 'clock'>,
  name: string,
): Promise<boolean> {
  if (await claims.take(name, formatUtc(clock.now()))) return true;
  const takenAt = await claims.read(name);
  if (takenAt !== null && isAbandoned(takenAt, clock.now())) await claims.remove(name);
  return false;
}

/**
 * What yesterday left: every claim of a refresh, and those of a login that was killed. Also of the last day that had any,
 * where the schedule did not run in between.
 */
export async function removeOldClaims(
  ports: Pick<KeeperPorts, 'claims' | 'events'>,
  names: Names,
  last: TokenState['claim'],
  today: IstDate,
): Promise<void> {
  const days = new Set([addDays(today, -1), ...(last === null ? [] : [last.day])]);
  days.delete(today);
  await bestEffort(ports, 'Removing old claims', async () => {
    for (const day of days) {
      await ports.claims.remove(names.askLock(day));
      await ports.claims.remove(names.askLock(day, 'link'));
      for (let n = 1; (await ports.claims.read(names.claim(day, n))) !== null; n += 1) {
        await ports.claims.remove(names.claim(day, n));
      }
    }
  });
}

function isAbandoned(takenAt: string, now: Instant): boolean {
  try {
    return now - parseInstant(takenAt) > ABANDONED_AFTER;
  } catch {
    // Nothing of ours wrote it.
    return true;
  }
}
