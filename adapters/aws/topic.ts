// The operator's SNS topic: e-mail, and whatever else is subscribed to it.
import {
  ListSubscriptionsByTopicCommand,
  PublishCommand,
  type SNSClient,
} from '@aws-sdk/client-sns';
import type { Notifier } from '../../core/ports.ts';
import { awsFault } from './fault.ts';

/** Errors: `platform.permission`, `operator.credentials`, `platform.store`. */
export function topicChannel(client: SNSClient, topicArn: string): Notifier {
  return {
    async send({ subject, text }) {
      try {
        await client.send(
          new PublishCommand({ TopicArn: topicArn, Subject: subject, Message: text }),
        );
      } catch (caught) {
        throw awsFault(caught, `Publishing to ${topicArn}`, text);
      }
    },
    async hasListener() {
      try {
        const { Subscriptions = [] } = await client.send(
          new ListSubscriptionsByTopicCommand({ TopicArn: topicArn }),
        );
        // "PendingConfirmation" stands in place of an ARN until the address is confirmed.
        return Subscriptions.some(
          ({ SubscriptionArn }) => SubscriptionArn?.startsWith('arn:') === true,
        );
      } catch (caught) {
        throw awsFault(caught, `Listing the subscriptions of ${topicArn}`);
      }
    },
  };
}
