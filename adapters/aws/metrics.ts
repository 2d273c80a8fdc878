// The metrics of events, collected and sent together. Metrics are worth nothing when they stop what they measure.
import { type CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { toError } from '../../core/errors.ts';
import { faultBell } from '../../core/depth/fault-bell.ts';
import { METRICS, METRIC_NAMESPACE } from '../../core/names.ts';
import type { Events } from '../../core/ports.ts';

export interface MetricOptions {
  readonly client: CloudWatchClient;
  /** Where the events go besides. */
  readonly events: Events;
  /** Tells harvesters of one account apart. */
  readonly dimensions: Readonly<Record<string, string>>;
}

export interface MeteredEvents extends Events {
  measure(name: string, value: number): void;
  /** Every minute: one call with everything since the last; a failure is logged, and what it held is dropped. */
  flush(): Promise<void>;
}

/** Sent between two slots, so it must not cost one. */
const DEADLINE_MS = 2_000;

export function meteredEvents({ client, events, dimensions }: MetricOptions): MeteredEvents {
  const bell = faultBell();
  let values = new Map<string, number[]>();
  const measure = (name: string, value: number): void => {
    values.set(name, [...(values.get(name) ?? []), value]);
  };
  return {
    emit(event) {
      events.emit(event);
      const { metric } = event;
      if (metric === undefined) return;
      if (metric.name === METRICS.faults) bell.hear(`${event.event} ${metric.of ?? event.message}`);
      else measure(metric.name, metric.value);
    },
    measure,
    async flush() {
      if (values.size === 0 && !bell.isWaiting()) return;
      measure(METRICS.faults, bell.beat());
      const sent = values;
      values = new Map();
      try {
        await client.send(new PutMetricDataCommand(inputOf(sent, dimensions)), {
          abortSignal: AbortSignal.timeout(DEADLINE_MS),
        });
      } catch (caught) {
        const { name, message } = toError(caught);
        events.emit({
          part: 'harvester',
          level: 'warn',
          event: 'metrics-lost',
          message: `Metrics could not be sent: ${name}: ${message}`,
        });
      }
    },
  };
}

function inputOf(
  values: ReadonlyMap<string, readonly number[]>,
  dimensions: Readonly<Record<string, string>>,
) {
  return {
    Namespace: METRIC_NAMESPACE,
    MetricData: [...values].map(([MetricName, Values]) => ({
      MetricName,
      Values: [...Values],
      Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
    })),
  };
}
