// Collects the metrics of events and sends them to CloudWatch in one call a minute. A failed call
// is logged and never stops the harvester.
//
// A fault bell decides in which minutes the harvester's fault alarm rings. The alarm rings when a
// minute has a fault, is quiet again after a minute without one, and sends a mail only when it
// changes. Therefore the harvester measures its faults once a minute, zeros too, and the bell puts
// quiet minutes between two faults, so that each different fault gets its own mail. A fault that
// repeats, such as a day that cannot be compacted and is retried every ten minutes, counts as one
// fault until it has not occurred for longer than that.
import { type CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { toError } from '../../core/errors.ts';
import { METRIC_NAMESPACE, METRICS } from '../../core/config/names.ts';
import type { Logger } from '../../core/ports.ts';

interface MetricOptions {
  readonly client: CloudWatchClient;
  /** Receives every event as well. */
  readonly events: Logger;
  /** Distinguishes the harvesters of one account. */
  readonly dimensions: Readonly<Record<string, string>>;
}

interface MeteredEvents extends Logger {
  measure(name: string, value: number): void;
  /**
   * Called every minute. Sends everything since the last call; if sending fails, logs it and drops
   * the values.
   */
  flush(): Promise<void>;
}

/** Metrics are sent between two slots, so a slow call must not delay the next slot. */
const DEADLINE_MS = 2_000;

export function meteredEvents({ client, events, dimensions }: MetricOptions): MeteredEvents {
  const bell = faultBell();
  let values = new Map<string, number[]>();
  const measure = (name: string, value: number): void => {
    values.set(name, [...(values.get(name) ?? []), value]);
  };
  return {
    log(event) {
      events.log(event);
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
        events.log({
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

/** Longer than the ten minutes between two retries. */
const SAME_FAULT_BEATS = 15;
/** One more than needed, because two beats may fall into one CloudWatch minute. */
const QUIET_BEATS = 2;

interface FaultBell {
  /** @param fault names the kind and its subject, so that a repetition is recognised */
  hear(fault: string): void;
  /** Called once a minute; returns the number of faults to measure. */
  beat(): 0 | 1;
  /** Whether faults are waiting for their minute. */
  isWaiting(): boolean;
}

export function faultBell(): FaultBell {
  const heard = new Map<string, number>();
  let [beats, waiting, quiet] = [0, 0, QUIET_BEATS];
  return {
    hear(fault) {
      const before = heard.get(fault);
      heard.set(fault, beats);
      if (before === undefined) waiting += 1;
    },
    beat() {
      beats += 1;
      for (const [fault, at] of heard) if (beats - at > SAME_FAULT_BEATS) heard.delete(fault);
      if (waiting === 0 || quiet < QUIET_BEATS) {
        quiet += 1;
        return 0;
      }
      waiting -= 1;
      quiet = 0;
      return 1;
    },
    isWaiting: () => waiting > 0,
  };
}
