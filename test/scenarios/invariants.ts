// Checks days of the keeper against evidence from outside: the broker's request log, the history of the token's parameter,
// and the messages of the topic. It does not use the program's logs, states or decisions.
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
  readonly days: readonly ScenarioDay[];
  /** The account whose token the keeper publishes. */
  readonly account: string;
  readonly requests: readonly LoggedRequest[];
  readonly published: readonly Published[];
  readonly tokenChecks: readonly TokenCheck[];
  readonly messages: readonly { readonly at: Instant; readonly subject: string }[];
  /** Runs that threw, which Lambda's metric Errors counts and an alarm reports. */
  readonly alarms: readonly { readonly at: Instant; readonly code: string }[];
  /** Acts of the operator that allow another call. */
  readonly acts: readonly { readonly at: Instant; readonly did: 'probe' | 'app-secret' }[];
}

export interface ScenarioDay {
  readonly date: IstDate;
  readonly trades: boolean;
  /** Some calls to the store failed, so the state of a run may be lost. */
  readonly storeFailed: boolean;
  /** The number of lost answers to refreshes: the first ones of the day. */
  readonly cut: number;
}

/** A version of the parameter, checked by the broker's rules at its first observation. */
interface Published {
  readonly at: Instant;
  readonly version: number;
  readonly live: boolean;
  readonly owner: string;
}

/** Whether the parameter had a live token at an instant. */
interface TokenCheck {
  readonly at: Instant;
  readonly live: boolean;
}

const MAX_CALLS = 2;
/** The deployments have `probeRefresh: weekly`. */
const PROBE_DAYS = 7;
const SWITCHED_OFF = -16;
const WRONG_APP_SECRET = -371;
/** HTTP status of a refresh for an account that is locked after wrong PINs. */
const LOCKED = 403;
const REFRESH = '/api/v3/validate-refresh-token';
/** Statuses of calls that the broker did not process. */
const NOT_WORKED_ON = new Set([429, 503]);

/** @returns a sentence for each violation */
export function findViolations(evidence: Evidence): readonly string[] {
  return [
    ...findMissingEvidence(evidence),
    ...findForbiddenCalls(evidence),
    ...findBadPublications(evidence),
    ...findMissingMessages(evidence),
    ...findMissingReminders(evidence),
    ...findMessagesOnDaysOff(evidence),
  ];
}

function findMissingEvidence({
  requests,
  published,
  tokenChecks,
  messages,
}: Evidence): readonly string[] {
  return Object.entries({ requests, published, tokenChecks, messages })
    .filter(([, seen]) => seen.length === 0)
    .map(([what]) => `There are no ${what}, so nothing is proven.`);
}

type Act = Evidence['acts'][number];
type Call = LoggedRequest & { readonly input: string; readonly wasCut: boolean };

/** The calls that earlier calls and answers forbid. */
interface Bans {
  readonly inputs: Set<string>;
  /** The broker day of the last refusal by policy. */
  policy: IstDate | null;
  appSecret: boolean;
  /** The broker day whose token was minted. */
  served: IstDate | null;
}

/** Allows a refused input never again, an unanswered one twice a broker day and an accepted one once. A refusal by policy or of the app secret forbids all calls. */
function findForbiddenCalls(evidence: Evidence): readonly string[] {
  const violations: string[] = [];
  const counts = new Map<string, number>();
  const bans: Bans = { inputs: new Set(), policy: null, appSecret: false, served: null };
  const acts = [...evidence.acts];
  for (const call of callsOf(evidence)) {
    while ((acts[0]?.at ?? Infinity) <= call.at) liftBans(bans, acts.shift());
    const day = brokerDay(call.at as Instant);
    const key = `${day} ${call.input}`;
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    violations.push(
      ...violationsOf(call, bans, day).map((why) => `${formatTime(call.at)}: a PIN call ${why}.`),
      ...(count > MAX_CALLS
        ? [`${formatTime(call.at)}: a PIN call, number ${String(count)} of one input on ${day}.`]
        : []),
    );
    addBans(
      bans,
      call,
      evidence.days.find(({ date }) => date === day),
    );
  }
  return violations;
}

