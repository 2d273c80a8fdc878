// One mint at a time, without reserved concurrency (which small accounts refuse): the parameter that only one can create.
import type { Names } from '../core/names.ts';
import {
  type Instant,
  type IstDate,
  MINUTE,
  brokerDay,
  formatUtc,
  parseInstant,
} from '../core/time.ts';
import type { TokenState } from '../core/token/state.ts';
import type { KeeperPorts } from './ports.ts';
import { upkeep } from './publish.ts';

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

/** The claims of the last day that had any, and one that a run may have taken without noting it. */
export async function removeOldClaims(
  ports: KeeperPorts,
  names: Names,
  last: TokenState['claim'],
  today: IstDate,
): Promise<void> {
  if (last === null || last.day === today) return;
  const numbers = Array.from({ length: last.n + 1 }, (_, index) => index + 1);
  await upkeep(ports, 'Removing old claims', async () => {
    for (const n of numbers) await ports.claims.remove(names.claim(last.day, n));
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
