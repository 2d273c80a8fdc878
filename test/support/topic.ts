// Creates a topic of the emulator, and a queue that receives its messages as an operator's mailbox does.
import { CreateTopicCommand, SubscribeCommand, type SNSClient } from '@aws-sdk/client-sns';
import { CreateQueueCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { inboxPolicy } from '../../sandbox/inbox.ts';

/** Creates the topic and the queue with this name. */
export async function openTopic(sns: SNSClient, sqs: SQSClient, name: string) {
  const { TopicArn: topicArn = '' } = await sns.send(new CreateTopicCommand({ Name: name }));
  const Endpoint = topicArn.replace(':sns:', ':sqs:');
  const Attributes = { Policy: inboxPolicy(topicArn, Endpoint) };
  const { QueueUrl: queueUrl = '' } = await sqs.send(
    new CreateQueueCommand({ QueueName: name, Attributes }),
  );
  await sns.send(new SubscribeCommand({ TopicArn: topicArn, Protocol: 'sqs', Endpoint }));
  return { topicArn, queueUrl };
}
