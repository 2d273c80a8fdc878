// Schedules the drawn faults of a day on the timeline, and describes each for the check of the invariants.
import { type Instant, MINUTE, SECOND, plus } from '../../core/time.ts';
import type { Fault } from '../../sandbox/faults.ts';
import type { PlannedFault } from './invariants.ts';
import type { DayFaults } from './random-faults.ts';
import type { Machine } from './machine.ts';

/** Converts a time of one day. */
type At = (time: string) => Instant;

/** How far the clock is ahead or behind. */
const AHEAD_MS = 90 * SECOND;
const BEHIND_MS = 10 * MINUTE;
const DEPTH = /^\/data\/depth$/;

const LIMITED: Fault['effect'] = {
  kind: 'answer',
  status: 429,
  headers: { 'content-type': 'application/json', 'retry-after': '30' },
  body: '{"s":"error","code":429,"message":"request limit reached"}',
};

export function planBrokerFaults(
  machine: Machine,
  dayFaults: DayFaults['broker'],
  at: At,
): readonly PlannedFault[] {
  const { timeline, fyers, brokerFaults } = machine;
  const { what } = dayFaults;
  const [from, to] = [at(dayFaults.at), plus(at(dayFaults.at), dayFaults.minutes * MINUTE)];
  const atStart = (act: () => unknown): void => {
    timeline.schedule(from, () => void act());
  };
  timeline.schedule(to, () => {
    fyers.state.isDown = false;
    brokerFaults.clear();
    return machine.proxy.reconnect();
  });
  const plan = (
    reasons: PlannedFault['reasons'],
    more: Partial<PlannedFault> = {},
  ): readonly PlannedFault[] => [
    { what: `the broker is ${what}`, from, to, reasons, mayFire: ['slots-missed'], ...more },
  ];
  const stopsAll = { stopsAll: true };
  switch (what) {
    case 'up':
      return [];
    case 'down':
      atStart(() => (fyers.state.isDown = true));
      return plan(['broker-error'], stopsAll);
    case 'refusing':
      atStart(() => {
        machine.proxy.disconnect();
      });
      // The broker may have received a request on a connection that is destroyed.
      return plan(['unreachable', 'timeout'], stopsAll);
    case 'garbage':
      atStart(() => brokerFaults.add({ match: { path: DEPTH }, effect: { kind: 'garbage' } }));
      return plan(['broker-error', 'malformed-answer'], stopsAll);
    case 'silent':
      atStart(() =>
        brokerFaults.add({ match: { path: DEPTH }, nth: [1, 2, 3], effect: { kind: 'half-open' } }),
      );
      return plan(['timeout']);
    case 'limited once':
      atStart(() => brokerFaults.add({ match: { path: DEPTH }, nth: [1, 2], effect: LIMITED }));
      return plan(['rate-limited']);
    case 'limited twice':
      atStart(() =>
        brokerFaults.add({ match: { path: DEPTH }, nth: [1, 2, 3, 4], effect: LIMITED }),
      );
      return plan(['rate-limited', 'blocked-for-the-day'], { ...stopsAll, to: at('23:59') });
  }
}

export function planTokenFaults(
  machine: Machine,
  what: DayFaults['token'],
  at: At,
): readonly PlannedFault[] {
  const { timeline, fyers } = machine;
  const publishAt = (time: string): void => {
    timeline.schedule(at(time), () => {
      machine.token = machine.mint();
    });
  };
  const plan = (from: string, to: string): readonly PlannedFault[] => [
    {
      what: `the token is ${what}`,
      from: at(from),
      to: at(to),
      reasons: ['no-token', 'token-refused'],
      mayFire: ['slots-missed'],
      stopsAll: true,
    },
  ];
  switch (what) {
    case 'in time':
      publishAt('07:00');
      return [];
    case 'late':
      publishAt('10:30');
      return plan('06:00', '10:30');
    case 'none':
      return plan('06:00', '23:59');
    case 'ended':
      publishAt('07:00');
      timeline.schedule(at('11:00'), () => {
        if (machine.token !== null) fyers.state.revoked.add(machine.token);
      });
      publishAt('11:25');
      return plan('11:00', '11:25');
    case 'unreadable':
      publishAt('07:00');
      timeline.schedule(at('08:50'), () => {
        machine.isStoreUnavailable = true;
      });
      timeline.schedule(at('09:20'), () => {
        machine.isStoreUnavailable = false;
      });
      return plan('08:50', '09:20');
  }
}

const DEATHS = {
  killed: 'at once',
  'killed before a write': 'before a write',
  'killed after a write': 'after a write',
  'killed in a line': 'in a line',
} as const;

/** The time during which a day's files are open. */
const OPEN_FILES = { from: '09:00', to: '15:58' };