function violationsOf(call: Call, bans: Bans, day: IstDate): readonly string[] {
  return [
    ...(bans.inputs.has(call.input) ? ['with an input that was refused before'] : []),
    ...(bans.policy !== null && day < addDays(bans.policy, PROBE_DAYS)
      ? ['while refresh tokens are switched off, without a probe by the operator']
      : []),
    ...(bans.appSecret ? ['with the app secret that was refused before'] : []),
    ...(bans.served === day ? ["after the day's token was minted"] : []),
    ...(call.status === LOCKED ? ['that found the account locked'] : []),
  ];
}

function liftBans(bans: Bans, act: Act | undefined): void {
  bans.served = null;
  if (act?.did === 'probe') bans.policy = null;
  if (act?.did === 'app-secret') bans.appSecret = false;
}

function addBans(bans: Bans, call: Call, day: ScenarioDay | undefined): void {
  if (call.wasCut) return;
  if (call.status === 200) {
    // If the store failed, the token may be lost, like after a lost answer.
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

function findBadPublications({ published, account }: Evidence): readonly string[] {
  return published.flatMap(({ at, version, live, owner }) => [
    ...(live
      ? []
      : [`${formatTime(at)}: version ${String(version)} was dead when it was published.`]),
    ...(owner === account ? [] : [`${formatTime(at)}: version ${String(version)} is ${owner}'s.`]),
  ]);
}

/** By 09:00 there is a live token, or a message, or an alarm. A missing login needs a message. */
function findMissingMessages({ days, tokenChecks, messages, alarms }: Evidence): readonly string[] {
  return days.flatMap(({ date, trades }) => {
    if (!trades) return [];
    const midnight = istInstant(date, '00:00');
    const nine = istInstant(date, '09:00');
    const inTime = ({ at }: { readonly at: Instant }) => at >= midnight && at < nine;
    const standing = tokenChecks.findLast(({ at }) => at <= nine);
    const isReported =
      messages.some(inTime) ||
      alarms.some((alarm) => inTime(alarm) && alarm.code !== 'operator.login');
    return standing?.live === true || isReported
      ? []
      : [`${date}: at 09:00 there is no live token, and no message was sent.`];
  });
}

/** The late slots of the watch, each of which must report a missing token again. */
const LATE_WATCH_SLOTS = ['08:45', '09:05', '09:30'];

function findMissingReminders({
  days,
  tokenChecks,
  messages,
  alarms,
}: Evidence): readonly string[] {
  return days.flatMap(({ date, trades }) =>
    LATE_WATCH_SLOTS.flatMap((time) => {
      const from = istInstant(date, time);
      const inTime = ({ at }: { readonly at: Instant }) => at >= from && at < from + 10 * MINUTE;
      const isLive = tokenChecks.findLast(({ at }) => at <= from)?.live === true;
      const isReported =
        messages.some(inTime) ||
        alarms.some((alarm) => inTime(alarm) && alarm.code !== 'operator.login');
      return !trades || isLive || isReported
        ? []
        : [`${date}: the watch of ${time} found no live token, and sent no message.`];
    }),
  );
}

/** On a day off there is no message, and no alarm except for a failing store. */
function findMessagesOnDaysOff({ days, messages, alarms }: Evidence): readonly string[] {
  const off = new Set(days.filter(({ trades }) => !trades).map(({ date }) => date));
  return [
    ...messages
      .filter(({ at }) => off.has(istDateAt(at)))
      .map(({ at, subject }) => `${formatTime(at)}: the message "${subject}" on a day off.`),
    ...alarms
      .filter(({ at, code }) => off.has(istDateAt(at)) && !code.startsWith('platform.'))
      .map(({ at, code }) => `${formatTime(at)}: an alarm (${code}) on a day off.`),
  ];
}

function formatTime(at: number): string {
  return formatIst(at as Instant);
}
