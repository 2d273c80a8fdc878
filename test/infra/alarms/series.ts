// Keeps the metrics of a month, one cell per minute.
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import * as z from 'zod/mini';

export interface Series {
  readonly minutes: number;
  put(minute: number, value: number): void;
  /**
   * Covers the minutes from `from` (inclusive) to `to` (exclusive); null if there is no datapoint.
   */
  statistic(which: 'Sum' | 'Maximum' | 'SampleCount', from: number, to: number): number | null;
}

function seriesOf(minutes: number): Series {
  const counts = new Uint32Array(minutes);
  const sums = new Float64Array(minutes);
  const maxima = new Float64Array(minutes).fill(-Infinity);
  return {
    minutes,
    put(minute, value) {
      counts[minute] = (counts[minute] ?? 0) + 1;
      sums[minute] = (sums[minute] ?? 0) + value;
      maxima[minute] = Math.max(maxima[minute] ?? -Infinity, value);
    },
    statistic(which, from, to) {
      let [count, sum, maximum] = [0, 0, -Infinity];
      for (let at = Math.max(0, from); at < to; at += 1) {
        count += counts[at] ?? 0;
        sum += sums[at] ?? 0;
        maximum = Math.max(maximum, maxima[at] ?? -Infinity);
      }
      if (count === 0) return null;
      return { Sum: sum, Maximum: maximum, SampleCount: count }[which];
    },
  };
}

export interface MetricName {
  readonly namespace: string;
  readonly metricName: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

/** Keeps all metrics of a month. Namespace, name and dimensions together identify a metric. */
export function metricsOf(minutes: number) {
  const all = new Map<string, Series>();
  return {
    /**
     * Returns an empty series if the metric has no data, as for an alarm with a wrong dimension.
     */
    of({ namespace, metricName, dimensions }: MetricName): Series {
      const sorted = Object.entries(dimensions).toSorted(([a], [b]) => (a < b ? -1 : 1));
      const key = JSON.stringify([namespace, metricName, sorted]);
      const series = all.get(key) ?? seriesOf(minutes);
      all.set(key, series);
      return series;
    },
  };
}

export type Metrics = ReturnType<typeof metricsOf>;

/** Puts what a program sends to CloudWatch into `metrics`, at the minute of each call. */
export function recordingClient(metrics: Metrics, minuteNow: () => number): CloudWatchClient {
  const client = new CloudWatchClient({ region: 'ap-south-1' });
  client.middlewareStack.add(
    () => (args) => {
      record(metrics, args.input, minuteNow());
      return Promise.resolve({ output: { $metadata: {} }, response: {} });
    },
    { step: 'initialize', priority: 'high' },
  );
  return client;
}

const putMetricDataInput = z.object({
  Namespace: z.string(),
  MetricData: z.array(
    z.object({
      MetricName: z.string(),
      Values: z.array(z.number()),
      Dimensions: z.array(z.object({ Name: z.string(), Value: z.string() })),
    }),
  ),
});

function record(metrics: Metrics, input: object, minute: number): void {
  const { Namespace: namespace, MetricData } = putMetricDataInput.parse(input);
  for (const { MetricName: metricName, Dimensions, Values } of MetricData) {
    const dimensions = Object.fromEntries(Dimensions.map(({ Name, Value }) => [Name, Value]));
    const series = metrics.of({ namespace, metricName, dimensions });
    for (const value of Values) series.put(minute, value);
  }
}
