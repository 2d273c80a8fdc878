// Sends messages to the operator's SNS topic, and combines several channels into one.
import {
  ListSubscriptionsByTopicCommand,
  PublishCommand,
  type SNSClient,
} from '@aws-sdk/client-sns';
import { FyersError } from '../../core/errors.ts';
import type { Notifier } from '../../core/ports.ts';
import { awsFault } from './fault.ts';

/**
 * SNS accepts messages for a topic without subscribers, so we also list subscriptions.
 *
 * Errors: `operator.channel` without a confirmed subscription, `platform.permission`,
 * `operator.credentials`, `platform.store`.
 */
export function topicChannel(client: SNSClient, topicArn: string): Notifier {
  const hasListener = async (): Promise<boolean> => {
    try {
      const { Subscriptions = [] } = await client.send(
        new ListSubscriptionsByTopicCommand({ TopicArn: topicArn }),
      );
      // SNS returns "PendingConfirmation" instead of an ARN until the address is confirmed.
      return Subscriptions.some(
        ({ SubscriptionArn }) => SubscriptionArn?.startsWith('arn:') === true,
      );
    } catch (caught) {
      throw awsFault(caught, `Listing the subscriptions of ${topicArn}`);
    }
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
