// Compacts a day without compressing the logs, for a comparison with DuckDB's COPY.
import { dayFolders } from '../adapters/recordings/data-folder.ts';
import { parseIstDate } from '../core/time.ts';
import { compactDay } from '../harvester/compact.ts';
import { sessionsOn } from '../harvester/calendar.ts';

const [data = '', text = ''] = process.argv.slice(2);
const date = parseIstDate(text);
if (date === null) throw new RangeError(`not a date: ${text}`);
const folder = { ...dayFolders(data).folder(date), zipLogs: () => Promise.resolve([]) };
await compactDay({ folder, date, shard: 0, ...sessionsOn(date, {}) });
