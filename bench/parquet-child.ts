// Compaction without the compression of the logs: what DuckDB's COPY does, and what compaction adds to it.
import { dayFolders } from '../adapters/recordings/data-folder.ts';
import { parseIstDate } from '../core/time.ts';
import { compactDay } from '../harvester/compact.ts';
import { sessionsOn } from '../harvester/calendar.ts';

const [data = '', text = ''] = process.argv.slice(2);
const date = parseIstDate(text);
if (date === null) throw new RangeError(`no date: ${text}`);
const folder = { ...dayFolders(data).folder(date), zipLogs: () => Promise.resolve([]) };
await compactDay({ folder, date, shard: 0, ...sessionsOn(date, {}) });
