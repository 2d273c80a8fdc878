// Sends messages to the operator's SNS topic, and combines several channels into one.
import {
  ListSubscriptionsByTopicCommand,
  PublishCommand,
  type SNSClient,
} from '@aws-sdk/client-sns';
import { FyersError, toError } from '../../core/errors.ts';
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
        "Confirm it with the link in AWS's mail: `npx --no-install fyers confirm`. For a new mail run `npx --no-install fyers test-alert --resubscribe`.",
      );
    },
  };
}

/**
 * A message counts as sent if one channel accepts it; `onProblem` is called for each failed
 * channel.
 *
 * @throws FyersError `platform.message` with every channel's problem if all fail
 */
export function allChannels(
  channels: readonly Notifier[],
  onProblem: (problem: string) => void,
): Notifier {
  return {
    async send(message) {
      const results = await Promise.allSettled(channels.map((channel) => channel.send(message)));
      const problems = results.flatMap((result) =>
        result.status === 'rejected' ? [toError(result.reason).message] : [],
      );
      if (problems.length < channels.length) {
        for (const problem of problems) onProblem(problem);
        return;
      }
      throw new FyersError(
        'platform.message',
        `No channel accepted the message "${message.subject}". ${problems.join(' ')}`,
        'Run `npx --no-install fyers test-alert`.',
      );
    },
    async hasListener() {
      const heard = await Promise.all(channels.map((channel) => channel.hasListener()));
      return heard.includes(true);
    },
  };
}
