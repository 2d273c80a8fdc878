// Lists edits of the commands that read recordings, and of their output.
import { editsOf, type Mutation } from '../tree.ts';

const TOOLS = 'test/cli/tools.test.ts';
const IMPORT = 'test/cli/import.test.ts';
const CHECK = 'test/cli/check.test.ts';
const REPORT = 'test/cli/report.test.ts';
const COMPAT = 'test/adapters/recordings/reference-csv.test.ts';

export const TOOLING: readonly Mutation[] = [
  ...editsOf('core/recording/day-events.ts', [CHECK, REPORT], {
    'check calls the rest of a running day missing': [
      'return until < plan.closesAt ? { ...plan, closesAt: until } : plan;',
      'return plan;',
    ],
    'slots after Ctrl-C have no reason': [
      "if (reason !== 'stopped') return judged;",
      'if (judged.length > 0) return judged;',
    ],
  }),
  ...editsOf('cli/shared/terminal.ts', REPORT, {
    'a hole is rounded away': [
      'Math.floor((10_000 * part) / whole)',
      'Math.round((10_000 * part) / whole)',
    ],
  }),
  ...editsOf('harvester/audit.ts', CHECK, {
    'slots without a reason are no fault': ['coverage.unexplained > 0', 'coverage.unexplained < 0'],
  }),
  ...editsOf('cli/commands/import.ts', IMPORT, {
    'an interrupted import is stored as a day': ["path.join(dataDir, 'importing')", 'dataDir'],
    'an import ends at the first file that is wrong': ['session.failed(caught);', 'throw caught;'],
  }),
  ...editsOf('adapters/recordings/reference-csv.ts', CHECK, {
    'a file that is cut off reads as a whole one': [
      "else if (rest !== '') yield { text: rest, torn: true };",
    ],
  }),
  ...editsOf('cli/shared/recordings.ts', 'test/cli/report.test.ts', {
    'a shard of a folder is passed over': [
      'if (options.shard !== undefined) throw',
      'if (shard < 0) throw',
    ],
  }),
  ...editsOf('harvester/main.ts', 'test/cli/main.test.ts', {
    'a harvester starts in a folder that is not writable': [
      "  await proveWritable(path.join(dataDir, 'days'));\n",
    ],
  }),
  ...editsOf('cli/shared/terminal.ts', 'test/cli/progress.test.ts', {
    'an answer begins behind what showed how far it was': [
      "    show('');\n    write(",
      '    write(',
    ],
  }),
  ...editsOf('cli/commands/export.ts', TOOLS, {
    'an empty export replaces the old file': ['if (written === 0) throw', 'if (written < 0) throw'],
  }),
  ...editsOf('adapters/recordings/replay-feed.ts', TOOLS, {
    'the holes of a slot come with the next book': [
      'else yield hole;',
      'else missing = [...missing, ...hole[1]];',
    ],
  }),
  ...editsOf('adapters/recordings/replay-feed.ts', 'test/adapters/recordings/replay-feed.test.ts', {
    'a replay has a row and a hole of one slot': [
      "coverage.row(symbolOf(row) ?? '', instant(slot))",
      "coverage.row('', instant(slot))",
    ],
  }),
  ...editsOf('core/recording/rows.ts', 'test/adapters/recordings/open-recording.test.ts', {
    'a row that the disk took twice is two': ['if (key !== null) seen.add(key);'],
  }),
  ...editsOf('core/config/values.ts', TOOLS, {
    'a symbol in small letters is unknown': ['name.trim().toUpperCase()', 'name.trim()'],
  }),
  ...editsOf('harvester/calendar.ts', TOOLS, {
    'a running day’s shares all close by auction': [
      'phasesBySymbol(symbolsIn(events), calendar)',
      'phasesBySymbol(new Map(), calendar)',
    ],
  }),
  ...editsOf('cli/commands/report/day.ts', REPORT, {
    'the report treats every symbol of a running day as a share': [
      'phaseOn(book.symbol, received)',
      "phaseOn('NSE:SBIN-EQ', received)",
    ],
  }),
  ...editsOf('harvester/calendar.ts', 'test/harvester/calendar.test.ts', {
    'a closed day is over before its date is': [
      '(closesAt !== null && now >= closesAt)',
      'now >= (closesAt ?? 0)',
    ],
  }),
  ...editsOf('adapters/recordings/reference-csv.ts', COMPAT, {
    'the torn line of the --compat file stays': ['if (whole < size) await handle.truncate(whole);'],
  }),
];
