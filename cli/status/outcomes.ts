// How the functions' last runs ended, from their own log lines.
import type { FunctionActor } from '../../core/names.ts';
import { HOUR, formatIst, plus } from '../../core/time.ts';
import { type Entry, type LoggedEvent, eventIn } from '../logs/entry.ts';
import { logReader } from '../logs/function-log.ts';
import type { Tone } from '../terminal.ts';
import type { Looking, Said } from './said.ts';

const HOURS_BACK = 36;

/** The events that end a run, as `core/token/events.ts` names them. */
const OUTCOMES: Readonly<Record<string, { readonly state: string; readonly tone: Tone }>> = {
  'run-failed': { state: 'failed', tone: 'bad' },
  'token-published': { state: 'published', tone: 'good' },
  'token-already-good': { state: 'already good', tone: 'good' },
  'login-needed': { state: 'login needed', tone: 'strong' },
};

/** Null where there is no log group. Errors: as every call of the operator's. */
export async function readOutcome(
  { session, names, now }: Looking,
  actor: FunctionActor,
): Promise<readonly Entry[] | null> {
  const read = await logReader(session);
  return read(names.logGroup(actor), plus(now, -HOURS_BACK * HOUR));
}

export function sayOutcome(actor: FunctionActor, entries: readonly Entry[] | null): Said {
  const part = `last ${actor}`;
  const said = { part, todo: [], tone: 'quiet' as const };
  if (entries === null) {
    return { ...said, state: 'none', detail: 'there is no log group', facts: { event: null } };
  }
  const last = lastOutcome(entries);
  const outcome = last === null ? undefined : OUTCOMES[last.event ?? ''];
  if (last === null || outcome === undefined) {
    const detail = `no outcome in the last ${String(HOURS_BACK)} hours`;
    return { ...said, state: 'none', detail, facts: { event: null } };
  }
  return {
    part,
    ...outcome,
    detail: `${formatIst(last.at)}: ${last.message}`,
    todo: [],
    facts: { event: last.event, at: formatIst(last.at), ...last.facts },
  };
}

/** By the lines' own time; of two at the same instant the later one in the log. */
function lastOutcome(entries: readonly Entry[]): LoggedEvent | null {
  return entries
    .flatMap((entry) => eventIn(entry) ?? [])
    .filter(({ event }) => event !== null && Object.hasOwn(OUTCOMES, event))
    .reduce<LoggedEvent | null>(
      (last, event) => (last === null || event.at >= last.at ? event : last),
      null,
    );
}
