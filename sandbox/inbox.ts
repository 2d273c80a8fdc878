// Receives the operator's messages of a run: a queue on the stack's topic replaces the mail address.
import { SNSClient, SubscribeCommand, UnsubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { FyersError } from '../core/errors.ts';
import type { Emulator } from './aws/emulator.ts';
import { clientOptions, disposable } from './steps/token.ts';

const MAX_WAIT_SECONDS = 20;

export interface Mail {
  readonly subject: string;
  readonly text: string;
}

export interface Inbox extends AsyncDisposable {
  /** Waits for the next message. @throws FyersError if none arrives. */
  readonly next: () => Promise<Mail>;
}

/** The policy of a queue that a topic may send to. Without it the topic drops its messages silently. */
export function inboxPolicy(topicArn: string, queueArn: string): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: 'sns.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: queueArn,
        Condition: { ArnEquals: { 'aws:SourceArn': topicArn } },
      },
    ],
  });
}

export async function openInbox(emulator: Emulator, topicArn: string): Promise<Inbox> {
  await using opened = new AsyncDisposableStack();
  const sns = opened.use(disposable(new SNSClient(clientOptions(emulator)))).client;
  const sqs = opened.use(disposable(new SQSClient(clientOptions(emulator)))).client;
  const [, , , region = '', account = ''] = topicArn.split(':');
  const QueueName = 'operator-inbox';
  const queueArn = `arn:aws:sqs:${region}:${account}:${QueueName}`;
  const Policy = inboxPolicy(topicArn, queueArn);
  const { QueueUrl } = await sqs.send(
    new CreateQueueCommand({ QueueName, Attributes: { Policy } }),
  );
  opened.defer(async () => {
    await sqs.send(new DeleteQueueCommand({ QueueUrl }));
  });
  const { SubscriptionArn } = await sns.send(
    new SubscribeCommand({ TopicArn: topicArn, Protocol: 'sqs', Endpoint: queueArn }),
  );
  opened.defer(async () => {
    await sns.send(new UnsubscribeCommand({ SubscriptionArn }));
  });
  const kept = opened.move();
  const next = async (): Promise<Mail> => {
    const { Messages: [message] = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: MAX_WAIT_SECONDS }),
    );
    if (message?.Body === undefined) {
      throw new FyersError(
        'platform.message',
        `No message came from ${topicArn}.`,
        "Check the topic's policy in infra/components/messages.ts, and keeper/login.ts.",
      );
    }
    const { Subject, Message } = JSON.parse(message.Body) as Readonly<
      Record<'Subject' | 'Message', string>
    >;
    return { subject: Subject, text: Message };
  };
  return { next, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
