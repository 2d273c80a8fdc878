// Checks whether a person receives the messages of the stack.
import type { Subscription } from '../../adapters/aws/topic.ts';
import { withOperatorHints } from '../shared/aws.ts';
import { channelsIn, type StackChannels, telegramOfStack } from '../shared/channels.ts';
import { type Finding, ok, problem, skipped } from './check.ts';
import { type CheckContext, deployed } from './context.ts';
import { DEPLOY_STEP } from './functions.ts';

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
  const heard = [...namesOf(true), ...(chat === null ? [] : [`Telegram chat ${chat.chatId}`])];
  const waiting = namesOf(false);
  const pending = waiting.length === 0 ? '' : `; pending: ${waiting.join(', ')}`;
  if (heard.length > 0) return ok(`${heard.join(', ')}${pending}`);
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
  const heard = confirmed.length > 0 || telegram;
  const pending = subscriptions.length - confirmed.length;
  return {
    state: heard ? 'confirmed' : pending > 0 ? 'pending' : 'none',
    tone: heard ? 'good' : 'bad',
    detail:
      [
        ...subscriptions.map(
          (each) => `${addressOf(each)}${each.confirmed ? '' : ' (not confirmed)'}`,
        ),
        ...(telegram ? ['Telegram'] : []),
      ].join(', ') || 'no one would read a message',
    todo: heard ? [] : [subscribeStep(topicArn, pending)],
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
