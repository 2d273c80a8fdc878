// Tests that the address in a mailed link does not depend on the invoker or on the event.
import { SNSClient } from '@aws-sdk/client-sns';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import type {
  APIGatewayProxyEventV2,
  APIGatewayProxyStructuredResultV2,
  Context,
} from 'aws-lambda';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { parameterStore } from '../../../adapters/aws/parameters.ts';
import { namesFor } from '../../../core/config/names.ts';
import { type EmulatedAws, emulatedAws } from '../../support/emulated-aws.ts';
import { LINK, requestOf } from '../../support/logins.ts';
import { APP, LINK_KEY, SEVEN } from '../../support/keeper-fixture.ts';
import { openTopic } from '../../support/topic.ts';

const OWN = 'https://own.lambda-url.ap-south-1.on.aws/';
const context = { getRemainingTimeInMillis: () => 60_000 } as unknown as Context;

let aws: EmulatedAws;
let sqs: SQSClient;
let queueUrl = '';
let handler: (
  event: APIGatewayProxyEventV2,
  context: Context,
) => Promise<APIGatewayProxyStructuredResultV2>;

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
  ({ handler } = await import('../../../functions/login/handler.ts'));
});
afterAll(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await aws.close();
});

/** Creates an event that a principal with `lambda:InvokeFunction` could send. */
function createForeignEvent(method: string, url: string): APIGatewayProxyEventV2 {
  const event = requestOf(method, url);
  const requestContext = { ...event.requestContext, domainName: 'stranger.example' };
  return { ...event, headers: { host: 'stranger.example' }, requestContext };
}

test('A mailed link leads to the stack, not to the host in the event', async () => {
  expect(await handler(createForeignEvent('POST', '/ask'), context)).toMatchObject({
    statusCode: 200,
  });
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl: queueUrl, WaitTimeSeconds: 5 }),
  );
  const mail = Messages[0]?.Body ?? '';
  expect(mail).toContain(`${OWN}${LINK.slice(1)}`);
  expect(mail).not.toContain('stranger');
});

test('The redirect URL leads to the stack, not to the host in the event', async () => {
  const { body = '' } = await handler(createForeignEvent('GET', LINK), context);
  expect(body).toContain(encodeURIComponent(OWN));
  expect(body).not.toContain('stranger');
});
