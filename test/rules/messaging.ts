// Defines the rules for the queue of failed events and for the topic of messages.
import { editInputs, addStatement, addResource } from './flaws.ts';
import { type Rule, at, isText, statements, unless } from './rule.ts';

const QUEUE = 'aws:sqs/queue:Queue';
const TOPIC = 'aws:sns/topic:Topic';
const TOPIC_POLICY = 'aws:sns/topicPolicy:TopicPolicy';

const DAY_SECONDS = 86_400;

export const MESSAGING_RULES: readonly Rule[] = [
  {
    id: 'CT.SQS.PR.1',
    requirement: 'a queue has a dead-letter queue',
    findViolations: unless(QUEUE, (inputs) => isText(inputs['redrivePolicy'])),
    flaws: { 'another queue': addResource(QUEUE) },
  },
  {
    id: 'CT.SQS.PR.2',
    requirement: 'a queue is encrypted',
    findViolations: unless(
      QUEUE,
      (inputs) => isText(inputs['kmsMasterKeyId']) !== (inputs['sqsManagedSseEnabled'] === true),
    ),
    flaws: {
      'no encryption': editInputs(`${QUEUE}::undelivered`, { sqsManagedSseEnabled: false }),
      'the default of the account': editInputs(`${QUEUE}::undelivered`, {
        sqsManagedSseEnabled: undefined,
      }),
    },
  },
  {
    id: 'FY.SQS.1',
    requirement: 'a queue keeps messages for fourteen days, the maximum of SQS',
    findViolations: unless(
      QUEUE,
      (inputs) => inputs['messageRetentionSeconds'] === 14 * DAY_SECONDS,
    ),
    flaws: {
      'four days': editInputs(`${QUEUE}::undelivered`, { messageRetentionSeconds: undefined }),
    },
  },
  {
    // CloudWatch may not use that key, so its messages would be dropped (CloudWatch User Guide,
    // SNS).
    id: 'FY.SNS.1',
    requirement: 'no topic uses the key alias/aws/sns, which would drop the alarms',
    findViolations: unless(TOPIC, (inputs) => inputs['kmsMasterKeyId'] !== 'alias/aws/sns'),
    flaws: {
      'the key alias/aws/sns': editInputs(`${TOPIC}::fyers-messages`, {
        kmsMasterKeyId: 'alias/aws/sns',
      }),
    },
  },
  {
    id: 'FY.SNS.2',
    requirement: 'a topic accepts only services, each on behalf of this account',
    findViolations: unless(TOPIC_POLICY, (inputs) =>
      statements(inputs['policy'])
        .filter(({ effect }) => effect === 'Allow')
        .every(
          ({ whole, condition }) =>
            isText(at(whole, 'Principal.Service')) &&
            isText(at(condition, 'StringEquals.aws:SourceAccount')),
        ),
    ),
    flaws: {
      'every principal': addStatement(`${TOPIC_POLICY}::fyers-messages`, {
        Effect: 'Allow',
        Principal: '*',
        Action: 'sns:Publish',
      }),
      'CloudWatch of any account': addStatement(`${TOPIC_POLICY}::fyers-messages`, {
        Effect: 'Allow',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Action: 'sns:Publish',
      }),
    },
  },
];