export function planMachineFaults(
  machine: Machine,
  dayFaults: DayFaults['machine'],
  at: At,
  trades: boolean,
): readonly PlannedFault[] {
  const { timeline } = machine;
  const { what } = dayFaults;
  const [from, to] = [at(dayFaults.at), plus(at(dayFaults.at), dayFaults.minutes * MINUTE)];
  const plan = (
    reasons: PlannedFault['reasons'],
    more: Partial<PlannedFault> = {},
  ): readonly PlannedFault[] => [
    {
      what: `the harvester is ${what}`,
      from,
      to,
      reasons,
      mayFire: ['slots-missed', 'harvester-silent'],
      ...more,
    },
  ];
  // If the opening passes during the fault, the recording has not begun.
  const orNotRunning = (
    reasons: PlannedFault['reasons'],
    processTime: Instant = from,
  ): PlannedFault['reasons'] =>
    processTime < at(OPEN_FILES.from) ? [...reasons, 'not-running'] : reasons;
  const skipped = orNotRunning(['clock-jump', 'late']);
  switch (what) {
    case 'runs':
      return [];
    case 'killed':
    case 'killed before a write':
    case 'killed after a write':
    case 'killed in a line': {
      const writes = trades && OPEN_FILES.from <= dayFaults.at && dayFaults.at <= OPEN_FILES.to;
      const how = writes ? DEATHS[what] : 'at once';
      timeline.schedule(from, () => {
        machine.kill(how, to);
      });
      return plan(['not-running', 'late', 'clock-jump'], {
        isDead: true,
        mayLose: how !== 'at once',
      });
    }
    case 'stopped':
      timeline.schedule(from, () => {
        machine.stop(to);
      });
      return plan(orNotRunning(['stopped', 'late']), { isDead: true });
    case 'suspended':
      timeline.schedule(from, () => machine.suspend(to));
      return plan(skipped, { isDead: true });
    case 'ahead':
      return plan(skipped, planClockFault(machine, AHEAD_MS, from, to));
    case 'behind':
      return plan(skipped, planClockFault(machine, -BEHIND_MS, from, to));
    case 'killed behind': {
      const restartAt = plus(from, MINUTE);
      const correctedAt = plus(to, MINUTE);
      const clock = planClockFault(machine, -BEHIND_MS, from, correctedAt);
      timeline.schedule(from, () => {
        machine.kill('at once', restartAt);
      });
      return [
        ...plan(['not-running', 'late'], { isDead: true, to: restartAt }),
        // The next process may start before the opening by its own clock.
        ...plan(orNotRunning(skipped, plus(from, -BEHIND_MS)), { ...clock, to: correctedAt }),
      ];
    }
  }
}

/**
 * A wrong clock costs slots and no heartbeats, so `harvester-silent` does not fire. If the clock is behind, the trade times
 * of the broker are in its future and not stored, which fires `harvester-fault`.
 */
function planClockFault(
  machine: Machine,
  ms: number,
  from: Instant,
  to: Instant,
): Partial<PlannedFault> {
  machine.timeline.schedule(from, () => {
    machine.offset = ms;
  });
  machine.timeline.schedule(to, () => {
    machine.offset = 0;
  });
  return { aheadMs: ms, mayFire: ms < 0 ? ['slots-missed', 'harvester-fault'] : ['slots-missed'] };
}

export function planBucketFaults(
  machine: Machine,
  what: DayFaults['bucket'],
  at: At,
  trades: boolean,
): readonly PlannedFault[] {
  if (what === 'available') return [];
  const from = at('14:00');
  const to = what === 'unavailable' ? at('18:30') : plus(at('12:00'), 24 * 60 * MINUTE);
  machine.timeline.schedule(from, () => {
    machine.isBucketUnavailable = true;
  });
  machine.timeline.schedule(to, () => {
    machine.isBucketUnavailable = false;
  });
  return [
    {
      what: `the bucket is ${what}`,
      from,
      to,
      reasons: [],
      mayFire: ['harvester-fault'],
      // The day cannot be shipped during the fault.
      ...(trades ? ({ mustFire: 'harvester-fault' } as const) : {}),
    },
  ];
}

export function planDiskFaults(
  machine: Machine,
  what: DayFaults['disk'],
  at: At,
  trades: boolean,
): readonly PlannedFault[] {
  if (what === 'works') return [];
  const [from, to] = [at('13:20'), at('13:23')];
  machine.timeline.schedule(from, () => {
    machine.isDiskFull = true;
  });
  machine.timeline.schedule(to, () => {
    machine.isDiskFull = false;
  });
  return [
    {
      what: 'the disk is full',
      from,
      to,
      reasons: ['disk'],
      mayFire: ['slots-missed', 'harvester-fault'],
      mayLose: true,
      ...(trades ? ({ mustFire: 'harvester-fault' } as const) : {}),
    },
  ];
}
