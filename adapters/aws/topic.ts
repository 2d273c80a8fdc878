// The operator's SNS topic: e-mail, and whatever else is subscribed to it.
import {
  ListSubscriptionsByTopicCommand,
  PublishCommand,
  type SNSClient,
} from '@aws-sdk/client-sns';
import { FyersError, toError } from '../../core/errors.ts';
import type { Notifier } from '../../core/ports.ts';
import { awsFault } from './fault.ts';

/**
 * SNS takes what it is given for a topic that nobody has subscribed to, so that is looked at too.
 * Errors: `operator.channel` without a confirmed subscription, `platform.permission`, `operator.credentials`, `platform.store`.
 */
export function topicChannel(client: SNSClient, topicArn: string): Notifier {
  const hasListener = async (): Promise<boolean> => {
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
        `Nobody has a confirmed subscription to ${topicArn}.`,
        "Confirm it with the link in AWS's mail: `npx --no-install fyers confirm`. For a new mail run `npx --no-install fyers test-alert --resubscribe`.",
      );
    },
  };
}

// Every channel that the operator has, as one.

/**
 * A message counts as sent when one channel has taken it; `onProblem` is told of the others.
 * @throws FyersError `platform.message` with every channel's problem when none has.
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
        `No channel has taken the message "${message.subject}". ${problems.join(' ')}`,
        'Run `npx --no-install fyers test-alert`.',
      );
    },
    async hasListener() {
      const heard = await Promise.all(channels.map((channel) => channel.hasListener()));
      return heard.includes(true);
    },
  };
}
