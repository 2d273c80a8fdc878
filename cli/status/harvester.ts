// The harvesters, by what they measure of themselves.
import { METRICS, METRIC_NAMESPACE, harvesterDimensions } from '../../core/names.ts';
import { DAY, type Instant, MINUTE, dateOf, formatIst, instant, plus } from '../../core/time.ts';
import { awsCall } from '../aws.ts';
import type { Looking, Said } from './said.ts';

export interface Shard {
  readonly shard: string;
  /** The beginning of the last five minutes in which it said that it lives. */
  readonly lastAt: Instant;
  /** Since a day. */
  readonly slotsMissed: number;
}

const PERIOD_MS = 5 * MINUTE;
/** A heartbeat comes every few minutes while it runs, and a metric takes a few to be seen. */
const FRESH_MS = 20 * MINUTE;

/** Those of the last day. Errors: as every call of the operator's. */
export async function readHarvesters({ session, suffix, now }: Looking): Promise<readonly Shard[]> {
  const cloudwatch = await import('@aws-sdk/client-cloudwatch');
  const client = new cloudwatch.CloudWatchClient(session.io.aws);
  const sums = async (MetricName: string, shard: string) => {
    const { Datapoints = [] } = await client.send(
      new cloudwatch.GetMetricStatisticsCommand({
        Namespace: METRIC_NAMESPACE,
        MetricName,
        Dimensions: Object.entries(harvesterDimensions(suffix, shard)).map(([Name, Value]) => ({
          Name,
          Value,
        })),
        StartTime: dateOf(plus(now, -DAY)),
        EndTime: dateOf(now),
        Period: PERIOD_MS / 1_000,
        Statistics: ['Sum'],
      }),
    );
    return Datapoints.map(({ Timestamp, Sum = 0 }) => ({ at: Timestamp?.getTime() ?? 0, Sum }));
  };
  return awsCall("Reading the harvester's metrics", async () => {
    const { Metrics = [] } = await client.send(
      new cloudwatch.ListMetricsCommand({
        Namespace: METRIC_NAMESPACE,
        MetricName: METRICS.heartbeat,
        Dimensions: [{ Name: 'Suffix', Value: harvesterDimensions(suffix, '').Suffix }],
      }),
    );
    const shards = Metrics.flatMap(
      ({ Dimensions = [] }) => Dimensions.find(({ Name }) => Name === 'Shard')?.Value ?? [],
    );
    const found: Shard[] = [];
    for (const shard of shards.toSorted()) {
      const beats = await sums(METRICS.heartbeat, shard);
      if (beats.length === 0) continue;
      const missed = await sums(METRICS.slotsMissed, shard);
      found.push({
        shard,
        lastAt: instant(Math.max(...beats.map(({ at }) => at))),
        slotsMissed: missed.reduce((sum, { Sum }) => sum + Sum, 0),
      });
    }
    return found;
  });
}

/** @param recording whether a session is on, in which a heartbeat is due */
export function sayHarvesters(
  shards: readonly Shard[],
  { now, recording }: { readonly now: Instant; readonly recording: boolean },
): Said {
  const facts = {
    shards: shards.map(({ lastAt, ...rest }) => ({ ...rest, at: formatIst(lastAt) })),
  };
  const said = { part: 'harvester', todo: [], facts };
  if (shards.length === 0) {
    const detail = 'no heartbeat seen in the last day';
    return { ...said, state: 'silent', tone: recording ? 'bad' : 'quiet', detail };
  }
  const fresh = shards.every(({ lastAt }) => now - lastAt <= FRESH_MS);
  return {
    ...said,
    state: fresh ? 'alive' : 'resting',
    ...(fresh
      ? { tone: 'good' }
      : recording
        ? { tone: 'bad', state: 'silent' }
        : { tone: 'quiet' }),
    detail: shards
      .map(
        ({ shard, lastAt, slotsMissed }) =>
          `shard ${shard}: last heartbeat ${formatIst(lastAt)}, ${String(slotsMissed)} slots without a row in a day`,
      )
      .join('; '),
  };
}
