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

/** Applies to calls for depth. @param nth which of them; absent: each */
const failDepth =
  (effect: Fault['effect'], nth?: readonly number[]) =>
  ({ brokerFaults }: Machine) =>
    brokerFaults.add({ match: { path: DEPTH }, effect, ...(nth && { nth }) });

interface BrokerPlan extends Pick<PlannedFault, 'reasons' | 'stopsAll'> {
  readonly begin: (machine: Machine) => unknown;
  readonly lastsAllDay?: true;
  readonly pauseMs?: number;
}

const BROKER_PLANS: Readonly<Record<Exclude<DayFaults['broker']['what'], 'up'>, BrokerPlan>> = {
  down: {
    ...{ reasons: ['broker-error'], stopsAll: true },
    begin: ({ fyers }) => (fyers.state.isDown = true),
  },
  // The broker may have received a request on a connection that is destroyed.
  refusing: {
    ...{ reasons: ['unreachable', 'timeout'], stopsAll: true },
    begin: ({ proxy }) => {
      proxy.disconnect();
    },
  },
  garbage: {
    ...{ reasons: ['broker-error', 'malformed-answer'], stopsAll: true },
    // The longest pause after pages of a gateway (adapters/fyers/rate-guard.ts).
    pauseMs: 15 * MINUTE,
    begin: failDepth({ kind: 'garbage' }),
  },
  silent: { reasons: ['timeout'], begin: failDepth({ kind: 'half-open' }, [1, 2, 3]) },
  'limited once': { reasons: ['rate-limited'], begin: failDepth(LIMITED, [1, 2]) },
  'limited twice': {
    ...{ reasons: ['rate-limited', 'blocked-for-the-day'], stopsAll: true, lastsAllDay: true },
    begin: failDepth(LIMITED, [1, 2, 3, 4]),
  },
};

export function planBrokerFaults(
  machine: Machine,
  { what, ...dayFaults }: DayFaults['broker'],
  at: At,
): readonly PlannedFault[] {
  const [from, to] = [at(dayFaults.at), plus(at(dayFaults.at), dayFaults.minutes * MINUTE)];
  const { timeline, fyers, brokerFaults } = machine;
  timeline.schedule(to, () => {
    fyers.state.isDown = false;
    brokerFaults.clear();
    return machine.proxy.reconnect();
  });
  if (what === 'up') return [];
  const { begin, lastsAllDay = false, pauseMs = 0, ...plan } = BROKER_PLANS[what];
  timeline.schedule(from, () => void begin(machine));
  const fault = { what: `the broker is ${what}`, from, mayFire: ['slots-missed'], ...plan };
  const end = lastsAllDay ? at('23:59') : to;
  return [{ ...fault, to: end, pausedUntil: plus(end, pauseMs) }];
}

export function planTokenFaults(
  machine: Machine,
  what: DayFaults['token'],
  at: At,
): readonly PlannedFault[] {
  const { timeline, fyers } = machine;
  const schedule = (time: string, act: () => void): void => {
    timeline.schedule(at(time), act);
  };
  const publish = (): void => {
    machine.token = machine.mint();
  };
  const plan = (from: string, to: string): readonly PlannedFault[] => [
    {
      ...{ what: `the token is ${what}`, from: at(from), to: at(to), stopsAll: true },
      ...{ reasons: ['no-token', 'token-refused'], mayFire: ['slots-missed'] },
    },
  ];
  if (what === 'none') return plan('06:00', '23:59');
  schedule(what === 'late' ? '10:30' : '07:00', publish);
  switch (what) {
    case 'in time':
      return [];
    case 'late':
      return plan('06:00', '10:30');
    case 'ended':
      schedule('11:00', () => {
        if (machine.token !== null) fyers.state.revoked.add(machine.token);
      });
      schedule('11:25', publish);
      return plan('11:00', '11:25');
    case 'unreadable':
      schedule('08:50', () => {
        machine.isStoreUnavailable = true;
      });
      schedule('09:20', () => {
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
      ...{ what: `the harvester is ${what}`, from, to, reasons },
      ...{ mayFire: ['slots-missed', 'harvester-silent'], ...more },
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
      ...{ what: `the bucket is ${what}`, from, to, reasons: [], mayFire: ['harvester-fault'] },
      // The day cannot be shipped during the fault.
      ...(trades ? { mustFire: 'harvester-fault' } : {}),
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
      ...{ what: 'the disk is full', from, to, reasons: ['disk'], mayLose: true },
      mayFire: ['slots-missed', 'harvester-fault'],
      ...(trades ? { mustFire: 'harvester-fault' } : {}),
    },
  ];
}
