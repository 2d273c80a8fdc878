// Reads the stack's alarms and their states.
import type { MetricAlarm } from '@aws-sdk/client-cloudwatch';
import { awsCall } from '../../shared/aws.ts';
import type { Tone } from '../../shared/terminal.ts';
import { DEPLOY, type Looking, type Finding } from './said.ts';

export interface Alarm {
  readonly name: string;
  readonly state: string;
  /** False if its actions were disabled by hand. */
  readonly rings: boolean;
}

/** Common prefix of all our alarms' names. */
const ALARM_NAME_PREFIX = 'Fyers';

/**
 * Errors: those of every AWS call by the operator. @param topicArn selects the alarms that notify it; null selects by
 * name
 */
export async function readAlarms(
  { session, suffix }: Looking,
  topicArn: string | null,
): Promise<readonly Alarm[]> {
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

export function checkAlarms(alarms: readonly Alarm[]): Finding {
  const ringing = alarms.filter(({ state }) => state === 'ALARM');
  const silenced = alarms.filter(({ rings }) => !rings);
  const ok = alarms.filter(({ state }) => state === 'OK');
  const names = (some: readonly Alarm[]) => some.map(({ name }) => name).join(', ');
  const waiting = alarms.filter(({ state }) => state !== 'OK' && state !== 'ALARM');
  return {
    part: 'alarms',
    ...stateOf(alarms, ringing),
    detail:
      [
        ...(ringing.length > 0 ? [`ringing: ${names(ringing)}`] : []),
        ...(ok.length > 0 ? [`ok: ${names(ok)}`] : []),
        ...(waiting.length > 0 ? [`without data yet: ${names(waiting)}`] : []),
        ...(silenced.length > 0 ? [`silenced: ${names(silenced)}`] : []),
      ].join('; ') || 'there is none',
    todo: [
      ...(ringing.length > 0
        ? [
            `An alarm rings (${names(ringing)}). Its message gives the reason; see also \`npx --no-install fyers logs refresh\`, \`npx --no-install fyers logs watch\` and \`npx --no-install fyers logs harvester\`.`,
          ]
        : []),
      ...(alarms.length === 0 ? [DEPLOY] : []),
    ],
    facts: { alarms },
  };
}

function stateOf(
  alarms: readonly Alarm[],
  ringing: readonly Alarm[],
): { readonly state: string; readonly tone: Tone } {
  if (alarms.length === 0) return { state: 'none', tone: 'bad' };
  return ringing.length === 0
    ? { state: 'quiet', tone: 'good' }
    : { state: `${String(ringing.length)} ringing`, tone: 'bad' };
}
