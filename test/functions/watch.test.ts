// Runs the watch as EventBridge starts it for a read in CloudTrail, against the emulator's topic.
import { SNSClient } from '@aws-sdk/client-sns';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Context } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { cloudTrailEvent, userIdentity } from '../support/cloudtrail-events.ts';
import { type EmulatedAws, emulatedAws } from '../support/emulated-aws.ts';
import { openTopic } from '../support/topic.ts';

let aws: EmulatedAws;
let sqs: SQSClient;
let queueUrl = '';
let handler: (event: unknown, context: Context) => Promise<unknown>;
const context = { getRemainingTimeInMillis: () => 60_000 } as unknown as Context;

beforeAll(async () => {
  aws = await emulatedAws();
  const { endpoint, region } = aws.options;
  vi.stubEnv('AWS_ENDPOINT_URL', endpoint);
  vi.stubEnv('AWS_REGION', region);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
  sqs = new SQSClient(aws.options);
  const topic = await openTopic(new SNSClient(aws.options), sqs, 'fyers-messages');
  queueUrl = topic.queueUrl;
  vi.stubEnv('FYERS_TOPIC_ARN', topic.topicArn);
  ({ handler } = await import('../../functions/watch/handler.ts'));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await aws.close();
});

async function receiveMessage(): Promise<{ readonly Subject: string; readonly Message: string }> {
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl: queueUrl, WaitTimeSeconds: 5 }),
  );
  return JSON.parse(Messages[0]?.Body ?? '{}') as { Subject: string; Message: string };
}

describe('The watch, started for a read of a secret', () => {
  test('sends who read what, when and from where, and the next step', async () => {
    const asked = { name: 'FYERS_ACCESS_TOKEN', withDecryption: true };
    const event = cloudTrailEvent({ by: userIdentity('staff/alice'), asked });
    const alice = 'arn:aws:iam::123456789012:user/staff/alice';
    expect(await handler(event, context)).toEqual({ kind: 'told', who: alice });
    const { Subject, Message } = await receiveMessage();
    expect(Subject).toBe('A Fyers secret was read from outside this stack');
    expect(Message.split('\n')[0]).toBe(
      `${alice} read FYERS_ACCESS_TOKEN, with GetParameter, on 25 Nov 2026, 10:15 IST, from 203.0.113.7 (aws-cli/2.31.4).`,
    );
    expect(Message).toContain('pulumi config set --secret secretKey');
  });

  test('reports a refused read as refused', async () => {
    const event = cloudTrailEvent({
      by: { type: 'AWSService', invokedBy: 'backup.amazonaws.com' },
      eventName: 'GetParameters',
      asked: { names: ['FYERS_SECRET_KEY', 'FYERS_CLIENT_ID'] },
      errorCode: 'AccessDenied',
    });
    await handler(event, context);
    const { Subject, Message } = await receiveMessage();
    expect(Subject).toBe('A read of a Fyers secret from outside this stack was refused');
    expect(Message).toContain(
      'backup.amazonaws.com tried to read, and was refused (AccessDenied): FYERS_SECRET_KEY, FYERS_CLIENT_ID, with GetParameters',
    );
  });

  test('throws platform.message if the message cannot be sent', async () => {
    vi.stubEnv('FYERS_TOPIC_ARN', 'arn:aws:sns:ap-south-1:000000000000:gone');
    const event = cloudTrailEvent({ by: userIdentity('alice'), asked: { path: '/' } });
    await expect(handler(event, context)).rejects.toMatchObject({ code: 'platform.message' });
  });

  test.each([
    { 'detail-type': 'AWS Service Event via CloudTrail', detail: {} },
    { trigger: 'watch', slot: '07:00' },
    { trigger: 'watch', slot: '' },
    { trigger: 'slot', slot: '07:20' },
    null,
  ])('rejects an unknown event, with the code in the message: %j', async (event) => {
    await expect(handler(event, context)).rejects.toMatchObject({
      code: 'operator.usage',
      message: expect.stringMatching(/^operator\.usage: /) as unknown,
    });
  });
});
