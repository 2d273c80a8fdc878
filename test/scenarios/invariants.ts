// Judges days of the keeper's life by what others saw of it: the broker's request log, the history of the token's
// parameter, and the messages that came out of the topic. It knows nothing of our logs, states and decisions.
import {
  type Instant,
  type IstDate,
  MINUTE,
  addDays,
  brokerDay,
  formatIst,
  istDateAt,
  istInstant,
} from '../../core/time.ts';
import type { LoggedRequest } from '../../sandbox/fyers/state.ts';

export interface Evidence {
  readonly days: readonly JudgedDay[];
  /** The account that is served. */
  readonly account: string;
  readonly requests: readonly LoggedRequest[];
  readonly published: readonly Published[];
  readonly standings: readonly Standing[];
  readonly messages: readonly { readonly at: Instant; readonly subject: string }[];
  /** Runs that threw: Lambda's metric Errors, which has an alarm. */
  readonly alarms: readonly { readonly at: Instant; readonly code: string }[];
  /** What the operator did that allows another call. */
  readonly acts: readonly { readonly at: Instant; readonly did: 'probe' | 'app-secret' }[];
}

export interface JudgedDay {
  readonly date: IstDate;
  readonly trades: boolean;
  /** The store failed now and then, so what a run knew may be lost. */
  readonly storeFailed: boolean;
  /** Answers to refreshes that the broker gave and nobody received: the day's first ones. */
  readonly cut: number;
}

/** A version of the parameter, as the broker thought of it when it was first seen. */
interface Published {
  readonly at: Instant;
  readonly version: number;
  readonly live: boolean;
  readonly owner: string;
}

/** What stood in the parameter at an instant. */
interface Standing {
  readonly at: Instant;
  readonly live: boolean;
}

const MOST_CALLS = 2;
/** `probeRefresh` is weekly there. */
const PROBE_DAYS = 7;
const SWITCHED_OFF = -16;
const WRONG_APP_SECRET = -371;
/** HTTP status of a refresh for an account that wrong PINs have locked. */
const LOCKED = 403;
const REFRESH = '/api/v3/validate-refresh-token';
/** Not worked on: the broker said so. */
const NOT_WORKED_ON = new Set([429, 503]);

/** Sentences; none is what tests hope for. */
export function judge(evidence: Evidence): readonly string[] {
  return [
    ...emptiness(evidence),
    ...pinCalls(evidence),
    ...publications(evidence),
    ...tidings(evidence),
    ...reminders(evidence),
    ...silence(evidence),
  ];
}

function emptiness({ requests, published, standings, messages }: Evidence): readonly string[] {
  return Object.entries({ requests, published, standings, messages })
    .filter(([, seen]) => seen.length === 0)
    .map(([what]) => `There are no ${what}, so nothing is proven.`);
}

type Act = Evidence['acts'][number];
type Call = LoggedRequest & { readonly input: string; readonly wasCut: boolean };

/** What the calls so far, and their answers, forbid. */
interface Bans {
  readonly inputs: Set<string>;
  /** The broker day of the last refusal by policy. */
  policy: IstDate | null;
  appSecret: boolean;
  /** The broker day whose token was minted. */
  served: IstDate | null;
}

/** A refused input never again, a silent one twice a broker day, an accepted one once; the policy's and the app's refusals stop all. */
function pinCalls(evidence: Evidence): readonly string[] {
  const objections: string[] = [];
  const counts = new Map<string, number>();
  const bans: Bans = { inputs: new Set(), policy: null, appSecret: false, served: null };
  const acts = [...evidence.acts];
  for (const call of callsOf(evidence)) {
    while ((acts[0]?.at ?? Infinity) <= call.at) allow(bans, acts.shift());
    const day = brokerDay(call.at as Instant);
    const key = `${day} ${call.input}`;
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    objections.push(
      ...objectionsTo(call, bans, day).map((why) => `${shown(call.at)}: a PIN call ${why}.`),
      ...(count > MOST_CALLS
        ? [`${shown(call.at)}: a PIN call, number ${String(count)} of one input on ${day}.`]
        : []),
    );
    learn(
      bans,
      call,
      evidence.days.find(({ date }) => date === day),
    );
  }
  return objections;
}

