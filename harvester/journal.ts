// A day's logs for as long as it is recorded: a disk that refuses costs rows and is said, and never ends the process.
import { dayLogReplaced, diskRefuses } from '../core/depth/events.ts';
import type { DayEvent } from '../core/depth/day-events.ts';
import type { Row } from '../core/depth/row.ts';
import { FyersError } from '../core/errors.ts';
import type { Events } from '../core/ports.ts';
import type { DayLogs } from './ports.ts';

export interface Journal {
  /** refused: the rows are not on disk, and will not be. */
  append(rows: readonly Row[]): Promise<'appended' | 'replaced' | 'refused'>;
  /** What the disk refuses now is written before the next lines. */
  record(events: readonly DayEvent[]): Promise<void>;
}

export function journalOf({ events }: { readonly events: Events }, logs: DayLogs): Journal {
  let refusing = false;
  const kept = async <T>(write: () => Promise<T>): Promise<T | 'refused'> => {
    try {
      const done = await write();
      refusing = false;
      return done;
    } catch (caught) {
      if (!(caught instanceof FyersError && caught.code === 'platform.disk')) throw caught;
      if (!refusing) events.emit(diskRefuses(caught.message));
      refusing = true;
      return 'refused';
    }
  };
  return {
    async append(rows) {
      const stored = await kept(() => logs.append(rows));
      if (stored === 'replaced') events.emit(dayLogReplaced());
      return stored;
    },
    async record(lines) {
      await kept(() => logs.record(lines));
    },
  };
}
