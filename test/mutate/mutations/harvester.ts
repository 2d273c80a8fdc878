// Lists edits of the recording of a day.
import { editsOf, type Mutation } from '../tree.ts';

const DAY_LOG = 'test/adapters/recordings/segmented-log.test.ts';
const REST_DEPTH = 'test/adapters/fyers/depth-feed.test.ts';
const REST_GUARD = 'test/adapters/fyers/rate-guard.test.ts';
const PIECES = 'test/harvester/upload.test.ts';
const QUALITY = 'test/core/recording/quality.test.ts';
const LOOP = 'test/harvester/loop.test.ts';
const ALARMS = 'test/full/thirty-days-alarms.test.ts';

export const HARVESTER: readonly Mutation[] = [
  ...editsOf('harvester/progress.ts', ALARMS, {
    'a process that ends at once measures a heartbeat': [
      'every(plus(beganAt, HEARTBEAT_INTERVAL_MS), HEARTBEAT_INTERVAL_MS,',
      'every(beganAt, HEARTBEAT_INTERVAL_MS,',
    ],
  }),
  ...editsOf('adapters/process/stop-signal.ts', 'test/harvester/main.test.ts', {
    'a second signal asks again': ['    leave();\n    stop.abort();', '    stop.abort();'],
  }),
  ...editsOf('harvester/loop.ts', ALARMS, {
    'slots that a killed process missed are not measured': [
      '  heartbeat.addMissed(day.missedSlots);\n',
    ],
  }),
  ...editsOf('adapters/recordings/disk.ts', DAY_LOG, {
    'an append is not on disk when it counts': ['        await handle.datasync();\n'],
    'a torn last line stays': ['if (whole < size) await handle.truncate(whole);'],
  }),
  ...editsOf(
    'adapters/recordings/parquet/parquet.ts',
    'test/adapters/recordings/parquet/parquet.test.ts',
    {
      'Parquet is not read back': ['await verifyFooter(partial, parquet, digests);'],
      'Parquet is written whatever it reads as': [
        'if (!matchesColumn(bytes, chunk, element, column))',
        'if (group.rows < 0)',
      ],
    },
  ),
  ...editsOf('harvester/compact.ts', 'test/harvester/compact.test.ts', {
    'compaction rejects while its parallel work still runs': [
      '  await Promise.allSettled([a, b]);\n',
    ],
  }),
  ...editsOf(
    'adapters/recordings/parquet/chunk.ts',
    'test/adapters/recordings/parquet/parquet.test.ts',
    {
      'a count beyond 32 bits is cut when it is written': ['Math.floor(value / 2 ** 32)', '0'],
      'two values of one hash are one': [
        'while (place > 0 && !Object.is(values[place - 1], number))',
        'while (place < 0)',
      ],
    },
  ),
  ...editsOf('adapters/recordings/day-archive.ts', 'test/adapters/recordings/line-parser.test.ts', {
    'the fast reader accepts a fraction as a count': [
      'if (KINDS[index] === COUNT || point === first',
      'if (point === first',
    ],
  }),
  ...editsOf('adapters/aws/object-store.ts', 'test/adapters/aws/object-store.test.ts', {
    'an object is overwritten': ["            IfNoneMatch: '*',\n"],
  }),
  ...editsOf('adapters/fyers/depth-feed.ts', REST_DEPTH, {
    'the feed requests a slot at the close': [
      'next < session.closesAt ? next : null',
      'next <= session.closesAt ? next : null',
    ],
    'a late slot sends all its bursts at once': ['  options.pace.sent(sentAt);\n'],
  }),
  ...editsOf('core/config/sampling.ts', REST_DEPTH, {
    'the feed sends all symbols at once': ['export const BURST = 5;', 'export const BURST = 50;'],
    'a late slot comes too near to the next one': ['free(perMinute, MINUTE)', 'from'],
  }),
  ...editsOf('adapters/fyers/rate-guard.ts', REST_DEPTH, {
    'the feed continues after the second strike': ['STRIKES_ALLOWED = 2', 'STRIKES_ALLOWED = 4'],
  }),
  ...editsOf('adapters/fyers/rate-guard.ts', REST_GUARD, {
    'a burst that is answered slowly is several strikes': [
      'notedAt !== null && sentAt <= notedAt',
      'false',
    ],
    'a rate limit of another call than depth is not counted': [
      "if (reason === 'rate-limited') guard.limited(sentAt, retryAfterMs);\n      else if",
      'if',
    ],
  }),
  ...editsOf('adapters/fyers/http.ts', 'test/adapters/fyers/http.test.ts', {
    'an absurd wait ends the process': ['Math.min(ms, DAY)', 'ms'],
  }),
  ...editsOf('adapters/fyers/depth-feed.ts', REST_GUARD, {
    'the feed continues before a strike is on disk': ['await options.guard.saved();'],
  }),
  ...editsOf('core/broker-answer.ts', REST_DEPTH, {
    'a refused token is not recognised': [
      'new Set([-8, -15, -16, -17, -352])',
      'new Set([-8, -16, -17, -352])',
    ],
  }),
  ...editsOf('harvester/upload.ts', LOOP, {
    'the manifest goes up first': [
      '[...manifest.files, await folder.manifestFacts()]',
      '[await folder.manifestFacts(), ...manifest.files]',
    ],
  }),
  ...editsOf('harvester/token.ts', LOOP, {
    'a dead token is used': ['(expiresAt ?? 0) > clock.now()', '(expiresAt ?? 0) > 0'],
    'the store is asked in every slot': [
      'REREAD_INTERVAL_MS = MINUTE - SECOND',
      'REREAD_INTERVAL_MS = 1',
    ],
  }),
  ...editsOf('harvester/loop.ts', 'test/harvester/loop.test.ts', {
    'the store is read when a slot has failed, and not when the next one begins': [
      'await sleepUntil(clock, instant(Math.min(next, clock.now() + every)), signal);',
    ],
  }),
  ...editsOf('harvester/day.ts', LOOP, {
    'a hole is not written down': [
      'await recordHoles(holes);\n      return holes.flatMap',
      'return holes.flatMap',
    ],
  }),
  ...editsOf('harvester/upload.ts', PIECES, {
    'a segment is sent before it is on disk': [
      'if (state.pending === null) await uploads.save({ ...state, pending });',
    ],
    'segments of another machine are not fetched': [
      'if (!hasEvents) break;',
      'if (!hasEvents || next > 0) break;',
    ],
  }),
  ...editsOf('harvester/close-days.ts', PIECES, {
    'the whole day goes up past the fence': [
      "      await folder.markShipped('conflict');\n      return 'conflict';\n",
    ],
  }),
  ...editsOf('adapters/recordings/data-folder.ts', 'test/adapters/recordings/data-folder.test.ts', {
    'rows are written while the plan is not': ['      await events.append([]);\n'],
  }),
  ...editsOf('adapters/recordings/day-archive.ts', PIECES, {
    'a line that was cut short counts as a row': [
      'yield torn ? [null] : rowsOf(bytes, parse);',
      "yield rowsOf(torn ? Buffer.concat([bytes, Buffer.from('\\n')]) : bytes, parse);",
    ],
  }),
  ...editsOf('core/recording/quality.ts', QUALITY, {
    'a book in an auction is marked crossed': [
      "const continuous = phase?.name === 'CONTINUOUS';",
      'const continuous = phase !== null;',
    ],
    'a changing book is marked frozen': [
      'bookStands && isAlike(last, row.numbers, OTHERS)',
      'bookStands',
    ],
  }),
  ...editsOf('core/recording/quality.ts', 'test/cli/derivative-day.test.ts', {
    'a day is red for what was to be recorded of a future': [
      'planned !== null && planned.opensAt <= at && at < planned.closesAt',
      'planned !== null && planned.opensAt > at',
    ],
    'an index is blamed for having no book': ['hasBook: !isIndex(symbol)', 'hasBook: true'],
  }),
  ...editsOf('core/recording/quality.ts', 'test/core/recording/previous-close.test.ts', {
    'an average is expected to be the last price': ['return byAuction ?', 'return symbol !== "" ?'],
  }),
  ...editsOf('adapters/fyers/symbol-master.ts', 'test/adapters/fyers/symbol-master.test.ts', {
    'a symbol master that was cut short is used': ['    await verifyFile(segment, partial);\n'],
  }),
  ...editsOf('harvester/symbol-lookup.ts', 'test/harvester/symbol-lookup.test.ts', {
    'a name that is not known at 08:30 stays unknown': [
      'if (names !== null && problemCount(names) === 0) return;',
      'if (names !== null) return;',
    ],
  }),
  ...editsOf('core/market/symbol-master.ts', 'test/core/market/aliases.test.ts', {
    'an expired contract is recorded': [' && expiresOn >= date', ' && expiresOn >= ""'],
  }),
];
