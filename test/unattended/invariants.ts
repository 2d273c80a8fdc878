// Checks days of the harvester against evidence from outside: the broker's request log, the objects in the bucket, and the
// alarms that its metrics fire. It uses nothing of the program, and plans repeat the names of reasons and alarms.
import { type Instant, type IstDate, MINUTE, formatIst, plus } from '../../core/time.ts';
import type { RecordedDate } from './bucket-contents.ts';

export interface PlannedFault {
  readonly what: string;
  readonly from: Instant;
  readonly to: Instant;
  /** The reasons that holes during the fault may have. */
  readonly reasons: readonly string[];
  readonly mayFire: readonly string[];
  /** The alarm that must fire, or already be in the state ALARM. */
  readonly mustFire?: string;
  /** The fault leaves every slot empty, and the process measures that. */
  readonly stopsAll?: boolean;
  /** The harvester may make no call until then, because it pauses after such answers. */
  readonly pausedUntil?: Instant;
  /** No process measures anything. */
  readonly isDead?: boolean;
  /** The broker may serve books that are never written. */
  readonly mayLose?: boolean;
  /** How far the process's clock is ahead; negative if it is behind. A clock that is set back repeats slots. */
  readonly aheadMs?: number;
}

export interface PlannedDay {
  readonly date: IstDate;
  /** Null on a day without trading. */
  readonly session: { readonly opensAt: Instant; readonly closesAt: Instant } | null;
  readonly faults: readonly PlannedFault[];
}

export interface Evidence {
  readonly symbols: readonly string[];
  readonly everyMs: number;
  readonly days: readonly PlannedDay[];
  /** Books that the broker served, by true time. */
  readonly served: readonly { readonly at: Instant; readonly symbol: string }[];
  /** By date. */
  readonly recorded: ReadonlyMap<string, RecordedDate>;
  readonly firedAlarms: readonly { readonly alarm: string; readonly at: Instant }[];
  /** Processes that ended without a kill or stop. */
  readonly failures: readonly string[];
}

/** A fault has effects a little longer than it lasts: tokens are read once a minute, and a refusal counts for a minute. */
const EFFECT_MARGIN = 2 * MINUTE;
/** An alarm must fire within this time. */
const ALARM_DEADLINE = 12 * MINUTE;
/** An alarm may fire that long after its fault: the last window of five minutes, and the measurements of a restart. */
const LATEST_ALARM = 20 * MINUTE;

/**
 * An alarm in the state ALARM does not fire again. CloudWatch uses older data for periods without any, so a short fault
 * keeps the alarm in ALARM for three of its periods of 15 minutes.
 */
const ALARM_HOLD = 45 * MINUTE;

/** @returns a sentence for each violation */
export function findViolations(evidence: Evidence): readonly string[] {
  const { days, recorded, failures } = evidence;
  const faults = days.flatMap((day) => day.faults);
  const withoutSession = [...recorded.keys()].filter(
    (date) => !days.some((day) => day.date === date && day.session !== null),
  );
  return [
    ...withoutSession.map((date) => `${date}: recorded without a session`),
    ...failures.map((problem) => `a process ended: ${problem}`),
    ...days.flatMap((day) => findDayViolations(evidence, day, faults)),
    ...findAlarmViolations(evidence, faults),
  ];
}

function findDayViolations(
  evidence: Evidence,
  { date, session }: PlannedDay,
  faults: readonly PlannedFault[],
): readonly string[] {
  if (session === null) return [];
  const found = evidence.recorded.get(date);
  if (found === undefined) return [`${date}: not in the bucket`];
  const { symbols, everyMs } = evidence;
  const slots = (session.closesAt - session.opensAt) / everyMs;
  const planned = symbols.flatMap((symbol) =>
    Array.from({ length: slots }, (_, index) => ({
      symbol,
      slot: plus(session.opensAt, index * everyMs),
    })),
  );
  const violations: string[] = [];
  const report = (what: string): void => {
    violations.push(`${date}: ${what}`);
  };
  const { manifest, rows, holes } = found;
  const kept = new Set(rows);
  if (kept.size !== rows.length) report('a slot has two rows');
  const served = servedSlots(evidence, session, faults);
  let explained = 0;
  for (const { symbol, slot } of planned) {
    const key = `${symbol} ${String(slot)}`;
    const where = `${symbol} ${formatIst(slot)}`;
    if (kept.delete(key)) {
      if (!served.has(key)) report(`${where}: a row of a book that was never served`);
      continue;
    }
    const reasons = holes
      .filter((hole) => hole.from <= slot && slot < hole.to && hole.symbols.includes(symbol))
      .map(({ reason }) => reason);
    if (reasons.length === 0) report(`${where}: neither row nor reason`);
    else explained += 1;
    const now = faultsAt(faults, slot);
    if (!reasons.some((reason) => now.some((each) => each.reasons.includes(reason)))) {
      report(
        `${where}: ${reasons.join()} while ${now.map(({ what }) => what).join() || 'there is no fault'}`,
      );
    }
    if (served.has(key) && !now.some(({ mayLose }) => mayLose === true))
      report(`${where}: served and lost`);
  }
  for (const key of kept) report(`${key}: a row that is not planned`);
  const actual = JSON.stringify(manifest);
  const expected = { expected: planned.length, received: rows.length, explained, unexplained: 0 };
  for (const [name, value] of Object.entries(expected)) {
    if (manifest[name as keyof typeof expected] !== value)
      report(`${name} is ${String(value)}, and the manifest is ${actual}`);
  }
  // A disk that fails during a write leaves an incomplete line.
  const now = faultsDuring(faults, session);
  const mayBe: Readonly<Record<string, boolean>> = {
    malformed: now.some(({ reasons }) => reasons.includes('disk')),
    duplicate: now.some(({ aheadMs }) => aheadMs !== undefined),
  };
  const leftOut = Object.entries(manifest.leftOut);
  if (leftOut.some(([why, count]) => count !== 0 && mayBe[why] !== true)) {
    report(`rows were left out: ${actual}`);
  }
  return violations;
}

