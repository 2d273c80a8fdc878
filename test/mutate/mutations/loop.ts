// Lists edits of the harvester's loop: its use of time, its reports, and the disk space that it frees.
import { editsOf, type Mutation } from '../tree.ts';

const CLOCK_SET_BACK = 'test/harvester/clock-set-back.test.ts';
const TELLING = 'test/harvester/progress-and-metrics.test.ts';

export const LOOP: readonly Mutation[] = [
  ...editsOf('adapters/fyers/depth-feed.ts', CLOCK_SET_BACK, {
    'the feed waits until a clock that was set back has caught up': [
      'if (slot - clock.now() > every + SECOND) {',
      'if (slot - clock.now() > Infinity) {',
    ],
  }),
  ...editsOf('adapters/process/clock.ts', 'test/adapters/process/clock.test.ts', {
    'a sleep ends when a clock that was set back has caught up': [
      'Math.min(leftMs(), latest - performance.now(), MAX_SLEEP_MS)',
      'Math.min(leftMs(), latest, MAX_SLEEP_MS)',
    ],
  }),
  ...editsOf('harvester/interval.ts', CLOCK_SET_BACK, {
    'a step waits until a clock that was set back has caught up': [
      'if (now < next && !isSetBack) return;',
      'if (now < next && !(isSetBack && now > next)) return;',
    ],
  }),
  ...editsOf('harvester/loop.ts', CLOCK_SET_BACK, {
    'a session ends with its last slot although the clock was set back': [
      '} while (!signal.aborted && clock.now() < endsAt);',
      '} while (signal.aborted && clock.now() < endsAt);',
    ],
    'clock faults in a session are not checked': ['    await progress.clocks(day);\n'],
  }),
  ...editsOf('core/recording/coverage.ts', CLOCK_SET_BACK, {
    'two plans of a day expect the same slots': [
      'plans.slice(index + 1).map(',
      'plans.slice(index + 1, index + 2).map(',
    ],
  }),
  ...editsOf('adapters/fyers/rate-guard.ts', CLOCK_SET_BACK, {
    'a refusal is believed until a clock that was set back has caught up': [
      'from - (until - from) <= at && at < until',
      'at < until',
    ],
  }),
  ...editsOf('harvester/token.ts', CLOCK_SET_BACK, {
    'the store is not read until a clock that was set back has caught up': [
      'at < readAt || at >=',
      'at >=',
    ],
  }),
  ...editsOf('harvester/loop.ts', 'test/harvester/until.test.ts', {
    'a recording continues to the close after --until': [
      'return until !== null && until < closesAt ? until : closesAt;',
      'return until !== null && until < 0 ? until : closesAt;',
    ],
  }),
  ...editsOf('adapters/process/clock.ts', 'test/adapters/process/timepiece.test.ts', {
    'a stall is not seen by the clocks': [
      '    const stalledMs = longestMs;\n',
      '    const stalledMs = 0;\n',
    ],
  }),
  ...editsOf('core/clock-faults.ts', 'test/core/clock-faults.test.ts', {
    'a clock of whole seconds makes faults of nothing': [
      'return slept < COARSE_ERROR_MS ? 0',
      'return slept < 0 ? 0',
    ],
  }),
  ...editsOf('harvester/progress.ts', TELLING, {
    'a full disk is left full while a day is recorded': [
      '    if (diskUsedPercent > DISK_USED_PERCENT_MAX) await makeRoom(options);\n',
    ],
    'the lag of slots is not measured': [
      '    metrics.measure(METRICS.slotLag, progress.takeLag());\n',
    ],
  }),
  ...editsOf('harvester/close-days.ts', TELLING, {
    'a full disk is left full when a day is closed': ['  await makeRoom(options);\n'],
  }),
  ...editsOf('harvester/loop.ts', TELLING, {
    'a wait reports no progress': [
      '    progress.waits(session.opensAt);\n    await beat',
      '    await beat',
    ],
    'a slot reports no progress': ['    progress.slot(batch, missing.length);\n'],
    'the end of the calendar is not reported': [
      '  if (notice !== null) events.log(logEvents.calendarRunsOut(notice));\n',
    ],
    'the market status is not checked': ['    await market.runIfDue(clock.now());\n'],
  }),
  ...editsOf('harvester/unscheduled-session.ts', 'test/harvester/market-check.test.ts', {
    'a broker that answered is asked again': ['if (answer !== null || trading', 'if (trading'],
  }),
  ...editsOf('harvester/main.ts', 'test/harvester/main.test.ts', {
    '--debug logs no slot': ['createLog({ clock, debug, ', 'createLog({ clock, '],
  }),
  ...editsOf('harvester/upload.ts', 'test/harvester/upload.test.ts', {
    'an uploaded segment is not logged': [
      '    options.events.log(logEvents.segmentShipped(date, state.next - 1, bytes));\n',
    ],
  }),
  ...editsOf('adapters/process/run-child.ts', 'test/adapters/process/run-child.test.ts', {
    'a compaction has no memory limit': ['`--max-old-space-size=${String(heapMiB)}`, '],
    'the young objects of a compaction have no memory limit': [", '--max-semi-space-size=2'"],
  }),
];
