// Keeps the metrics of a month, one cell per minute.

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
