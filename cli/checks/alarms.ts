// Checks the alarms of the stack, and whether a person receives them and its other messages.
import type { MetricAlarm } from '@aws-sdk/client-cloudwatch';
import type { Subscription } from '../../adapters/aws/topic.ts';
import { awsCall, withOperatorHints } from '../shared/aws.ts';
import { channelsIn, type StackChannels, telegramOfStack } from '../shared/channels.ts';
import { type CheckContext, deployed, type Finding, ok, problem, skipped } from './check.ts';
import { DEPLOY_STEP } from './functions.ts';

interface Alarm {
  readonly name: string;
  readonly state: string;
  /** False if its actions were disabled by hand. */
  readonly rings: boolean;
}

/** Common prefix of all our alarms' names. */
const ALARM_NAME_PREFIX = 'Fyers';

/** Reads the alarms that notify the stack's topic. If there is no topic, selects them by name. */
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
  const good = alarms.filter(({ state }) => state === 'OK');
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
        ...(good.length > 0 ? [`ok: ${names(good)}`] : []),
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

const CONFIRM_STEP =
  "Confirm with the link in AWS's mail: `./fyers confirm`. For a new mail run `./fyers test-alert --resubscribe`.";

/** Checks the channels of the login function, which sends requested links. */
export async function checkMessages(context: CheckContext): Promise<Finding> {
  const { session, names } = context;
  const login = await deployed(context, 'login');
  if (login === null) return skipped('no login function yet, see "Functions"');
  const channels = channelsIn(login.environment);
  const { telegramApiUrl } = channels;
  const subscriptions = await readSubscriptions(context, channels);
  const chat =
    telegramApiUrl === null ? null : await telegramOfStack(session, names(), telegramApiUrl);
  const namesOf = (wanted: boolean) =>
    subscriptions.filter(({ confirmed }) => confirmed === wanted).map(addressOf);
  const receivers = [...namesOf(true), ...(chat === null ? [] : [`Telegram chat ${chat.chatId}`])];
  const waiting = namesOf(false);
  const pending = waiting.length === 0 ? '' : `; pending: ${waiting.join(', ')}`;
  if (receivers.length > 0) return ok(`${receivers.join(', ')}${pending}`);
  return waiting.length > 0
    ? problem(`no subscription is confirmed${pending}`, CONFIRM_STEP)
    : problem(
        'no one would receive alarms or the login link',
        'Run `pulumi config set email ADDRESS` or `./fyers telegram`, then `pulumi up`.',
      );
}

/** Checks the channels of the keeper. Returns no finding if it is not deployed. */
export async function checkSubscriptions(context: CheckContext): Promise<readonly Finding[]> {
  const keeper = await deployed(context, 'refresh');
  if (keeper === null) return [];
  const channels = channelsIn(keeper.environment);
  return [subscriptionsFinding(channels, await readSubscriptions(context, channels))];
}

/** Errors: those of every AWS call by the operator. */
async function readSubscriptions(
  { session }: CheckContext,
  { topicArn }: StackChannels,
): Promise<readonly Subscription[]> {
  if (topicArn === null) return [];
  const { SNSClient } = await import('@aws-sdk/client-sns');
  const { subscriptionsOf } = await import('../../adapters/aws/topic.ts');
  return withOperatorHints(subscriptionsOf(new SNSClient(session.io.aws), topicArn));
}

export function subscriptionsFinding(
  { topicArn, telegramApiUrl }: StackChannels,
  subscriptions: readonly Subscription[],
): Finding {
  const telegram = telegramApiUrl !== null;
  const confirmed = subscriptions.filter((each) => each.confirmed);
  const hasReceiver = confirmed.length > 0 || telegram;
  const pending = subscriptions.length - confirmed.length;
  return {
    state: hasReceiver ? 'confirmed' : pending > 0 ? 'pending' : 'none',
    tone: hasReceiver ? 'good' : 'bad',
    detail:
      [
        ...subscriptions.map(
          (each) => `${addressOf(each)}${each.confirmed ? '' : ' (not confirmed)'}`,
        ),
        ...(telegram ? ['Telegram'] : []),
      ].join(', ') || 'no one would read a message',
    todo: hasReceiver ? [] : [subscribeStep(topicArn, pending)],
    facts: { telegram, subscriptions },
  };
}

function subscribeStep(topicArn: string | null, pending: number): string {
  if (topicArn === null) return DEPLOY_STEP;
  return pending > 0
    ? CONFIRM_STEP
    : 'Configure where messages go: `pulumi config set email ADDRESS` or `./fyers telegram`, then `pulumi up`.';
}

function addressOf({ protocol, endpoint }: Subscription): string {
  return `${protocol} ${endpoint}`;
}
