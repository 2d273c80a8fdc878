// Luck made to happen: each trouble is asked for in the agenda, and told to the judge.
import { type Instant, MINUTE, SECOND, plus } from '../../core/time.ts';
import type { Fault } from '../../sandbox/faults.ts';
import type { Trouble } from './invariants.ts';
import type { Luck } from './random-faults.ts';
import type { Machine } from './machine.ts';

/** Of one day, by its own clock. */
type At = (time: string) => Instant;

/** How far the clock runs ahead, and behind. */
const AHEAD_MS = 90 * SECOND;
const BEHIND_MS = 10 * MINUTE;
const DEPTH = /^\/data\/depth$/;

const LIMITED: Fault['effect'] = {
  kind: 'answer',
  status: 429,
  headers: { 'content-type': 'application/json', 'retry-after': '30' },
  body: '{"s":"error","code":429,"message":"request limit reached"}',
};

export function brokerTroubles(machine: Machine, luck: Luck['broker'], at: At): readonly Trouble[] {
  const { agenda, fyers, way } = machine;
  const { what } = luck;
  const [from, to] = [at(luck.at), plus(at(luck.at), luck.minutes * MINUTE)];
  const begins = (act: () => unknown): void => {
    agenda.at(from, () => void act());
  };
  agenda.at(to, () => {
    fyers.state.isDown = false;
    way.clear();
    return machine.line.mend();
  });
  const trouble = (
    reasons: Trouble['reasons'],
    more: Partial<Trouble> = {},
  ): readonly Trouble[] => [
    { what: `the broker is ${what}`, from, to, reasons, rings: ['slots-missed'], ...more },
  ];
  const whole = { stopsAll: true };
  switch (what) {
    case 'up':
      return [];
    case 'down':
      begins(() => (fyers.state.isDown = true));
      return trouble(['broker-error'], whole);
    case 'refusing':
      begins(() => {
        machine.line.cut();
      });
      // What was asked on a connection that is torn down may have been heard.
      return trouble(['unreachable', 'timeout'], whole);
    case 'garbage':
      begins(() => way.add({ match: { path: DEPTH }, effect: { kind: 'garbage' } }));
      return trouble(['broker-error', 'malformed-answer'], whole);
    case 'silent':
      begins(() =>
        way.add({ match: { path: DEPTH }, nth: [1, 2, 3], effect: { kind: 'half-open' } }),
      );
      return trouble(['timeout']);
    case 'limited once':
      begins(() => way.add({ match: { path: DEPTH }, nth: [1, 2], effect: LIMITED }));
      return trouble(['rate-limited']);
    case 'limited twice':
      begins(() => way.add({ match: { path: DEPTH }, nth: [1, 2, 3, 4], effect: LIMITED }));
      return trouble(['rate-limited', 'blocked-for-the-day'], { ...whole, to: at('23:59') });
  }
}

export function tokenTroubles(machine: Machine, what: Luck['token'], at: At): readonly Trouble[] {
  const { agenda, fyers } = machine;
  const published = (time: string): void => {
    agenda.at(at(time), () => {
      machine.token = machine.mint();
    });
  };
  const trouble = (from: string, to: string): readonly Trouble[] => [
    {
      what: `the token is ${what}`,
      from: at(from),
      to: at(to),
      reasons: ['no-token', 'token-refused'],
      rings: ['slots-missed'],
      stopsAll: true,
    },
  ];
  switch (what) {
    case 'in time':
      published('07:00');
      return [];
    case 'late':
      published('10:30');
      return trouble('06:00', '10:30');
    case 'none':
      return trouble('06:00', '23:59');
    case 'ended':
      published('07:00');
      agenda.at(at('11:00'), () => {
        if (machine.token !== null) fyers.state.revoked.add(machine.token);
      });
      published('11:25');
      return trouble('11:00', '11:25');
    case 'unreadable':
      published('07:00');
      agenda.at(at('08:50'), () => {
        machine.isStoreAway = true;
      });
      agenda.at(at('09:20'), () => {
        machine.isStoreAway = false;
      });
      return trouble('08:50', '09:20');
  }
}

const DEATHS = {
  killed: 'at once',
  'killed before a write': 'before a write',
  'killed after a write': 'after a write',
  'killed in a line': 'in a line',
} as const;

/** Between these a day's files are open. */
const RECORDS = { from: '09:00', to: '15:58' };

