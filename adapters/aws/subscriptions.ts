// Who hears of a topic's messages, and how somebody comes to: asked for, then confirmed.
import {
  ConfirmSubscriptionCommand,
  type SNSClient,
  SubscribeCommand,
  paginateListSubscriptionsByTopic,
} from '@aws-sdk/client-sns';
import { FyersError } from '../../core/errors.ts';
import { awsFault, isAwsError } from './fault.ts';

export interface Subscription {
  /** `email`, `sms`, `https` …: SNS's own words. */
  readonly protocol: string;
  readonly endpoint: string;
  /** Until then nothing is delivered to it. */
  readonly confirmed: boolean;
}

/** Errors: `platform.permission`, `operator.credentials`, `platform.store`. */
export async function subscriptionsOf(
  client: SNSClient,
  TopicArn: string,
): Promise<readonly Subscription[]> {
  try {
    const found: Subscription[] = [];
    for await (const page of paginateListSubscriptionsByTopic({ client }, { TopicArn })) {
      for (const { Protocol, Endpoint, SubscriptionArn } of page.Subscriptions ?? []) {
        found.push({
          protocol: Protocol ?? 'unknown',
          endpoint: Endpoint ?? 'unknown',
          // "PendingConfirmation" stands in place of an ARN until then, "Deleted" after it.
          confirmed: SubscriptionArn?.startsWith('arn:') === true,
        });
      }
    }
    return found;
  } catch (caught) {
    throw awsFault(caught, `Listing the subscriptions of ${TopicArn}`);
  }
}

/** SNS sends a mail with a new confirmation link, also to an address whose old one has expired. Errors as above. */
export async function askToSubscribe(
  client: SNSClient,
  TopicArn: string,
  Endpoint: string,
): Promise<void> {
  try {
    await client.send(new SubscribeCommand({ TopicArn, Protocol: 'email', Endpoint }));
  } catch (caught) {
    throw awsFault(caught, `Subscribing ${Endpoint} to ${TopicArn}`);
  }
}

/**
 * So that only the account's own identities can end it: mail scanners press every link, the one that unsubscribes too
 * (Amazon SNS, "ConfirmSubscription": AuthenticateOnUnsubscribe).
 *
 * Errors: `operator.channel` for a link that has expired or was used, or a topic that is gone; else as above.
 */
export async function confirmSubscription(
  client: SNSClient,
  { topicArn, token }: { readonly topicArn: string; readonly token: string },
): Promise<void> {
  const input = { TopicArn: topicArn, Token: token, AuthenticateOnUnsubscribe: 'true' };
  try {
    await client.send(new ConfirmSubscriptionCommand(input));
  } catch (caught) {
    if (isAwsError(caught, 'NotFoundException')) {
      throw new FyersError(
        'operator.channel',
        `There is no topic ${topicArn} any more.`,
        'Run `pulumi up`, and confirm with the link in the mail that AWS then sends.',
      );
    }
    if (isAwsError(caught, 'InvalidParameterException')) {
      throw new FyersError(
        'operator.channel',
        'AWS does not take this link: it lives for three days, and a later mail or an earlier confirmation ends it.',
        'Look at what is confirmed with `npx --no-install fyers test-alert`, and ask for a new mail with `npx --no-install fyers test-alert --resubscribe`.',
      );
    }
    throw awsFault(caught, `Confirming the subscription to ${topicArn}`, token);
  }
}
