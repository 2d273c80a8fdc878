import {
  CreateTopicCommand,
  DeleteTopicCommand,
  GetSubscriptionAttributesCommand,
  GetTopicAttributesCommand,
  SetTopicAttributesCommand,
  SubscribeCommand,
  UnsubscribeCommand,
} from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs';
import * as z from 'zod/mini';
import { arn, sns, sqs } from './clients.ts';
import {
  count,
  flag,
  given,
  policy,
  resourceType,
  tags,
  text,
  unlessGone,
  type ResourceType,
} from './type.ts';

const queueInputs = z.strictObject({
  name: z.string(),
  messageRetentionSeconds: count,
  visibilityTimeoutSeconds: count,
  sqsManagedSseEnabled: flag,
  tags,
});

const queue = resourceType({
  inputs: queueInputs,
  autoname: 'name',
  // sqs/queue.go: name, name_prefix, fifo_queue ForceNew (only the name is set here).
  replaceOn: ['name'],
  async create(inputs) {
    const answer = await sqs.send(
      new CreateQueueCommand({ QueueName: inputs.name, Attributes: queueAttributes(inputs) }),
    );
    const url = given(answer.QueueUrl, 'queue URL');
    return { id: url, outputs: { url, arn: await arn('sqs', inputs.name) } };
  },
  async read(id) {
    const command = new GetQueueAttributesCommand({ QueueUrl: id, AttributeNames: ['QueueArn'] });
    const answer = await unlessGone(
      sqs.send(command),
      'QueueDoesNotExist',
      'AWS.SimpleQueueService.NonExistentQueue',
    );
    return answer === null ? null : { arn: answer.Attributes?.QueueArn };
  },
  async update(id, inputs) {
    const attributes = queueAttributes(inputs);
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl: id, Attributes: attributes }));
    return {};
  },
  async delete(id) {
    await unlessGone(
      sqs.send(new DeleteQueueCommand({ QueueUrl: id })),
      'QueueDoesNotExist',
      'AWS.SimpleQueueService.NonExistentQueue',
    );
  },
});

function queueAttributes(inputs: z.output<typeof queueInputs>): Record<string, string> {
  // sqs/queue.go: defaults 345600 s and 30 s.
  return {
    MessageRetentionPeriod: String(inputs.messageRetentionSeconds ?? 345_600),
    VisibilityTimeout: String(inputs.visibilityTimeoutSeconds ?? 30),
    SqsManagedSseEnabled: String(inputs.sqsManagedSseEnabled ?? true),
  };
}

const topic = resourceType({
  inputs: z.strictObject({ name: z.string(), displayName: text, tags }),
  autoname: 'name',
  // sns/topic.go: name, name_prefix, fifo_topic ForceNew (only the name is set here).
  replaceOn: ['name'],
  async create(inputs) {
    const answer = await sns.send(
      new CreateTopicCommand({
        Name: inputs.name,
        Attributes: { DisplayName: inputs.displayName ?? '' },
      }),
    );
    const topicArn = given(answer.TopicArn, 'topic ARN');
    return { id: topicArn, outputs: { arn: topicArn } };
  },
  async read(id) {
    const command = new GetTopicAttributesCommand({ TopicArn: id });
    return (await unlessGone(sns.send(command), 'NotFoundException')) === null ? null : { arn: id };
  },
  async update(id, inputs, changed) {
    if (changed.has('displayName')) {
      await setTopicAttribute(id, 'DisplayName', inputs.displayName ?? '');
    }
    return {};
  },
  async delete(id) {
    await unlessGone(sns.send(new DeleteTopicCommand({ TopicArn: id })), 'NotFoundException');
  },
});

async function setTopicAttribute(topicArn: string, name: string, value: string): Promise<void> {
  await sns.send(
    new SetTopicAttributesCommand({
      TopicArn: topicArn,
      AttributeName: name,
      AttributeValue: value,
    }),
  );
}

function asJson(document: z.output<typeof policy>): string {
  return typeof document === 'string' ? document : JSON.stringify(document);
}

const topicPolicy = resourceType({
  inputs: z.strictObject({ arn: z.string(), policy }),
  // sns/topic_policy.go: arn ForceNew.
  replaceOn: ['arn'],
  async create(inputs) {
    await setTopicAttribute(inputs.arn, 'Policy', asJson(inputs.policy));
    return { id: inputs.arn };
  },
  async read(id) {
    const command = new GetTopicAttributesCommand({ TopicArn: id });
    return (await unlessGone(sns.send(command), 'NotFoundException')) === null ? null : {};
  },
  async update(id, inputs) {
    await setTopicAttribute(id, 'Policy', asJson(inputs.policy));
    return {};
  },
  // sns/topic_policy.go puts the default policy back; the topic goes with it here.
  delete: () => Promise.resolve(),
});

const topicSubscription = resourceType({
  inputs: z.strictObject({ topic: z.string(), protocol: z.string(), endpoint: z.string() }),
  // sns/topic_subscription.go: topic_arn, protocol, endpoint ForceNew.
  replaceOn: ['topic', 'protocol', 'endpoint'],
  async create(inputs) {
    const answer = await sns.send(
      new SubscribeCommand({
        TopicArn: inputs.topic,
        Protocol: inputs.protocol,
        Endpoint: inputs.endpoint,
        ReturnSubscriptionArn: true,
      }),
    );
    const id = given(answer.SubscriptionArn, 'subscription ARN');
    return { id, outputs: { arn: id } };
  },
  async read(id) {
    const command = new GetSubscriptionAttributesCommand({ SubscriptionArn: id });
    return (await unlessGone(sns.send(command), 'NotFoundException')) === null ? null : { arn: id };
  },
  async delete(id) {
    await unlessGone(
      sns.send(new UnsubscribeCommand({ SubscriptionArn: id })),
      'NotFoundException',
    );
  },
});

export const MESSAGING_TYPES: Readonly<Record<string, ResourceType>> = {
  'aws:sqs/queue:Queue': queue,
  'aws:sns/topic:Topic': topic,
  'aws:sns/topicPolicy:TopicPolicy': topicPolicy,
  'aws:sns/topicSubscription:TopicSubscription': topicSubscription,
};
