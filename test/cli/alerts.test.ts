// Runs `confirm` and `test-alert` against the emulator; an HTTP server on loopback replaces the
// mailbox.
import {
  CreateTopicCommand,
  ListSubscriptionsByTopicCommand,
  SNSClient,
  SubscribeCommand,
} from '@aws-sdk/client-sns';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { awsFront } from '../support/aws-front.ts';
import { type Deployer, deployer } from '../support/deployed.ts';
import { ACCOUNT, type EmulatedAws, emulatedAws, personSaying } from '../support/emulated-aws.ts';
import { mailbox } from '../support/mailbox.ts';
import { telegramServer } from '../support/telegram-server.ts';
import { stage } from './cli-harness.ts';

const BOT = '123456789:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';
const CONFIRM = 'https://sns.ap-south-1.amazonaws.com/confirmation.html';
const LONG_TOKEN = 'a'.repeat(64);

let aws: EmulatedAws;
let sns: SNSClient;
let functions: Deployer;
let topic = '';
beforeAll(async () => {
  aws = await emulatedAws();
  sns = new SNSClient(aws.options);
  topic = await newTopic('fyers-alarms');
  functions = await deployer(aws);
}, 180_000);
afterAll(async () => {
  sns.destroy();
  functions.close();
  await aws.close();
});

async function newTopic(Name: string): Promise<string> {
  const { TopicArn = '' } = await sns.send(new CreateTopicCommand({ Name }));
  return TopicArn;
}

/** Deploys FyersLogin with the variables that the Pulumi program sets. */
function deployLogin(variables: Readonly<Record<string, string>>): Promise<void> {
  return functions.deploy('FyersLogin', variables);
}

function deployTelegram(topicArn: string, url: string): Promise<void> {
  const telegram = { FYERS_TELEGRAM: 'yes', FYERS_TELEGRAM_API_URL: url };
  return deployLogin({ FYERS_TOPIC_ARN: topicArn, ...telegram });
}

async function subscribeEndpoint(TopicArn: string, Endpoint: string): Promise<void> {
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'http', Endpoint }));
}

function linkFor(topicArn: string, token: string): string {
  const query = new URLSearchParams({
    TopicArn: topicArn,
    Token: token,
    Endpoint: 'me@example.in',
  });
  return `${CONFIRM}?${query.toString()}`;
}

/**
 * SNS's answer with one subscription in each state, in AWS's format; the emulator's format differs.
 */
const LISTED = `<ListSubscriptionsByTopicResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><ListSubscriptionsByTopicResult><Subscriptions>
<member><SubscriptionArn>PendingConfirmation</SubscriptionArn><Protocol>email</Protocol><Endpoint>new@example.in</Endpoint></member>
<member><SubscriptionArn>Deleted</SubscriptionArn><Protocol>email</Protocol><Endpoint>old@example.in</Endpoint></member>
</Subscriptions></ListSubscriptionsByTopicResult></ListSubscriptionsByTopicResponse>`;

function startPendingFront(endpoint: string) {
  return awsFront(endpoint, ({ body }) =>
    body.includes('Action=ListSubscriptionsByTopic') ? { status: 200, body: LISTED } : null,
  );
}

