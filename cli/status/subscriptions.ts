// Who would read a message.
import { awsCall } from '../aws.ts';
import { DEPLOY, type Deployed, type Looking, type Said } from './said.ts';

export interface Subscription {
  readonly protocol: string;
  readonly endpoint: string;
  readonly confirmed: boolean;
}

/** Errors: as every call of the operator's. */
export async function readSubscriptions(
  { session }: Looking,
  topicArn: string,
): Promise<readonly Subscription[]> {
  const { SNSClient, paginateListSubscriptionsByTopic } = await import('@aws-sdk/client-sns');
  const client = new SNSClient(session.io.aws);
  return awsCall(`Listing the subscriptions of ${topicArn}`, async () => {
    const all: Subscription[] = [];
    const pages = paginateListSubscriptionsByTopic({ client }, { TopicArn: topicArn });
    for await (const { Subscriptions = [] } of pages) {
      for (const { Protocol = '', Endpoint = '', SubscriptionArn = '' } of Subscriptions) {
        // "PendingConfirmation" stands in place of an ARN until the address is confirmed.
        const confirmed = SubscriptionArn.startsWith('arn:');
        all.push({ protocol: Protocol, endpoint: Endpoint, confirmed });
      }
    }
    return all;
  });
}

export function saySubscriptions(
  { telegram, topicArn }: Deployed,
  subscriptions: readonly Subscription[],
): Said {
  const confirmed = subscriptions.filter((each) => each.confirmed);
  const heard = confirmed.length > 0 || telegram;
  const pending = subscriptions.length - confirmed.length;
  return {
    part: 'subscriptions',
    state: heard ? 'confirmed' : pending > 0 ? 'pending' : 'none',
    tone: heard ? 'good' : 'bad',
    detail:
      [
        ...subscriptions.map(
          ({ protocol, endpoint, confirmed: is }) =>
            `${protocol} ${endpoint}${is ? '' : ' (not confirmed)'}`,
        ),
        ...(telegram ? ['Telegram'] : []),
      ].join(', ') || 'nobody would read a message',
    todo: heard ? [] : [howToHear(topicArn, pending)],
    facts: { telegram, subscriptions },
  };
}

function howToHear(topicArn: string | null, pending: number): string {
  if (topicArn === null) return DEPLOY;
  return pending > 0
    ? 'Confirm the subscription: `npx --no-install fyers confirm URL` with the address in the mail from AWS.'
    : 'Say where messages go: `pulumi config set email ADDRESS`, then `pulumi up`.';
}
