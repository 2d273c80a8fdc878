// The harvesters, by what they measure of themselves.
import type { CloudWatchClient, Dimension } from '@aws-sdk/client-cloudwatch';
import { METRICS, METRIC_NAMESPACE, harvesterDimensions } from '../../../core/config/names.ts';
import { DAY, type Instant, MINUTE, dateOf, formatIst, instant, plus } from '../../../core/time.ts';
import { counted } from '../../../core/text.ts';
import { awsCall } from '../../shared/aws.ts';
import type { Looking, Finding } from './said.ts';

export interface Shard {
  readonly shard: string;
  /** The beginning of the last five minutes in which it said that it lives; null: not since a day. */
  readonly lastAt: Instant | null;
  /** Since a day. */
  readonly slotsMissed: number;
}

const PERIOD_MS = 5 * MINUTE;
/** A heartbeat comes every few minutes while it runs, and a metric takes a few to be seen. */
const FRESH_MS = 20 * MINUTE;

/** Those that an alarm listens to, else all of the last day. Errors: as every call of the operator's. */
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
    const expected = await listenedTo(client, suffix);
    const found: Shard[] = [];
    for (const shard of expected ?? (await measured(client, suffix))) {
      const beats = await sums(METRICS.heartbeat, shard);
      if (beats.length === 0 && expected === null) continue;
      const missed = await sums(METRICS.slotsMissed, shard);
      found.push({
        shard,
        lastAt: beats.length === 0 ? null : instant(Math.max(...beats.map(({ at }) => at))),
        slotsMissed: missed.reduce((sum, { Sum }) => sum + Sum, 0),
      });
    }
    return found;
  });
}

/** The shards whose silence an alarm of the stack would hear, so one that never spoke is known too; null: of none. */
async function listenedTo(
  client: CloudWatchClient,
  suffix: string,
): Promise<readonly string[] | null> {
  const { paginateDescribeAlarms } = await import('@aws-sdk/client-cloudwatch');
  const shards: string[] = [];
  const pages = paginateDescribeAlarms({ client }, { AlarmNamePrefix: 'Fyers' });
  for await (const { MetricAlarms = [] } of pages) {
    for (const { Namespace, MetricName, Dimensions = [] } of MetricAlarms) {
      if (Namespace !== METRIC_NAMESPACE || MetricName !== METRICS.heartbeat) continue;
      shards.push(...shardOf(Dimensions, suffix));
    }
  }
  return shards.length === 0 ? null : shards.toSorted();
}

/** The shards of which a heartbeat is on record, for two weeks. */
async function measured(client: CloudWatchClient, suffix: string): Promise<readonly string[]> {
  const { ListMetricsCommand } = await import('@aws-sdk/client-cloudwatch');
  const list = new ListMetricsCommand({
    Namespace: METRIC_NAMESPACE,
    MetricName: METRICS.heartbeat,
    Dimensions: [{ Name: 'Suffix', Value: harvesterDimensions(suffix, '').Suffix }],
  });
  const { Metrics = [] } = await client.send(list);
  return Metrics.flatMap(({ Dimensions = [] }) => shardOf(Dimensions, suffix)).toSorted();
}

/** None where it is another stack's. */
function shardOf(dimensions: readonly Dimension[], suffix: string): readonly string[] {
  const valueOf = (name: string) => dimensions.find(({ Name }) => Name === name)?.Value;
  const shard = valueOf('Shard');
  const own = valueOf('Suffix') === harvesterDimensions(suffix, '').Suffix;
  return own && shard !== undefined ? [shard] : [];
}

/** @param recording whether a session is on, in which a heartbeat is due */
export function sayHarvesters(
  shards: readonly Shard[],
  { now, recording }: { readonly now: Instant; readonly recording: boolean },
): Finding {
  const facts = {
    shards: shards.map(({ lastAt, ...rest }) => ({ ...rest, at: lastAt && formatIst(lastAt) })),
  };
  const said = { part: 'harvester', todo: [], facts };
  if (shards.every(({ lastAt }) => lastAt === null)) {
    const detail = 'no heartbeat seen in the last day';
    return { ...said, state: 'silent', tone: recording ? 'bad' : 'quiet', detail };
  }
  const fresh = shards.every(({ lastAt }) => lastAt !== null && now - lastAt <= FRESH_MS);
  return {
    ...said,
    state: fresh ? 'alive' : 'resting',
    ...(fresh
      ? { tone: 'good' }
      : recording
        ? { tone: 'bad', state: 'silent' }
        : { tone: 'quiet' }),
    detail: shards.map(sayShard).join('; '),
  };
}

function sayShard({ shard, lastAt, slotsMissed }: Shard): string {
  return lastAt === null
    ? `shard ${shard}: no heartbeat seen in the last day`
    : `shard ${shard}: last heartbeat ${formatIst(lastAt)}, ${counted(slotsMissed, 'slot')} without a row in a day`;
}
