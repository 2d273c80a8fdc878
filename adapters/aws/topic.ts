// Sends messages to the operator's SNS topic, and lists, requests and confirms subscriptions to it.
import {
  PublishCommand,
  type SNSClient,
  ConfirmSubscriptionCommand,
  SubscribeCommand,
  paginateListSubscriptionsByTopic,
} from '@aws-sdk/client-sns';
import { FyersError } from '../../core/errors.ts';
import type { Notifier } from '../../core/ports.ts';
import { awsFault, isAwsError } from './fault.ts';

/**
 * SNS accepts messages for a topic without subscribers, so we also list subscriptions.
 *
 * Errors: `operator.channel` without a confirmed subscription, `platform.permission`,
 * `operator.credentials`, `platform.store`.
 */
export function topicChannel(client: SNSClient, topicArn: string): Notifier {
  const hasListener = async (): Promise<boolean> => {
    const all = await subscriptionsOf(client, topicArn);
    return all.some(({ confirmed }) => confirmed);
  };
  return {
    hasListener,
    async send({ subject, text }) {
      try {
        await client.send(
          new PublishCommand({ TopicArn: topicArn, Subject: subject, Message: text }),
        );
      } catch (caught) {
        throw awsFault(caught, `Publishing to ${topicArn}`, text);
      }
      if (await hasListener()) return;
      throw new FyersError(
        'operator.channel',
        `${topicArn} has no confirmed subscription.`,
        "Confirm it with the link in AWS's mail: `./fyers confirm`. For a new mail run `./fyers test-alert --resubscribe`.",
      );
    },
  };
}

export interface Subscription {
  /** `email`, `sms`, `https` …, as SNS names them. */
  readonly protocol: string;
  readonly endpoint: string;
  /** An unconfirmed subscription receives no messages. */
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
          // SNS returns "PendingConfirmation" instead of an ARN before the confirmation, and
          // "Deleted" after removal.
          confirmed: SubscriptionArn?.startsWith('arn:') === true,
        });
      }
    }
    return found;
  } catch (caught) {
    throw awsFault(caught, `Listing the subscriptions of ${TopicArn}`);
  }
}

/**
 * SNS sends a mail with a new confirmation link, also to an address whose old link has expired.
 * Errors as above.
 */
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
 * Confirms so that only the account's own identities can unsubscribe: mail scanners open every
 * link, including the unsubscribe link (Amazon SNS, "ConfirmSubscription":
 * AuthenticateOnUnsubscribe).
 *
 * Errors: `operator.channel` for a link that has expired or was used, or a topic that no longer
 * exists; otherwise as above.
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
        `The topic ${topicArn} no longer exists.`,
        'Run `pulumi up`, and confirm with the link in the mail that AWS then sends.',
      );
    }
    if (isAwsError(caught, 'InvalidParameterException')) {
      throw new FyersError(
        'operator.channel',
        'AWS does not accept this link. A link is valid for three days, until a newer mail or a confirmation.',
        'Check the confirmed addresses with `./fyers test-alert`, and request a new mail with `./fyers test-alert --resubscribe`.',
      );
    }
    throw awsFault(caught, `Confirming the subscription to ${topicArn}`, token);
  }
}
