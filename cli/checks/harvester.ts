// Checks the harvesters by their own metrics.
import type { CloudWatchClient, Dimension } from '@aws-sdk/client-cloudwatch';
import { METRICS, METRIC_NAMESPACE, harvesterDimensions } from '../../core/config/names.ts';
import { nextSession } from '../../core/market/calendar.ts';
import { DAY, type Instant, MINUTE, dateOf, formatIst, instant, plus } from '../../core/time.ts';
import { counted } from '../../core/text.ts';
import { awsCall } from '../shared/aws.ts';
import type { CheckContext, Finding } from './check.ts';

interface Shard {
  readonly shard: string;
  /** Start of the last five-minute period with a heartbeat; null: none in the last day. */
  readonly lastAt: Instant | null;
  /** In the last day. */
  readonly slotsMissed: number;
}

const PERIOD_MS = 5 * MINUTE;
/** The harvester sends a heartbeat every few minutes, and a metric takes a few minutes to appear. */
const MAX_HEARTBEAT_AGE_MS = 20 * MINUTE;

/** The shards that have an alarm, else all shards of the last day. Errors: those of every AWS call by the operator. */
async function readHarvesters(context: CheckContext): Promise<readonly Shard[]> {
  const { session, now } = context;
  const suffix = context.stackSuffix();
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
    const expected = await listAlarmShards(client, suffix);
    const found: Shard[] = [];
    for (const shard of expected ?? (await listMeasuredShards(client, suffix))) {
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

/** Shards that have a silence alarm, so a shard that never sent a metric is included; null without such alarms. */
async function listAlarmShards(
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

/** Shards with a heartbeat metric; CloudWatch lists metrics of the last two weeks. */
async function listMeasuredShards(
  client: CloudWatchClient,
  suffix: string,
): Promise<readonly string[]> {
  const { ListMetricsCommand } = await import('@aws-sdk/client-cloudwatch');
  const list = new ListMetricsCommand({
    Namespace: METRIC_NAMESPACE,
    MetricName: METRICS.heartbeat,
    Dimensions: [{ Name: 'Suffix', Value: harvesterDimensions(suffix, '').Suffix }],
  });
  const { Metrics = [] } = await client.send(list);
  return Metrics.flatMap(({ Dimensions = [] }) => shardOf(Dimensions, suffix)).toSorted();
}

/** Empty for another stack's dimensions. */
function shardOf(dimensions: readonly Dimension[], suffix: string): readonly string[] {
  const valueOf = (name: string) => dimensions.find(({ Name }) => Name === name)?.Value;
  const shard = valueOf('Shard');
  const own = valueOf('Suffix') === harvesterDimensions(suffix, '').Suffix;
  return own && shard !== undefined ? [shard] : [];
}

export async function checkHarvesters(context: CheckContext): Promise<Finding> {
  const { now } = context;
  const shards = await readHarvesters(context);
  // During a session heartbeats are due.
  const isRecording = nextSession(now, context.calendar()).opensAt <= now;
  const facts = {
    shards: shards.map(({ lastAt, ...rest }) => ({ ...rest, at: lastAt && formatIst(lastAt) })),
  };
  const base = { todo: [], facts };
  if (shards.every(({ lastAt }) => lastAt === null)) {
    const detail = 'no heartbeat seen in the last day';
    return { ...base, state: 'silent', tone: isRecording ? 'bad' : 'quiet', detail };
  }
  const fresh = shards.every(
    ({ lastAt }) => lastAt !== null && now - lastAt <= MAX_HEARTBEAT_AGE_MS,
  );
  return {
    ...base,
    state: fresh ? 'alive' : 'resting',
    ...(fresh
      ? { tone: 'good' }
      : isRecording
        ? { tone: 'bad', state: 'silent' }
        : { tone: 'quiet' }),
    detail: shards.map(shardText).join('; '),
  };
}

function shardText({ shard, lastAt, slotsMissed }: Shard): string {
  return lastAt === null
    ? `shard ${shard}: no heartbeat seen in the last day`
    : `shard ${shard}: last heartbeat ${formatIst(lastAt)}, ${counted(slotsMissed, 'slot')} without a row in a day`;
}
