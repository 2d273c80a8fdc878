// A day's plan, holes and happenings as JSON lines, in step with its day log.
import { type DayEvent, eventLine, parseEventLine } from '../../core/depth/day-events.ts';
import type { Disk } from './disk.ts';
import { type PartLog, type PartNames, filesOf, openPartLog } from './part-log.ts';
import { plainText } from './plain-file.ts';

/** Ten times a day on which every slot of 150 symbols had its own reason. */
const MAX_BYTES = 256 * 1024 * 1024;

export interface EventLog extends Omit<PartLog, 'append'> {
  /** @throws FyersError `platform.disk`; what it could not write goes before the next call's lines */
  append(events: readonly DayEvent[]): Promise<void>;
}

const PART = /^events(?:\.(\d+))?\.jsonl$/;

export const EVENT_LOG: PartNames = {
  what: 'event log',
  nameOf: (part) => (part === 0 ? 'events.jsonl' : `events.${String(part)}.jsonl`),
  partOf: (name) => {
    const found = PART.exec(name);
    return found === null ? null : Number(found[1] ?? 0);
  },
  earlier: 'earlier.jsonl',
  header: '',
};

export async function openEventLog(folder: string, disk?: Disk): Promise<EventLog> {
  const log = await openPartLog(folder, EVENT_LOG, disk);
  let waiting = '';
  let last: Promise<void> = Promise.resolve();
  const write = async (): Promise<void> => {
    if (waiting === '') return;
    await log.append(waiting);
    waiting = '';
  };
  return {
    ...log,
    append: (events) => {
      waiting += events.map((event) => `${eventLine(event)}\n`).join('');
      // One after the other, whoever calls.
      last = last.catch(() => undefined).then(write);
      return last;
    },
    close: async () => {
      // The last chance of what a full disk refused; whatever is lost here the next start explains.
      await last.catch(() => undefined);
      await write().catch(() => undefined);
      await log.close();
    },
  };
}

/** Every readable event of the folder, in order. Lines of a later version are passed over. */
export async function readEventLog(folder: string): Promise<readonly DayEvent[]> {
  const events: DayEvent[] = [];
  for (const file of await filesOf(folder, EVENT_LOG)) {
    const text = (await plainText(file, MAX_BYTES)) ?? '';
    events.push(...text.split('\n').flatMap((line) => parseEventLine(line) ?? []));
  }
  return events;
}
