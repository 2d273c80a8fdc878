// Lists edits of the commands that read recordings, and of their output.
import type { Mutation } from '../tree.ts';

const TOOLS = ['test/cli/tools.test.ts'];
const IMPORT = ['test/cli/import.test.ts'];
const CHECK = ['test/cli/check.test.ts'];
const REPORT = ['test/cli/report.test.ts'];
const COMPAT = ['test/adapters/recordings/reference-csv.test.ts'];

export const TOOLING: readonly Mutation[] = [
  {
    name: 'check calls the rest of a running day missing',
    file: 'core/recording/day-events.ts',
    find: 'return until < plan.closesAt ? { ...plan, closesAt: until } : plan;',
    replace: 'return plan;',
    tests: [...CHECK, ...REPORT],
  },
  {
    name: 'slots after Ctrl-C have no reason',
    file: 'core/recording/day-events.ts',
    find: "if (reason !== 'stopped') return judged;",
    replace: 'if (judged.length > 0) return judged;',
    tests: [...CHECK, ...REPORT],
  },
  {
    name: 'a hole is rounded away',
    file: 'cli/shared/terminal.ts',
    find: 'Math.floor((10_000 * part) / whole)',
    replace: 'Math.round((10_000 * part) / whole)',
    tests: REPORT,
  },
  {
    name: 'slots without a reason are no fault',
    file: 'harvester/audit.ts',
    find: 'coverage.unexplained > 0',
    replace: 'coverage.unexplained < 0',
    tests: CHECK,
  },
  {
    name: 'an interrupted import is stored as a day',
    file: 'cli/commands/import.ts',
    find: "path.join(dataDir, 'importing')",
    replace: 'dataDir',
    tests: IMPORT,
  },
  {
    name: 'an import ends at the first file that is wrong',
    file: 'cli/commands/import.ts',
    find: 'session.failed(caught);',
    replace: 'throw caught;',
    tests: IMPORT,
  },
  {
    name: 'a file that is cut off reads as a whole one',
    file: 'adapters/recordings/reference-csv.ts',
    find: "else if (rest !== '') yield { text: rest, torn: true };",
    replace: '',
    tests: CHECK,
  },
  {
    name: 'a shard of a folder is passed over',
    file: 'cli/shared/recordings.ts',
    find: 'if (options.shard !== undefined) throw',
    replace: 'if (shard < 0) throw',
    tests: ['test/cli/report.test.ts'],
  },
  {
    name: 'a harvester starts in a folder that is not writable',
    file: 'harvester/main.ts',
    find: "  await proveWritable(path.join(dataDir, 'days'));\n",
    replace: '',
    tests: ['test/cli/main.test.ts'],
  },
  {
    name: 'an answer begins behind what showed how far it was',
    file: 'cli/shared/terminal.ts',
    find: "    show('');\n    write(",
    replace: '    write(',
    tests: ['test/cli/progress.test.ts'],
  },
  {
    name: 'an empty export replaces the old file',
    file: 'cli/commands/export.ts',
    find: 'if (written === 0) throw',
    replace: 'if (written < 0) throw',
    tests: TOOLS,
  },
  {
    name: 'the holes of a slot come with the next book',
    file: 'adapters/recordings/replay-feed.ts',
    find: 'else yield hole;',
    replace: 'else missing = [...missing, ...hole[1]];',
    tests: TOOLS,
  },
  {
    name: 'a replay has a row and a hole of one slot',
    file: 'adapters/recordings/replay-feed.ts',
    find: "coverage.row(symbolOf(row) ?? '', instant(slot))",
    replace: "coverage.row('', instant(slot))",
    tests: ['test/adapters/recordings/replay-feed.test.ts'],
  },
  {
    name: 'a row that the disk took twice is two',
    file: 'core/recording/rows.ts',
    find: 'if (key !== null) seen.add(key);',
    replace: '',
    tests: ['test/adapters/recordings/open-recording.test.ts'],
  },
  {
    name: 'a symbol in small letters is unknown',
    file: 'core/config/values.ts',
    find: 'name.trim().toUpperCase()',
    replace: 'name.trim()',
    tests: TOOLS,
  },
  {
    name: 'a running day’s shares all close by auction',
    file: 'harvester/calendar.ts',
    find: 'phasesBySymbol(symbolsIn(events), calendar)',
    replace: 'phasesBySymbol(new Map(), calendar)',
    tests: TOOLS,
  },
  {
    name: 'the report treats every symbol of a running day as a share',
    file: 'cli/commands/report/day.ts',
    find: 'phaseOn(book.symbol, received)',
    replace: "phaseOn('NSE:SBIN-EQ', received)",
    tests: REPORT,
  },
  {
    name: 'a closed day is over before its date is',
    file: 'harvester/calendar.ts',
    find: '(closesAt !== null && now >= closesAt)',
    replace: 'now >= (closesAt ?? 0)',
    tests: ['test/harvester/calendar.test.ts'],
  },
  {
    name: 'the torn line of the --compat file stays',
    file: 'adapters/recordings/reference-csv.ts',
    find: 'if (whole < size) await handle.truncate(whole);',
    replace: '',
    tests: COMPAT,
  },
];
