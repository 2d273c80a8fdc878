// Edits of the harvester's loop: what happens to time in it, what it tells, and the room that it makes.
import type { Mutation } from '../tree.ts';

const CLOCK_SET_BACK = ['test/harvester/clock-set-back.test.ts'];
const TELLING = ['test/harvester/telling.test.ts'];

export const LOOP: readonly Mutation[] = [
  {
    name: 'the feed waits until a clock that was set back has caught up',
    file: 'adapters/fyers/rest-depth.ts',
    find: 'if (slot - clock.now() > every + SECOND) {',
    replace: 'if (slot - clock.now() > Infinity) {',
    tests: CLOCK_SET_BACK,
  },
  {
    name: 'a sleep ends when a clock that was set back has caught up',
    file: 'adapters/process/clock.ts',
    find: 'Math.min(left(), latest - performance.now(), LONGEST_NAP_MS)',
    replace: 'Math.min(left(), latest, LONGEST_NAP_MS)',
    tests: ['test/adapters/process/clock.test.ts'],
  },
  {
    name: 'a step waits until a clock that was set back has caught up',
    file: 'harvester/due.ts',
    find: 'if (now < next && !isSetBack) return;',
    replace: 'if (now < next && !(isSetBack && now > next)) return;',
    tests: CLOCK_SET_BACK,
  },
  {
    name: 'a session ends with its last slot although the clock was set back',
    file: 'harvester/loop.ts',
    find: '} while (!signal.aborted && clock.now() < session.closesAt);',
    replace: '} while (signal.aborted && clock.now() < session.closesAt);',
    tests: CLOCK_SET_BACK,
  },
  {
    name: 'two plans of a day ask for the same slots',
    file: 'harvester/day.ts',
    find: '(from > last ? from : last)',
    replace: '(from > last ? last : last)',
    tests: CLOCK_SET_BACK,
  },
  {
    name: 'a refusal is believed until a clock that was set back has caught up',
    file: 'adapters/fyers/rest-pauses.ts',
    find: 'from - (until - from) <= at && at < until',
    replace: 'at < until',
    tests: CLOCK_SET_BACK,
  },
  {
    name: 'the store is not read until a clock that was set back has caught up',
    file: 'harvester/token.ts',
    find: 'readAt <= now && now',
    replace: 'now',
    tests: CLOCK_SET_BACK,
  },
  {
    name: 'nobody looks what happens to time in a session',
    file: 'harvester/loop.ts',
    find: '        await seen.clocks(day);\n',
    replace: '',
    tests: CLOCK_SET_BACK,
  },
  {
    name: 'a stall is not seen by the clocks',
    file: 'adapters/process/timepiece.ts',
    find: '    const stalledMs = longestMs;\n',
    replace: '    const stalledMs = 0;\n',
    tests: ['test/adapters/process/timepiece.test.ts'],
  },
  {
    name: 'a clock of whole seconds makes faults of nothing',
    file: 'core/depth/time-faults.ts',
    find: 'return slept < COARSE ? 0',
    replace: 'return slept < 0 ? 0',
    tests: ['test/core/depth/time-faults.test.ts'],
  },
  {
    name: 'a full disk is left full while a day is recorded',
    file: 'harvester/health.ts',
    find: '    if (diskUsedPercent > DISK_USED_PERCENT_MAX) await makeRoom(options);\n',
    replace: '',
    tests: TELLING,
  },
  {
    name: 'a full disk is left full when a day is closed',
    file: 'harvester/finish.ts',
    find: '  await makeRoom(options);\n',
    replace: '',
    tests: TELLING,
  },
  {
    name: 'nobody hears that a wait goes on',
    file: 'harvester/loop.ts',
    find: '    seen.waits(session.opensAt);\n    await beat',
    replace: '    await beat',
    tests: TELLING,
  },
  {
    name: 'nobody hears that a slot is done',
    file: 'harvester/loop.ts',
    find: '        seen.slot(batch, missing.length);\n',
    replace: '',
    tests: TELLING,
  },
  {
    name: 'the lag of slots is not measured',
    file: 'harvester/health.ts',
    find: '    metrics.measure(METRICS.slotLag, seen.takeLag());\n',
    replace: '',
    tests: TELLING,
  },
  {
    name: 'nobody is warned before the calendar runs out',
    file: 'harvester/loop.ts',
    find: '  if (notice !== null) events.emit(say.calendarRunsOut(notice));\n',
    replace: '',
    tests: TELLING,
  },
  {
    name: 'nobody asks the broker whether the market is open',
    file: 'harvester/loop.ts',
    find: '        await market.pass(clock.now());\n',
    replace: '',
    tests: TELLING,
  },
  {
    name: 'a broker that answered is asked again',
    file: 'harvester/market-check.ts',
    find: 'if (answer !== null || trading',
    replace: 'if (trading',
    tests: ['test/harvester/market-check.test.ts'],
  },
];
