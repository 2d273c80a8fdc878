// Rows of SQS and SNS.
import { SNS } from '@aws-sdk/client-sns';
import { SQS } from '@aws-sdk/client-sqs';
import * as z from 'zod/mini';
import { arn, options } from './clients.ts';
import {
  confirmFound,
  count,
  defineType,
  expectValue,
  flag,
  policy,
  tags,
  text,
  toPascalCase,
  type ResourceType,
} from './type.ts';

const sns = new SNS(options);
const sqs = new SQS(options);

export const MESSAGING_TYPES: Readonly<Record<string, ResourceType>> = {
  'aws:sqs/queue:Queue': defineType({
    inputs: z.strictObject({
      name: z.string(),
      messageRetentionSeconds: count,
      visibilityTimeoutSeconds: count,
      sqsManagedSseEnabled: flag,
      tags,
    }),
    autoname: 'name',
    // sqs/queue.go: name, name_prefix, fifo_queue ForceNew. (The program sets only the name.)
    replaceOn: ['name'],
    cloudFormation: 'AWS::SQS::Queue',
    properties: (inputs) => ({
      QueueName: inputs.name,
      // sqs/queue.go: defaults 345600 s and 30 s.
      MessageRetentionPeriod: inputs.messageRetentionSeconds ?? 345_600,
      VisibilityTimeout: inputs.visibilityTimeoutSeconds ?? 30,
      SqsManagedSseEnabled: inputs.sqsManagedSseEnabled ?? true,
    }),
    create: async ({ name }, { QueueName, ...properties }) => {
      const answer = await sqs.createQueue({ QueueName, Attributes: texts(properties) });
      const url = expectValue(answer.QueueUrl, 'queue URL');
      return { id: url, url, arn: await arn('sqs', name) };
    },
    read: async (id) => {
      const command = { QueueUrl: id, AttributeNames: ['QueueArn' as const] };
      return { arn: (await sqs.getQueueAttributes(command)).Attributes?.QueueArn };
    },
    update: async (id, _inputs, { QueueName: _name, ...properties }) => {
      await sqs.setQueueAttributes({ QueueUrl: id, Attributes: texts(properties) });
    },
    delete: async (id) => await sqs.deleteQueue({ QueueUrl: id }),
  }),

  'aws:sns/topic:Topic': defineType({
    inputs: z.strictObject({ name: z.string(), displayName: text, tags }),
    autoname: 'name',
    // sns/topic.go: name, name_prefix, fifo_topic ForceNew. (The program sets only the name.)
    replaceOn: ['name'],
    cloudFormation: 'AWS::SNS::Topic',
    properties: ({ name, displayName = '' }) => ({ TopicName: name, DisplayName: displayName }),
    create: async (_inputs, { TopicName: Name, ...Attributes }) => {
      const id = expectValue((await sns.createTopic({ Name, Attributes })).TopicArn, 'topic ARN');
      return { id, arn: id };
    },
    read: async (id) => {
      await sns.getTopicAttributes({ TopicArn: id });
      return { arn: id };
    },
    update: async (id, _inputs, { DisplayName }) => {
      await setTopicAttribute(id, 'DisplayName', DisplayName);
    },
    delete: async (id) => await sns.deleteTopic({ TopicArn: id }),
  }),

  // sns/topic_policy.go puts the default policy back on delete; here the topic takes the policy away with it.
  'aws:sns/topicPolicy:TopicPolicy': defineType({
    inputs: z.strictObject({ arn: z.string(), policy }),
    // sns/topic_policy.go: arn ForceNew.
    replaceOn: ['arn'],
    cloudFormation: 'AWS::SNS::TopicPolicy',
    properties: ({ arn: topic, policy: PolicyDocument }) => ({ Topics: [topic], PolicyDocument }),
    create: async ({ arn: id, policy: document }) => {
      const json = typeof document === 'string' ? document : JSON.stringify(document);
      await setTopicAttribute(id, 'Policy', json);
      return { id };
    },
    read: async (id) => await confirmFound(sns.getTopicAttributes({ TopicArn: id })),
    update: 'create',
  }),

  'aws:sns/topicSubscription:TopicSubscription': defineType({
    inputs: z.strictObject({ topic: z.string(), protocol: z.string(), endpoint: z.string() }),
    // sns/topic_subscription.go: topic_arn, protocol, endpoint ForceNew.
    replaceOn: ['topic', 'protocol', 'endpoint'],
    cloudFormation: 'AWS::SNS::Subscription',
    properties: ({ topic: TopicArn, ...inputs }) => ({ ...toPascalCase(inputs), TopicArn }),
    create: async (_inputs, properties) => {
      const answer = await sns.subscribe({ ...properties, ReturnSubscriptionArn: true });
      const id = expectValue(answer.SubscriptionArn, 'subscription ARN');
      return { id, arn: id };
    },
    read: async (id) => {
      await sns.getSubscriptionAttributes({ SubscriptionArn: id });
      return { arn: id };
    },
    delete: async (id) => await sns.unsubscribe({ SubscriptionArn: id }),
  }),
};

function texts(attributes: Readonly<Record<string, number | boolean>>): Record<string, string> {
  return Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, String(value)]));
}

async function setTopicAttribute(TopicArn: string, AttributeName: string, AttributeValue: string) {
  await sns.setTopicAttributes({ TopicArn, AttributeName, AttributeValue });
}
