// The queue of what failed, and the topic of what is told.
import { edited, granting, withAnother } from './flaws.ts';
import { type Rule, at, isText, statements, unless } from './rule.ts';

const QUEUE = 'aws:sqs/queue:Queue';
const TOPIC = 'aws:sns/topic:Topic';
const TOPIC_POLICY = 'aws:sns/topicPolicy:TopicPolicy';

const DAY_SECONDS = 86_400;

export const MESSAGING_RULES: readonly Rule[] = [
  {
    id: 'CT.SQS.PR.1',
    asks: 'a queue has a dead-letter queue',
    breakers: unless(QUEUE, (inputs) => isText(inputs['redrivePolicy'])),
    flaws: { 'another queue': withAnother(QUEUE) },
  },
  {
    id: 'CT.SQS.PR.2',
    asks: 'a queue is encrypted',
    breakers: unless(
      QUEUE,
      (inputs) => isText(inputs['kmsMasterKeyId']) !== (inputs['sqsManagedSseEnabled'] === true),
    ),
    flaws: {
      'in clear': edited(`${QUEUE}::undelivered`, { sqsManagedSseEnabled: false }),
      'by the account’s default': edited(`${QUEUE}::undelivered`, {
        sqsManagedSseEnabled: undefined,
      }),
    },
  },
  {
    id: 'FY.SQS.1',
    asks: 'a failure is kept for as long as SQS keeps anything, which is fourteen days',
    breakers: unless(QUEUE, (inputs) => inputs['messageRetentionSeconds'] === 14 * DAY_SECONDS),
    flaws: { 'four days': edited(`${QUEUE}::undelivered`, { messageRetentionSeconds: undefined }) },
  },
  {
    // The service has no right to use that key, so what CloudWatch publishes is dropped (CloudWatch User Guide, SNS).
    id: 'FY.SNS.1',
    asks: 'no topic is under the key of AWS, which would swallow the alarms',
    breakers: unless(TOPIC, (inputs) => inputs['kmsMasterKeyId'] !== 'alias/aws/sns'),
    flaws: {
      'under that key': edited(`${TOPIC}::fyers-messages`, { kmsMasterKeyId: 'alias/aws/sns' }),
    },
  },
  {
    id: 'FY.SNS.2',
    asks: 'a topic lets in only services, and each for this account',
    breakers: unless(TOPIC_POLICY, (inputs) =>
      statements(inputs['policy'])
        .filter(({ effect }) => effect === 'Allow')
        .every(
          ({ whole, condition }) =>
            isText(at(whole, 'Principal.Service')) &&
            isText(at(condition, 'StringEquals.aws:SourceAccount')),
        ),
    ),
    flaws: {
      'the default, which is everybody with this owner': granting(
        `${TOPIC_POLICY}::fyers-messages`,
        { Effect: 'Allow', Principal: '*', Action: 'sns:Publish' },
      ),
      'CloudWatch of any account': granting(`${TOPIC_POLICY}::fyers-messages`, {
        Effect: 'Allow',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Action: 'sns:Publish',
      }),
    },
  },
];