export function machineTroubles(
  machine: Machine,
  luck: Luck['machine'],
  at: At,
  trades: boolean,
): readonly Trouble[] {
  const { agenda } = machine;
  const { what } = luck;
  const [from, to] = [at(luck.at), plus(at(luck.at), luck.minutes * MINUTE)];
  const trouble = (
    reasons: Trouble['reasons'],
    more: Partial<Trouble> = {},
  ): readonly Trouble[] => [
    {
      what: `the harvester is ${what}`,
      from,
      to,
      reasons,
      rings: ['slots-missed', 'harvester-silent'],
      ...more,
    },
  ];
  // Of a session whose opening passes unseen, nobody has begun to record.
  const beforeIt = (reasons: Trouble['reasons'], believed: Instant = from): Trouble['reasons'] =>
    believed < at(RECORDS.from) ? [...reasons, 'not-running'] : reasons;
  const passed = beforeIt(['clock-jump', 'late']);
  switch (what) {
    case 'runs':
      return [];
    case 'killed':
    case 'killed before a write':
    case 'killed after a write':
    case 'killed in a line': {
      const writes = trades && RECORDS.from <= luck.at && luck.at <= RECORDS.to;
      const how = writes ? DEATHS[what] : 'at once';
      agenda.at(from, () => {
        machine.kill(how, to);
      });
      return trouble(['not-running', 'late', 'clock-jump'], {
        isDead: true,
        mayLose: how !== 'at once',
      });
    }
    case 'stopped':
      agenda.at(from, () => {
        machine.stop(to);
      });
      return trouble(beforeIt(['stopped', 'late']), { isDead: true });
    case 'suspended':
      agenda.at(from, () => machine.suspend(to));
      return trouble(passed, { isDead: true });
    case 'ahead':
      return trouble(passed, setBy(machine, AHEAD_MS, from, to));
    case 'behind':
      return trouble(passed, setBy(machine, -BEHIND_MS, from, to));
    case 'killed behind': {
      const restartAt = plus(from, MINUTE);
      const mendedAt = plus(to, MINUTE);
      const clock = setBy(machine, -BEHIND_MS, from, mendedAt);
      agenda.at(from, () => {
        machine.kill('at once', restartAt);
      });
      return [
        ...trouble(['not-running', 'late'], { isDead: true, to: restartAt }),
        // The next process may believe that the opening is still to come.
        ...trouble(beforeIt(passed, plus(from, -BEHIND_MS)), { ...clock, to: mendedAt }),
      ];
    }
  }
}

/**
 * A wrong clock costs slots and no heartbeats, so `harvester-silent` does not ring. If it is behind, the broker's trade
 * times are in its future and are not stored, which rings as a fault.
 */
function setBy(machine: Machine, ms: number, from: Instant, to: Instant): Partial<Trouble> {
  machine.agenda.at(from, () => {
    machine.offset = ms;
  });
  machine.agenda.at(to, () => {
    machine.offset = 0;
  });
  return { aheadMs: ms, rings: ms < 0 ? ['slots-missed', 'harvester-fault'] : ['slots-missed'] };
}

export function bucketTroubles(
  machine: Machine,
  what: Luck['bucket'],
  at: At,
  trades: boolean,
): readonly Trouble[] {
  if (what === 'there') return [];
  const from = at('14:00');
  const to = what === 'away' ? at('18:30') : plus(at('12:00'), 24 * 60 * MINUTE);
  machine.agenda.at(from, () => {
    machine.isBucketAway = true;
  });
  machine.agenda.at(to, () => {
    machine.isBucketAway = false;
  });
  return [
    {
      what: `the bucket is ${what}`,
      from,
      to,
      reasons: [],
      rings: ['harvester-fault'],
      // The day waits for it to end.
      ...(trades ? ({ mustRing: 'harvester-fault' } as const) : {}),
    },
  ];
}

export function diskTroubles(
  machine: Machine,
  what: Luck['disk'],
  at: At,
  trades: boolean,
): readonly Trouble[] {
  if (what === 'takes') return [];
  const [from, to] = [at('13:20'), at('13:23')];
  machine.agenda.at(from, () => {
    machine.isDiskFull = true;
  });
  machine.agenda.at(to, () => {
    machine.isDiskFull = false;
  });
  return [
    {
      what: 'the disk is full',
      from,
      to,
      reasons: ['disk'],
      rings: ['slots-missed', 'harvester-fault'],
      mayLose: true,
      ...(trades ? ({ mustRing: 'harvester-fault' } as const) : {}),
    },
  ];
}
