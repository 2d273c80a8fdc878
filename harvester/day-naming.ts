// When a day's names are looked up, and who is told what they stand for.
import * as say from '../core/depth/events.ts';
import type { SessionPlan } from '../core/market/phases.ts';
import type { Events } from '../core/ports.ts';
import { DAY, MINUTE, SECOND, plus } from '../core/time.ts';
import type { RecordingDay } from './day.ts';
import { type Due, due } from './due.ts';
import type { LoopOptions } from './loop.ts';
import { type DayNames, ofNothing } from './symbols.ts';

/** The broker's list of a day is there by then (market facts: 08:30), and there is time to fetch it. */
const BEFORE_OPENING = 30 * MINUTE;
/** Real time for a list of fifteen megabytes; in a session each second of it is a slot or less. */
const AT_LEISURE = 60 * SECOND;
const IN_SESSION = 8 * SECOND;

export interface DayNaming {
  /** Looks them up while the session is awaited. */
  readonly step: Due;
  /** Looked up by now. Never throws. */
  found(): Promise<DayNames>;
}

export function dayNaming(
  { naming, sampling, signal }: Pick<LoopOptions, 'naming' | 'sampling' | 'signal'>,
  session: SessionPlan,
): DayNaming {
  let names: DayNames | null = null;
  const look = async (timeoutMs: number): Promise<DayNames> => {
    names ??=
      naming === undefined
        ? ofNothing(sampling.symbols, null)
        : await naming(session.date, { timeoutMs, signal });
    return names;
  };
  return {
    step: due(plus(session.opensAt, -BEFORE_OPENING), DAY, async () => {
      await look(AT_LEISURE);
    }),
    found: () => look(IN_SESSION),
  };
}

/** To the day's own log and to the operator's. */
export async function tellNames(
  { facts, unknown, problems }: DayNames,
  events: Events,
  day: Pick<RecordingDay, 'identify' | 'note'>,
): Promise<void> {
  await day.identify(facts);
  const aliases = facts.flatMap(({ alias, symbol }) => (alias === null ? [] : [[alias, symbol]]));
  if (aliases.length > 0)
    events.emit(say.symbolsNamed(Object.fromEntries(aliases) as Record<string, string>));
  for (const { alias, why } of unknown) {
    events.emit(say.aliasUnknown(alias, why));
    await day.note('symbol-master', `${alias}: ${why}`);
  }
  if (problems.length === 0) return;
  events.emit(say.symbolMasterLacking(problems));
  await day.note('symbol-master', problems.join('; '));
}
