// Tests what the functions send to the emulator's topic: the login function a link whose address does not depend on the
// invoker or on the event, and the watch, as EventBridge starts it, a read in CloudTrail.
import { SNSClient } from '@aws-sdk/client-sns';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import type {
  APIGatewayProxyEventV2,
  APIGatewayProxyStructuredResultV2,
  Context,
} from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { parameterStore } from '../../adapters/aws/parameters.ts';
import { namesFor } from '../../core/config/names.ts';
import { cloudTrailEvent, userIdentity } from '../support/cloudtrail-events.ts';
import { type EmulatedAws, emulatedAws } from '../support/emulated-aws.ts';
import { LINK, requestOf } from '../support/logins.ts';
import { APP, LINK_KEY, SEVEN } from '../support/keeper-fixture.ts';
import { openTopic } from '../support/topic.ts';

const OWN = 'https://own.lambda-url.ap-south-1.on.aws/';
const context = { getRemainingTimeInMillis: () => 60_000 } as unknown as Context;

let aws: EmulatedAws;
let sqs: SQSClient;
let queueUrl = '';
let login: (
  event: APIGatewayProxyEventV2,
  context: Context,
) => Promise<APIGatewayProxyStructuredResultV2>;
let watch: (event: unknown, context: Context) => Promise<unknown>;

beforeAll(async () => {
  aws = await emulatedAws();
  vi.useFakeTimers({ now: SEVEN, toFake: ['Date'] });
  vi.stubEnv('AWS_ENDPOINT_URL', aws.options.endpoint);
  vi.stubEnv('AWS_REGION', aws.options.region);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
  vi.stubEnv('FYERS_REDIRECT_URI', 'loginUrl');
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const ssm = new SSMClient(aws.options);
  const store = parameterStore({ client: ssm, names: namesFor(''), onSecret: () => undefined });
  await store.write('FYERS_CLIENT_ID', APP.id);
  await store.write('FYERS_SECRET_KEY', APP.secret);
  await store.write('FYERS_LINK_KEY', LINK_KEY);
  await ssm.send(new PutParameterCommand({ Name: 'FYERS_LOGIN_URL', Type: 'String', Value: OWN }));
  sqs = new SQSClient(aws.options);
  const topic = await openTopic(new SNSClient(aws.options), sqs, 'fyers-messages');
  queueUrl = topic.queueUrl;
  vi.stubEnv('FYERS_TOPIC_ARN', topic.topicArn);
  ({ handler: login } = await import('../../functions/login/handler.ts'));
  ({ handler: watch } = await import('../../functions/watch/handler.ts'));
});
afterAll(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await aws.close();
});

async function receiveMessage(): Promise<{ readonly Subject: string; readonly Message: string }> {
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl: queueUrl, WaitTimeSeconds: 5 }),
  );
  return JSON.parse(Messages[0]?.Body ?? '{}') as { Subject: string; Message: string };
}

/** Creates an event that a principal with `lambda:InvokeFunction` could send. */
function createForeignEvent(method: string, url: string): APIGatewayProxyEventV2 {
  const event = requestOf(method, url);
  const requestContext = { ...event.requestContext, domainName: 'stranger.example' };
  return { ...event, headers: { host: 'stranger.example' }, requestContext };
}

test('A mailed link leads to the stack, not to the host in the event', async () => {
  expect(await login(createForeignEvent('POST', '/ask'), context)).toMatchObject({
    statusCode: 200,
  });
  const mail = await receiveMessage();
  expect(mail.Message).toContain(`${OWN}${LINK.slice(1)}`);
  expect(JSON.stringify(mail)).not.toContain('stranger');
});

test('The redirect URL leads to the stack, not to the host in the event', async () => {
  const { body = '' } = await login(createForeignEvent('GET', LINK), context);
  expect(body).toContain(encodeURIComponent(OWN));
  expect(body).not.toContain('stranger');
});

describe('The watch, started for a read of a secret', () => {
  test('sends who read what, when and from where, and the next step', async () => {
    const asked = { name: 'FYERS_ACCESS_TOKEN', withDecryption: true };
    const event = cloudTrailEvent({ by: userIdentity('staff/alice'), asked });
    const alice = 'arn:aws:iam::123456789012:user/staff/alice';
    expect(await watch(event, context)).toEqual({ kind: 'told', who: alice });
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
    await watch(event, context);
    const { Subject, Message } = await receiveMessage();
    expect(Subject).toBe('A read of a Fyers secret from outside this stack was refused');
    expect(Message).toContain(
      'backup.amazonaws.com tried to read, and was refused (AccessDenied): FYERS_SECRET_KEY, FYERS_CLIENT_ID, with GetParameters',
    );
  });

  test('throws platform.message if the message cannot be sent', async () => {
    vi.stubEnv('FYERS_TOPIC_ARN', 'arn:aws:sns:ap-south-1:000000000000:gone');
    const event = cloudTrailEvent({ by: userIdentity('alice'), asked: { path: '/' } });
    await expect(watch(event, context)).rejects.toMatchObject({ code: 'platform.message' });
  });

  test.each([
    { 'detail-type': 'AWS Service Event via CloudTrail', detail: {} },
    { trigger: 'watch', slot: '07:00' },
    { trigger: 'watch', slot: '' },
    { trigger: 'slot', slot: '07:20' },
    null,
  ])('rejects an unknown event, with the code in the message: %j', async (event) => {
    await expect(watch(event, context)).rejects.toMatchObject({
      code: 'operator.usage',
      message: expect.stringMatching(/^operator\.usage: /) as unknown,
    });
  });
});
