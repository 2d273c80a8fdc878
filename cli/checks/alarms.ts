// Checks the stack's alarms.
import type { MetricAlarm } from '@aws-sdk/client-cloudwatch';
import { awsCall } from '../shared/aws.ts';
import { channelsIn } from '../shared/channels.ts';
import type { Finding } from './check.ts';
import { type CheckContext, deployed } from './context.ts';
import { DEPLOY_STEP } from './functions.ts';

interface Alarm {
  readonly name: string;
  readonly state: string;
  /** False if its actions were disabled by hand. */
  readonly rings: boolean;
}

/** Common prefix of all our alarms' names. */
const ALARM_NAME_PREFIX = 'Fyers';

/** Reads the alarms that notify the stack's topic; without a topic selects by name. */
async function readAlarms(context: CheckContext): Promise<readonly Alarm[]> {
  const { session } = context;
  const topicArn = channelsIn((await deployed(context, 'refresh'))?.environment ?? {}).topicArn;
  const suffix = context.stackSuffix();
  const { CloudWatchClient, paginateDescribeAlarms } = await import('@aws-sdk/client-cloudwatch');
  const client = new CloudWatchClient(session.io.aws);
  const isOurs = ({ AlarmName = '', AlarmActions = [] }: MetricAlarm): boolean =>
    topicArn === null
      ? suffix === '' || AlarmName.endsWith(`-${suffix}`)
      : AlarmActions.includes(topicArn);
  return awsCall('Reading the alarms', async () => {
    const all: MetricAlarm[] = [];
    const pages = paginateDescribeAlarms({ client }, { AlarmNamePrefix: ALARM_NAME_PREFIX });
    for await (const { MetricAlarms = [] } of pages) all.push(...MetricAlarms);
    return all.filter(isOurs).map(({ AlarmName = '', StateValue = '', ActionsEnabled = true }) => ({
      name: AlarmName,
      state: StateValue,
      rings: ActionsEnabled,
    }));
  });
}

export async function checkAlarms(context: CheckContext): Promise<Finding> {
  const alarms = await readAlarms(context);
  const ringing = alarms.filter(({ state }) => state === 'ALARM');
  const silenced = alarms.filter(({ rings }) => !rings);
  const ok = alarms.filter(({ state }) => state === 'OK');
  const names = (some: readonly Alarm[]) => some.map(({ name }) => name).join(', ');
  const waiting = alarms.filter(({ state }) => state !== 'OK' && state !== 'ALARM');
  const loudest = ringing.length === 0 ? 'quiet' : `${String(ringing.length)} ringing`;
  const state = alarms.length === 0 ? 'none' : loudest;
  return {
    state,
    tone: state === 'quiet' ? 'good' : 'bad',
    detail:
      [
        ...(ringing.length > 0 ? [`ringing: ${names(ringing)}`] : []),
        ...(ok.length > 0 ? [`ok: ${names(ok)}`] : []),
        ...(waiting.length > 0 ? [`without data yet: ${names(waiting)}`] : []),
        ...(silenced.length > 0 ? [`silenced: ${names(silenced)}`] : []),
      ].join('; ') || 'no alarms',
    todo: [
      ...(ringing.length > 0
        ? [
            `An alarm rings (${names(ringing)}). Its message gives the reason; see also \`./fyers logs refresh\`, \`./fyers logs watch\` and \`./fyers logs harvester\`.`,
          ]
        : []),
      ...(alarms.length === 0 ? [DEPLOY_STEP] : []),
    ],
    facts: { alarms },
  };
}