describe('fyers confirm', () => {
  test('confirms with AuthenticateOnUnsubscribe, and rejects a link that was already used', async () => {
    await using mail = await mailbox();
    await using front = await awsFront(aws.options.endpoint);
    await using at = await stage({ aws: { ...aws.options, endpoint: front.url } });
    const own = await newTopic('to-confirm');
    await subscribeEndpoint(own, mail.address);
    const { Token = '' } = await mail.next();
    const { code, out, err } = await at.run('confirm', linkFor(own, Token));
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(`Confirmed: you get the messages of ${own}`);
    expect(out).not.toContain(Token);
    const sent = front.requests.find(({ body }) => body.includes('ConfirmSubscription'));
    expect(sent?.body).toContain('AuthenticateOnUnsubscribe=true');
    const again = await at.run('confirm', linkFor(own, Token));
    expect(again.code).toBe(2);
    expect(again.err).toMatch(
      /^operator\.channel: .*three days.*fyers test-alert --resubscribe`\./,
    );
    expect(again.err).not.toContain(Token);
  });

  test('asks for the link if it is not given, and accepts the API URL and an HTML-escaped link', async () => {
    const forms = [
      `https://sns.ap-south-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=${topic}x&Token=${LONG_TOKEN}`,
      `${CONFIRM}?TopicArn=${topic}x&amp;Token=${LONG_TOKEN}`,
    ];
    for (const form of forms) {
      await using at = await stage({ aws: aws.options, person: personSaying(` ${form}\n`) });
      const { code, err } = await at.run('confirm');
      expect(code).toBe(2);
      expect(err).toMatch(/^operator\.channel: The topic .*x no longer exists\./);
    }
  });

  const [query, port] = [
    `TopicArn=arn:aws:sns:ap-south-1:${ACCOUNT}:t&Token=${LONG_TOKEN}`,
    ':8443',
  ];
  test.each([
    ['no text', ''],
    ['another host', `https://sns.ap-south-1.amazonaws.com.evil.in/confirmation.html?${query}`],
    [
      'a host in the user part',
      `https://sns.ap-south-1.amazonaws.com@evil.in/confirmation.html?${query}`,
    ],
    ['a user', `https://me@sns.ap-south-1.amazonaws.com/confirmation.html?${query}`],
    ['a port', `https://sns.ap-south-1.amazonaws.com${port}/confirmation.html?${query}`],
    ['no encryption', `http://sns.ap-south-1.amazonaws.com/confirmation.html?${query}`],
    ['another region', `https://sns.us-east-1.amazonaws.com/confirmation.html?${query}`],
    ['a topic in another region', `${CONFIRM}?${query.replace('ap-south-1', 'us-east-1')}`],
    ['another action', `https://sns.ap-south-1.amazonaws.com/?Action=Unsubscribe&${query}`],
    ['another page', `https://sns.ap-south-1.amazonaws.com/unsubscribe.html?${query}`],
    ['no token', `${CONFIRM}?TopicArn=arn:aws:sns:ap-south-1:${ACCOUNT}:t`],
    ['no topic', `${CONFIRM}?Token=${LONG_TOKEN}`],
  ])('rejects a link with %s and sends no request to AWS', async (_what, link) => {
    await using front = await awsFront(aws.options.endpoint);
    await using at = await stage({ aws: { ...aws.options, endpoint: front.url } });
    const { code, err } = await at.run('confirm', link);
    expect(code).toBe(2);
    expect(err).toMatch(/^operator\.usage: The link .*, so it was not opened\./);
    expect(front.requests).toEqual([]);
  });

  test('rejects a topic of another AWS account', async () => {
    await using front = await awsFront(aws.options.endpoint);
    await using at = await stage({ aws: { ...aws.options, endpoint: front.url } });
    const foreign = linkFor('arn:aws:sns:ap-south-1:111122223333:fyers-alarms', LONG_TOKEN);
    const { code, err } = await at.run('confirm', foreign);
    expect(code).toBe(2);
    expect(err).toMatch(
      /AWS account 111122223333, but your identity belongs to 0{12}.*delete the mail/,
    );
    expect(front.requests.map(({ body }) => /Action=(\w+)/.exec(body)?.[1])).toEqual([
      'GetCallerIdentity',
    ]);
  });
});

