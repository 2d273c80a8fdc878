// Claims the right to mint, so that one run mints at a time. A claim is a parameter that only one run can create; reserved
// concurrency would do the same, but small AWS accounts refuse it.
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

/** No run takes longer: the function's timeout is two minutes. */
const MAX_CLAIM_AGE_MS = 2 * MINUTE;

export interface Claim {
  readonly day: IstDate;
  readonly n: number;
}

/** Returns null while another run holds a claim. */
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

/** Returns false while another run holds the lock. Removes an abandoned lock, so that the next caller gets it. */
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
 * Removes yesterday's claims: those of each refresh, and those of a login that was killed. Also removes the claims of the last
 * day that had any, in case the schedule did not run in between.
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
    return now - parseInstant(takenAt) > MAX_CLAIM_AGE_MS;
  } catch {
    // This program did not write it.
    return true;
  }
}
