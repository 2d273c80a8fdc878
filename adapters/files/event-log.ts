// A day's plan, holes and happenings as JSON lines, in step with its day log.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type DayEvent, eventLine, parseEventLine } from '../../core/depth/day-events.ts';
import { FyersError, toError } from '../../core/errors.ts';
import { openAppendFile } from './append-file.ts';

export const EVENT_LOG = 'events.jsonl';

export interface EventLog {
  readonly cutBytes: number;
  append(events: readonly DayEvent[]): Promise<void>;
  close(): Promise<void>;
}

export async function openEventLog(folder: string): Promise<EventLog> {
  const file = await openAppendFile(path.join(folder, EVENT_LOG));
  return {
    cutBytes: file.cutBytes,
    append: async (events) => {
      if (events.length === 0) return;
      try {
        await file.append(events.map((event) => `${eventLine(event)}\n`).join(''));
      } catch (caught) {
        const cause = toError(caught);
        throw new FyersError(
          'platform.disk',
          `The event log in ${folder} cannot be written: ${cause.message}.`,
          `Free space (\`df -h ${folder}\` shows it) or replace the disk, then start the harvester again.`,
          { cause },
        );
      }
    },
    close: () => file.close(),
  };
}

/** Every readable event of the folder, in order. Lines of a later version are passed over. */
export async function readEventLog(folder: string): Promise<readonly DayEvent[]> {
  const text = await readFile(path.join(folder, EVENT_LOG), 'utf8');
  return text.split('\n').flatMap((line) => parseEventLine(line) ?? []);
}