describe('fyers test-alert', () => {
  test('sends a message to every channel of the login function', async () => {
    await using mail = await mailbox();
    await using telegram = await telegramServer(BOT);
    await subscribeEndpoint(topic, mail.address);
    const { Token = '' } = await mail.next();
    await deployTelegram(topic, telegram.url);
    const ssm = new SSMClient(aws.options);
    await ssm.send(
      new PutParameterCommand({ Name: 'FYERS_TELEGRAM', Value: `${BOT}/42`, Type: 'SecureString' }),
    );
    ssm.destroy();
    await using at = await stage({ aws: aws.options });
    expect((await at.run('confirm', linkFor(topic, Token))).code).toBe(0);
    const { code, out, err } = await at.run('test-alert');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(await mail.next()).toMatchObject({
      Type: 'Notification',
      Subject: 'Fyers test message: no action needed',
    });
    expect(out).toContain(`confirmed     http  ${mail.address}`);
    expect(out).toContain('Sent to 1 of 1 subscriptions.');
    expect(out).toContain('Sent to chat 42.');
    expect(out).not.toContain(BOT);
    expect(telegram.messages).toMatchObject([{ chat_id: '42' }]);
    expect(telegram.messages[0]?.text).toContain('Sent on 25 Nov 2026, 12:00 IST');
  });

  test('exits with 4 if one channel fails, and still sends to the other', async () => {
    await deployTelegram(topic, 'http://127.0.0.1:9');
    await using at = await stage({ aws: aws.options });
    const { code, out, err } = await at.run('test-alert');
    expect(code).toBe(4);
    expect(out).toMatch(/Sent to 1 of 1[\s\S]*Telegram\nNot sent \(platform\.message\)\./);
    expect(err).toMatch(/^platform\.message: .*ECONNREFUSED/);
    expect(`${out}${err}`).not.toContain(BOT);
  });

  test('exits with 2 if every subscription is pending, and names the ways to confirm', async () => {
    await deployLogin({ FYERS_TOPIC_ARN: topic });
    await using front = await startPendingFront(aws.options.endpoint);
    await using at = await stage({ aws: { ...aws.options, endpoint: front.url } });
    const { code, out, err } = await at.run('test-alert');
    expect(code).toBe(2);
    expect(out).toMatch(/^pending +email {2}new@example\.in$/m);
    expect(err).toMatch(
      /^operator\.channel: No subscription is confirmed.*fyers confirm`.*--resubscribe`\./,
    );
  });

  test('exits with 0 if Telegram is the only channel', async () => {
    const silent = await newTopic('silent');
    await using telegram = await telegramServer(BOT);
    await deployTelegram(silent, telegram.url);
    await using at = await stage({ aws: aws.options });
    const { code, out, err } = await at.run('test-alert');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('Sent to chat 42.');
  });

  test('exits with 2 if the topic has no subscription, and names the command that adds one', async () => {
    const silent = await newTopic('silent');
    await deployLogin({ FYERS_TOPIC_ARN: silent });
    await using at = await stage({ aws: aws.options });
    const { code, out, err } = await at.run('test-alert');
    expect(code).toBe(2);
    expect(out).toBe(`Topic ${silent}\nSent to 0 of 0 subscriptions.`);
    expect(err).toMatch(/^operator\.channel: There is no subscription.*pulumi config set email/);
  });

  test.each([
    ['the given address', ['--resubscribe', 'me@example.in'], '', 'me%40example.in'],
    ['FYERS_EMAIL', ['--resubscribe'], 'FYERS_EMAIL=env@example.in\n', 'env%40example.in'],
    ['each pending address', ['--resubscribe'], '', 'new%40example.in'],
  ])('asks AWS to send a new confirmation mail to %s', async (_what, flags, env, endpoint) => {
    await deployLogin({ FYERS_TOPIC_ARN: topic });
    await using front = await startPendingFront(aws.options.endpoint);
    await using at = await stage({ aws: { ...aws.options, endpoint: front.url } });
    at.write('.env', env);
    const { code, out } = await at.run('test-alert', ...flags);
    expect(code).toBe(0);
    expect(out).toContain(`AWS sends a mail to ${decodeURIComponent(endpoint)}`);
    const asked = front.requests.find(({ body }) => body.includes('Action=Subscribe&'));
    expect(asked?.body).toContain(`Endpoint=${endpoint}`);
    const { Subscriptions = [] } = await sns.send(
      new ListSubscriptionsByTopicCommand({ TopicArn: topic }),
    );
    expect(Subscriptions.map(({ Endpoint }) => Endpoint)).toContain(decodeURIComponent(endpoint));
  });

  test('prints the next step if the channel, the topic, the stack or a valid address is missing', async () => {
    await deployLogin({ FYERS_DAYS: 'all' });
    await using at = await stage({ aws: aws.options });
    expect((await at.run('test-alert')).err).toMatch(
      /^operator\.channel: .*pulumi config set email/,
    );
    expect((await at.run('test-alert', '--resubscribe')).err).toMatch(
      /^operator\.channel: .*topic/,
    );
    expect((await at.run('test-alert', '--suffix', 'none')).err).toMatch(
      /^operator\.prerequisite: There is no function FyersLogin-none in ap-south-1\. Run `pulumi up`/,
    );
    await deployLogin({ FYERS_TOPIC_ARN: topic });
    expect((await at.run('test-alert', '--resubscribe', 'nobody')).err).toMatch(
      /^operator\.usage: "nobody" is not an e-mail address\./,
    );
  });
});
