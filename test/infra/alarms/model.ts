// How CloudWatch judges an alarm, by the rules of its User Guide: "Alarm evaluation" and "Configuring how CloudWatch
// alarms treat missing data" (with its two tables, and "Avoiding premature transitions to alarm state"), "Alarm warm-up
// periods". What the guide leaves open is a parameter: how far an evaluation looks back, and how late data is seen.
import * as z from 'zod/mini';
import type { Series } from './series.ts';

export type State = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';
export type Missing = 'missing' | 'ignore' | 'breaching' | 'notBreaching';

/** Of a registered alarm; another property stops the test, because it may change what the alarm does. */
const registered = z.strictObject({
  name: z.string(),
  alarmDescription: z.string(),
  alarmActions: z.array(z.string()),
  namespace: z.string(),
  metricName: z.string(),
  dimensions: z.record(z.string(), z.string()),
  statistic: z.enum(['Sum', 'Maximum', 'SampleCount']),
  period: z.number().check(z.multipleOf(60)),
  evaluationPeriods: z.number(),
  datapointsToAlarm: z.optional(z.number()),
  threshold: z.number(),
  comparisonOperator: z.enum(['GreaterThanOrEqualToThreshold', 'LessThanThreshold']),
  treatMissingData: z.enum(['missing', 'ignore', 'breaching', 'notBreaching']),
  warmUpConfiguration: z.optional(z.strictObject({ warmUpPeriodDurationInMinutes: z.number() })),
});

export type Alarm = z.output<typeof registered>;

export function alarmOf(inputs: unknown): Alarm {
  return registered.parse(inputs);
}

/** How many datapoints count, and how many of them must breach. */
export interface Rule {
  readonly evaluationPeriods: number;
  readonly datapointsToAlarm: number;
  readonly treatMissingData: Missing;
}

/**
 * @param range the datapoints of the evaluation range, oldest first: whether each breaches, null where there is none
 * @param before the state that the alarm is in
 */
export function judge(range: readonly (boolean | null)[], rule: Rule, before: State): State {
  const { evaluationPeriods, datapointsToAlarm, treatMissingData } = rule;
  const real = range.filter((point) => point !== null);
  const breaching = (points: readonly boolean[]) => points.filter(Boolean).length;
  const verdict = (count: number): State => (count >= datapointsToAlarm ? 'ALARM' : 'OK');
  // Enough real ones, however far back in the range: missing data is not asked about.
  if (real.length >= evaluationPeriods) return verdict(breaching(real.slice(-evaluationPeriods)));
  const filled = evaluationPeriods - real.length;
  if (treatMissingData === 'breaching') return verdict(breaching(real) + filled);
  if (treatMissingData === 'notBreaching') return verdict(breaching(real));
  if (real.length === 0) return treatMissingData === 'ignore' ? before : 'INSUFFICIENT_DATA';
  if (breaching(real) >= datapointsToAlarm) return 'ALARM';
  if (!real.every(Boolean)) return 'OK';
  // All that is known breaches: an alarm once the oldest is as old as the datapoints that it takes.
  if (treatMissingData === 'ignore') return before;
  return range.length - range.indexOf(true) >= datapointsToAlarm ? 'ALARM' : before;
}

export interface Unsaid {
  /** Datapoints that are looked at beyond the evaluation periods: two, in the guide's examples. */
  readonly extra: number;
  /** Minutes until a datapoint can be seen. */
  readonly delay: number;
}

export interface Transition {
  /** Of the month. */
  readonly minute: number;
  readonly to: State;
}

/** Actions happen at changes of state only. An alarm is judged every minute, over windows that slide by a minute. */
export function transitionsOf(alarm: Alarm, series: Series, unsaid: Unsaid): readonly Transition[] {
  const rule = { ...alarm, datapointsToAlarm: alarm.datapointsToAlarm ?? alarm.evaluationPeriods };
  const period = alarm.period / 60;
  const count = alarm.evaluationPeriods + unsaid.extra;
  const warmUp = alarm.warmUpConfiguration?.warmUpPeriodDurationInMinutes ?? 0;
  const transitions: Transition[] = [];
  let [state, warm]: [State, boolean] = ['INSUFFICIENT_DATA', warmUp === 0];
  for (let minute = 1; minute <= series.minutes; minute += 1) {
    const range = Array.from({ length: count }, (_, index) => {
      const from = minute - (count - index) * period;
      const value = series.statistic(
        alarm.statistic,
        from,
        Math.min(from + period, minute - unsaid.delay),
      );
      return value === null ? null : breaches(alarm, value);
    });
    // It ends early once there is data for a whole evaluation.
    warm ||=
      minute >= warmUp || range.filter((point) => point !== null).length >= rule.evaluationPeriods;
    if (!warm) continue;
    const next = judge(range, rule, state);
    if (next !== state) transitions.push({ minute, to: next });
    state = next;
  }
  return transitions;
}

function breaches({ comparisonOperator, threshold }: Alarm, value: number): boolean {
  return comparisonOperator === 'LessThanThreshold' ? value < threshold : value >= threshold;
}