function faultsDuring(
  faults: readonly PlannedFault[],
  { opensAt, closesAt }: NonNullable<PlannedDay['session']>,
): readonly PlannedFault[] {
  return faults.filter(({ from, to }) => from < closesAt && opensAt < to);
}

function faultsAt(faults: readonly PlannedFault[], at: Instant): readonly PlannedFault[] {
  return faults.filter(
    ({ from, to, pausedUntil = to }) =>
      plus(from, -EFFECT_MARGIN) <= at && at <= plus(pausedUntil, EFFECT_MARGIN),
  );
}

/** Returns the slots of the served books, by the clock of the process that requested them. */
function servedSlots(
  { served, everyMs }: Evidence,
  { opensAt, closesAt }: { readonly opensAt: Instant; readonly closesAt: Instant },
  faults: readonly PlannedFault[],
): ReadonlySet<string> {
  const clockFaults = faults.filter(({ aheadMs }) => aheadMs !== undefined);
  const keys = new Set<string>();
  for (const { at, symbol } of served) {
    const offset = clockFaults.find(({ from, to }) => from <= at && at < to)?.aheadMs ?? 0;
    const processTime = at + offset;
    if (processTime < opensAt || processTime >= closesAt) continue;
    keys.add(
      `${symbol} ${String(opensAt + Math.floor((processTime - opensAt) / everyMs) * everyMs)}`,
    );
  }
  return keys;
}

function findAlarmViolations(
  { firedAlarms, days }: Evidence,
  faults: readonly PlannedFault[],
): readonly string[] {
  const violations: string[] = [];
  for (const { alarm, at } of firedAlarms) {
    const reason = faults.some(
      (each) =>
        each.mayFire.includes(alarm) && each.from <= at && at <= plus(each.to, LATEST_ALARM),
    );
    if (!reason) violations.push(`${formatIst(at)}: ${alarm} fired without a fault`);
  }
  const hasFired = (alarm: string, from: Instant, to: Instant): boolean =>
    firedAlarms.some((fired) => fired.alarm === alarm && from <= fired.at && fired.at <= to);
  for (const each of faults) {
    if (
      each.isDead === true &&
      each.to - each.from >= ALARM_DEADLINE &&
      !hasFired('harvester-silent', each.from, plus(each.from, ALARM_DEADLINE))
    ) {
      violations.push(`${formatIst(each.from)}: ${each.what}, and no alarm fired`);
    }
    if (
      each.mustFire !== undefined &&
      !hasFired(each.mustFire, plus(each.from, -ALARM_HOLD), plus(each.to, LATEST_ALARM))
    ) {
      violations.push(`${formatIst(each.from)}: ${each.what}, and no alarm fired`);
    }
  }
  return [...violations, ...days.flatMap((day) => findMissingAlarms(day, faults, hasFired))];
}

/** A fault that empties a session for twelve minutes must fire an alarm, unless no process measures. */
function findMissingAlarms(
  { session }: PlannedDay,
  faults: readonly PlannedFault[],
  hasFired: (alarm: string, from: Instant, to: Instant) => boolean,
): readonly string[] {
  if (session === null) return [];
  return faults.flatMap(({ what, from, to, stopsAll }) => {
    const begins = from > session.opensAt ? from : session.opensAt;
    const ends = to < session.closesAt ? to : session.closesAt;
    if (stopsAll !== true || ends - begins < ALARM_DEADLINE) return [];
    // An alarm that another fault fired does not fire again.
    const others = faults.filter(
      (each) =>
        each.what !== what &&
        each.mayFire.includes('slots-missed') &&
        each.from < ends &&
        begins < plus(each.to, LATEST_ALARM),
    );
    if (others.length > 0 || hasFired('slots-missed', begins, plus(begins, ALARM_DEADLINE)))
      return [];
    return [`${formatIst(begins)}: ${what}, and no alarm fired`];
  });
}
