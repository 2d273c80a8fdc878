// Models how CloudWatch evaluates an alarm, by the rules of its User Guide: "Alarm evaluation",
// "Configuring how CloudWatch alarms treat missing data" (with its two tables, and "Avoiding
// premature transitions to alarm state") and "Alarm warm-up periods". Two properties that the guide
// does not define are parameters: how far an evaluation looks back, and how late data becomes
// visible.
import * as z from 'zod/mini';
import type { Series } from './series.ts';

export type State = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';
export type Missing = 'missing' | 'ignore' | 'breaching' | 'notBreaching';

/** An unknown property of an alarm fails the test, because it may change the alarm's behaviour. */
const alarmSchema = z.strictObject({
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

export type Alarm = z.output<typeof alarmSchema>;

export function alarmOf(inputs: unknown): Alarm {
  return alarmSchema.parse(inputs);
}

/** How many datapoints are evaluated, and how many of them must breach. */
export interface Rule {
  readonly evaluationPeriods: number;
  readonly datapointsToAlarm: number;
  readonly treatMissingData: Missing;
}

/**
 * @param range the datapoints of the evaluation range, oldest first: whether each breaches; null if
 * it is missing
 * @param before the current state of the alarm
 */
export function judge(range: readonly (boolean | null)[], rule: Rule, before: State): State {
  const { evaluationPeriods, datapointsToAlarm, treatMissingData } = rule;
  const real = range.filter((point) => point !== null);
  const breaching = (points: readonly boolean[]) => points.filter(Boolean).length;
  const verdict = (count: number): State => (count >= datapointsToAlarm ? 'ALARM' : 'OK');
  // With enough real datapoints in the range, missing data does not count.
  if (real.length >= evaluationPeriods) return verdict(breaching(real.slice(-evaluationPeriods)));
  const filled = evaluationPeriods - real.length;
  if (treatMissingData === 'breaching') return verdict(breaching(real) + filled);
  if (treatMissingData === 'notBreaching') return verdict(breaching(real));
  if (real.length === 0) return treatMissingData === 'ignore' ? before : 'INSUFFICIENT_DATA';
  if (breaching(real) >= datapointsToAlarm) return 'ALARM';
  if (!real.every(Boolean)) return 'OK';
  // All known datapoints breach: ALARM once the oldest is as old as the number of datapoints to
  // alarm.
  if (treatMissingData === 'ignore') return before;
  return range.length - range.indexOf(true) >= datapointsToAlarm ? 'ALARM' : before;
}

export interface Unsaid {
  /** Datapoints that are read beyond the evaluation periods: two in the guide's examples. */
  readonly extra: number;
  /** Minutes until a datapoint is visible. */
  readonly delay: number;
}

export interface Transition {
  /** The minute within the month. */
  readonly minute: number;
  readonly to: State;
}

/**
 * An alarm is evaluated every minute, over windows that move by a minute; its actions run only when
 * its state changes.
 */
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
    // The warm-up ends early when there is data for a whole evaluation.
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