function objectionsTo(call: Call, bans: Bans, day: IstDate): readonly string[] {
  return [
    ...(bans.inputs.has(call.input) ? ['with an input that was refused before'] : []),
    ...(bans.policy !== null && day < addDays(bans.policy, PROBE_DAYS)
      ? ['while refresh tokens are switched off, and nobody asked for a probe']
      : []),
    ...(bans.appSecret ? ['with the app secret that was refused before'] : []),
    ...(bans.served === day ? ["after the day's token was minted"] : []),
    ...(call.status === LOCKED ? ['that found the account locked'] : []),
  ];
}

function allow(bans: Bans, act: Act | undefined): void {
  bans.served = null;
  if (act?.did === 'probe') bans.policy = null;
  if (act?.did === 'app-secret') bans.appSecret = false;
}

function learn(bans: Bans, call: Call, day: JudgedDay | undefined): void {
  if (call.wasCut) return;
  if (call.status === 200) {
    // Where the store failed, the token may be lost: then it is like an answer that never came.
    if (day?.storeFailed === false) bans.served = day.date;
  } else if (call.code === SWITCHED_OFF) bans.policy = brokerDay(call.at as Instant);
  else if (call.code === WRONG_APP_SECRET) bans.appSecret = true;
  else bans.inputs.add(call.input);
}

function callsOf({ requests, days }: Evidence): readonly Call[] {
  const calls = requests.filter(
    ({ path, status }) => path === REFRESH && !NOT_WORKED_ON.has(status),
  );
  const seen = new Map<string, number>();
  return calls.map((call) => {
    const day = brokerDay(call.at as Instant);
    const before = seen.get(day) ?? 0;
    seen.set(day, before + 1);
    const cut = days.find(({ date }) => date === day)?.cut ?? 0;
    return { ...call, input: call.input ?? '', wasCut: before < cut };
  });
}

function publications({ published, account }: Evidence): readonly string[] {
  return published.flatMap(({ at, version, live, owner }) => [
    ...(live ? [] : [`${shown(at)}: version ${String(version)} was dead when it was published.`]),
    ...(owner === account ? [] : [`${shown(at)}: version ${String(version)} is ${owner}'s.`]),
  ]);
}

/** By 09:00 a live token stands, or somebody was told. A missing login is told by a message and by nothing else. */
function tidings({ days, standings, messages, alarms }: Evidence): readonly string[] {
  return days.flatMap(({ date, trades }) => {
    if (!trades) return [];
    const midnight = istInstant(date, '00:00');
    const nine = istInstant(date, '09:00');
    const inTime = ({ at }: { readonly at: Instant }) => at >= midnight && at < nine;
    const standing = standings.findLast(({ at }) => at <= nine);
    const told =
      messages.some(inTime) ||
      alarms.some((alarm) => inTime(alarm) && alarm.code !== 'operator.login');
    return standing?.live === true || told
      ? []
      : [`${date}: at 09:00 there is no live token, and nobody was told.`];
  });
}

/** When the watch looks, with the session near; a token that is missing then is told anew, whatever was told before. */
const LOOKS = ['08:45', '09:05', '09:30'];

function reminders({ days, standings, messages, alarms }: Evidence): readonly string[] {
  return days.flatMap(({ date, trades }) =>
    LOOKS.flatMap((time) => {
      const from = istInstant(date, time);
      const inTime = ({ at }: { readonly at: Instant }) => at >= from && at < from + 10 * MINUTE;
      const isLive = standings.findLast(({ at }) => at <= from)?.live === true;
      const told =
        messages.some(inTime) ||
        alarms.some((alarm) => inTime(alarm) && alarm.code !== 'operator.login');
      return !trades || isLive || told
        ? []
        : [`${date}: the watch of ${time} found no live token, and told nobody.`];
    }),
  );
}

/** On a day off: no message, and no alarm but for the store's own faults. */
function silence({ days, messages, alarms }: Evidence): readonly string[] {
  const off = new Set(days.filter(({ trades }) => !trades).map(({ date }) => date));
  return [
    ...messages
      .filter(({ at }) => off.has(istDateAt(at)))
      .map(({ at, subject }) => `${shown(at)}: the message "${subject}" on a day off.`),
    ...alarms
      .filter(({ at, code }) => off.has(istDateAt(at)) && !code.startsWith('platform.'))
      .map(({ at, code }) => `${shown(at)}: an alarm (${code}) on a day off.`),
  ];
}

function shown(at: number): string {
  return formatIst(at as Instant);
}
