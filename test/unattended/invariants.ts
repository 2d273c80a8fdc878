// Judges days of the harvester by what others saw of it: the broker's request log, what lies in the bucket, and the alarms
// that its metrics ring. Of us it knows the names of the reasons and of the alarms.
import { type Instant, type IstDate, MINUTE, formatIst, plus } from '../../core/time.ts';
import type { RecordedDate } from './bucket-contents.ts';

/** The closed list, typed again. */
type Reason =
  | 'no-token'
  | 'token-refused'
  | 'rate-limited'
  | 'blocked-for-the-day'
  | 'timeout'
  | 'unreachable'
  | 'broker-error'
  | 'malformed-answer'
  | 'late'
  | 'not-running'
  | 'stopped'
  | 'clock-jump'
  | 'disk';

type AlarmName = 'slots-missed' | 'harvester-silent' | 'harvester-fault' | 'disk-filling';

export interface Trouble {
  readonly what: string;
  readonly from: Instant;
  readonly to: Instant;
  /** For which slots in it may have no row. */
  readonly reasons: readonly Reason[];
  /** Alarms that it may ring. */
  readonly rings: readonly AlarmName[];
  /** The one of them that must ring, or ring still. */
  readonly mustRing?: AlarmName;
  /** No slot is filled while it lasts, and the process knows. */
  readonly stopsAll?: boolean;
  /** Nobody measures anything. */
  readonly isDead?: boolean;
  /** Books may be served that are never written. */
  readonly mayLose?: boolean;
  /** How far the process's clock is ahead, or behind where it is below zero. When it is set back, slots come twice. */
  readonly aheadMs?: number;
}

export interface JudgedDay {
  readonly date: IstDate;
  /** Null: no trading. */
  readonly session: { readonly opensAt: Instant; readonly closesAt: Instant } | null;
  readonly troubles: readonly Trouble[];
}

export interface Evidence {
  readonly symbols: readonly string[];
  readonly everyMs: number;
  readonly days: readonly JudgedDay[];
  /** Books that the broker handed out, in true time. */
  readonly served: readonly { readonly at: Instant; readonly symbol: string }[];
  /** By date. */
  readonly recorded: ReadonlyMap<string, RecordedDate>;
  readonly rings: readonly { readonly alarm: string; readonly at: Instant }[];
  /** Processes that ended by themselves. */
  readonly failures: readonly string[];
}

/** A trouble is felt a little longer than it lasts: tokens are read once a minute, refusals believed for one. */
const AFTERWARDS = 2 * MINUTE;
/** By then somebody has been told. */
const IN_TIME = 12 * MINUTE;
/** An alarm may still ring that long after its trouble: the last window of five minutes, and what a restart tells. */
const LAST_RING = 20 * MINUTE;

/**
 * An alarm that rings does not ring again. CloudWatch looks back for real data over periods without any, so a fault of a
 * moment keeps this one ringing for three of its quarters of an hour.
 */
const STILL_RINGING = 45 * MINUTE;

/** What is wrong; nothing, for good days. */
export function judge(evidence: Evidence): readonly string[] {
  const { days, recorded, failures } = evidence;
  const troubles = days.flatMap((day) => day.troubles);
  const strange = [...recorded.keys()].filter(
    (date) => !days.some((day) => day.date === date && day.session !== null),
  );
  return [
    ...strange.map((date) => `${date}: recorded without a session`),
    ...failures.map((problem) => `a process ended: ${problem}`),
    ...days.flatMap((day) => judgeDay(evidence, day, troubles)),
    ...judgeRings(evidence, troubles),
  ];
}

function judgeDay(
  evidence: Evidence,
  { date, session }: JudgedDay,
  troubles: readonly Trouble[],
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
  const objections: string[] = [];
  const object = (what: string): void => {
    objections.push(`${date}: ${what}`);
  };
  const { manifest, rows, holes } = found;
  const kept = new Set(rows);
  if (kept.size !== rows.length) object('a slot has two rows');
  const served = servedIn(evidence, session, troubles);
  let explained = 0;
  for (const { symbol, slot } of planned) {
    const key = `${symbol} ${String(slot)}`;
    const where = `${symbol} ${formatIst(slot)}`;
    if (kept.delete(key)) {
      if (!served.has(key)) object(`${where}: a row of a book that was never served`);
      continue;
    }
    const reasons = holes
      .filter((hole) => hole.from <= slot && slot < hole.to && hole.symbols.includes(symbol))
      .map(({ reason }) => reason);
    if (reasons.length === 0) object(`${where}: neither row nor reason`);
    else explained += 1;
    const now = troublesAt(troubles, slot);
    if (!reasons.some((reason) => now.some((each) => each.reasons.some((one) => one === reason)))) {
      object(
        `${where}: ${reasons.join()} while ${now.map(({ what }) => what).join() || 'all was well'}`,
      );
    }
    if (served.has(key) && !now.some(({ mayLose }) => mayLose === true))
      object(`${where}: served and lost`);
  }
  for (const key of kept) object(`${key}: a row that nobody planned`);
  const told = JSON.stringify(manifest);
  const truth = { expected: planned.length, received: rows.length, explained, unexplained: 0 };
  for (const [name, value] of Object.entries(truth)) {
    if (manifest[name as keyof typeof truth] !== value)
      object(`${name} is ${String(value)}, and the manifest says ${told}`);
  }
  // A disk that fails within a write leaves half a line.
  const now = troublesOf(troubles, session);
  const mayBe: Readonly<Record<string, boolean>> = {
    malformed: now.some(({ reasons }) => reasons.includes('disk')),
    duplicate: now.some(({ aheadMs }) => aheadMs !== undefined),
  };
  const leftOut = Object.entries(manifest.leftOut);
  if (leftOut.some(([why, count]) => count !== 0 && mayBe[why] !== true)) {
    object(`rows were left out: ${told}`);
  }
  return objections;
}

function troublesOf(
  troubles: readonly Trouble[],
  { opensAt, closesAt }: NonNullable<JudgedDay['session']>,
): readonly Trouble[] {
  return troubles.filter(({ from, to }) => from < closesAt && opensAt < to);
}

function troublesAt(troubles: readonly Trouble[], at: Instant): readonly Trouble[] {
  return troubles.filter(
    ({ from, to }) => plus(from, -AFTERWARDS) <= at && at <= plus(to, AFTERWARDS),
  );
}

/** By the clock of the process that asked. */
function servedIn(
  { served, everyMs }: Evidence,
  { opensAt, closesAt }: { readonly opensAt: Instant; readonly closesAt: Instant },
  troubles: readonly Trouble[],
): ReadonlySet<string> {
  const ahead = troubles.filter(({ aheadMs }) => aheadMs !== undefined);
  const keys = new Set<string>();
  for (const { at, symbol } of served) {
    const off = ahead.find(({ from, to }) => from <= at && at < to)?.aheadMs ?? 0;
    const believed = at + off;
    if (believed < opensAt || believed >= closesAt) continue;
    keys.add(`${symbol} ${String(opensAt + Math.floor((believed - opensAt) / everyMs) * everyMs)}`);
  }
  return keys;
}

function judgeRings({ rings, days }: Evidence, troubles: readonly Trouble[]): readonly string[] {
  const objections: string[] = [];
  for (const { alarm, at } of rings) {
    const reason = troubles.some(
      (each) =>
        each.rings.some((name) => name === alarm) &&
        each.from <= at &&
        at <= plus(each.to, LAST_RING),
    );
    if (!reason) objections.push(`${formatIst(at)}: ${alarm} rang for nothing`);
  }
  const rangIn = (alarm: string, from: Instant, to: Instant): boolean =>
    rings.some((ring) => ring.alarm === alarm && from <= ring.at && ring.at <= to);
  for (const each of troubles) {
    if (
      each.isDead === true &&
      each.to - each.from >= IN_TIME &&
      !rangIn('harvester-silent', each.from, plus(each.from, IN_TIME))
    ) {
      objections.push(`${formatIst(each.from)}: ${each.what}, and no alarm rang`);
    }
    if (
      each.mustRing !== undefined &&
      !rangIn(each.mustRing, plus(each.from, -STILL_RINGING), plus(each.to, LAST_RING))
    ) {
      objections.push(`${formatIst(each.from)}: ${each.what}, and no alarm rang`);
    }
  }
  return [...objections, ...days.flatMap((day) => unheard(day, troubles, rangIn))];
}

/** What stops all of a session for twelve minutes rings, unless nobody was there to measure. */
function unheard(
  { session }: JudgedDay,
  troubles: readonly Trouble[],
  rangIn: (alarm: string, from: Instant, to: Instant) => boolean,
): readonly string[] {
  if (session === null) return [];
  return troubles.flatMap(({ what, from, to, stopsAll }) => {
    const begins = from > session.opensAt ? from : session.opensAt;
    const ends = to < session.closesAt ? to : session.closesAt;
    if (stopsAll !== true || ends - begins < IN_TIME) return [];
    // An alarm that rings already does not ring again.
    const others = troubles.filter(
      (each) =>
        each.what !== what &&
        each.rings.includes('slots-missed') &&
        each.from < ends &&
        begins < plus(each.to, LAST_RING),
    );
    if (others.length > 0 || rangIn('slots-missed', begins, plus(begins, IN_TIME))) return [];
    return [`${formatIst(begins)}: ${what}, and no alarm rang`];
  });
}
