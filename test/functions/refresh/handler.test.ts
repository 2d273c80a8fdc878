// Runs the handler as Lambda does, against the emulator and the Fyers simulator, and searches its
// output for secrets.
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SNSClient } from '@aws-sdk/client-sns';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DeleteParameterCommand, DescribeParametersCommand, SSMClient } from '@aws-sdk/client-ssm';
import type { Context } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { claimStore, parameterStore } from '../../../adapters/aws/parameters.ts';
import { REFRESHED_BODY, namesFor } from '../../../core/config/names.ts';
import { FyersError } from '../../../core/errors.ts';
import type { TokenStore } from '../../../core/ports.ts';
import { DAY, HOUR, MINUTE, brokerDay, formatUtc, plus } from '../../../core/time.ts';
import type { Answer } from '../../../functions/refresh/handler.ts';
import { type FyersSimulator, startFyers } from '../../../sandbox/fyers/server.ts';
import { leaksOf } from '../../support/canaries.ts';
import { type EmulatedAws, emulatedAws } from '../../support/emulated-aws.ts';
import {
  APP,
  LINK_KEY,
  PIN,
  PIN_KEY,
  SEVEN,
  SIMULATED_APP,
  accessToken,
  refreshToken,
} from '../../support/keeper-fixture.ts';
import { openTopic } from '../../support/topic.ts';

const names = namesFor('');
/** Registered as the app's redirect URL, so that a login needs one tap. */
const LOGIN_URL = 'https://login.example/';
const OLD = accessToken(plus(SEVEN, -2 * DAY));
const REFRESH = refreshToken(plus(SEVEN, -DAY));
const FOREIGN = accessToken(plus(SEVEN, -MINUTE), 9, 'XB00002');

let aws: EmulatedAws;
let ssm: SSMClient;
let sqs: SQSClient;
let inbox = '';
let store: TokenStore;
let handler: (event: unknown, context: Context) => Promise<Answer>;
/** The output of the handler in all tests, and the secrets that must not be in it. */
let emitted = '';
const secrets = new Map<string, string>();

beforeAll(async () => {
  // The clock must stand still: the session hours depend on the date.
  vi.useFakeTimers({ now: SEVEN, toFake: ['Date'] });
  aws = await emulatedAws();
  const { options } = aws;
  vi.stubEnv('AWS_ENDPOINT_URL', options.endpoint);
  vi.stubEnv('AWS_REGION', options.region);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
  vi.stubEnv('FYERS_DAYS', 'all');
  ssm = new SSMClient(options);
  sqs = new SQSClient(options);
  const topic = await openTopic(new SNSClient(options), sqs, 'fyers-messages');
  inbox = topic.queueUrl;
  vi.stubEnv('FYERS_TOPIC_ARN', topic.topicArn);
  vi.stubEnv('FYERS_LOGIN_URL', LOGIN_URL);
  vi.stubEnv('FYERS_REDIRECT_URI', 'loginUrl');
  const pin = new CreateSecretCommand({ Name: names.pinSecret, SecretString: PIN });
  await new SecretsManagerClient(options).send(pin);
  const onSecret = (value: string): void => {
    if (value.startsWith('eyJ')) secrets.set(value.slice(-8), value);
  };
  store = parameterStore({ client: ssm, names, onSecret });
  ({ handler } = await import('../../../functions/refresh/handler.ts'));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  vi.useRealTimers();
  await aws.close();
});

async function receiveMessages(): Promise<readonly string[]> {
  const all = new ReceiveMessageCommand({ QueueUrl: inbox, MaxNumberOfMessages: 10 });
  const { Messages = [] } = await sqs.send(all);
  return Messages.map(({ Body }) => (JSON.parse(Body ?? '') as { Message: string }).Message);
}

beforeEach(async () => {
  const { Parameters = [] } = await ssm.send(new DescribeParametersCommand({ MaxResults: 50 }));
  await Promise.all(Parameters.map(({ Name }) => ssm.send(new DeleteParameterCommand({ Name }))));
  await Promise.all([
    store.write('FYERS_CLIENT_ID', APP.id),
    store.write('FYERS_SECRET_KEY', APP.secret),
    store.write('FYERS_LINK_KEY', LINK_KEY),
    store.write('FYERS_PIN_KEY', PIN_KEY),
    store.write('FYERS_ACCESS_TOKEN', OLD),
    store.write('FYERS_REFRESH_TOKEN', REFRESH),
  ]);
  vi.stubEnv('FYERS_PIN_SECRET', names.pinSecret);
});

const contextOf = (remainingMs: number) =>
  ({ getRemainingTimeInMillis: () => remainingMs }) as Context;

/** Returns the handler's answer or error, and keeps its output for the search. */
async function invoke(event: unknown, remainingMs = 120_000): Promise<unknown> {
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((line) => {
    emitted += String(line);
    return true;
  });
  try {
    const answer = await handler(event, contextOf(remainingMs));
    emitted += JSON.stringify(answer);
    return answer;
  } catch (caught) {
    // Lambda logs the error like this; Node can also show its stack.
    emitted += JSON.stringify(caught) + String(caught instanceof Error ? caught.stack : caught);
    return caught;
  } finally {
    write.mockRestore();
  }
}

async function withFyers(
  refresh: 'accepted' | 'refused',
  work: (fyers: FyersSimulator) => Promise<void>,
): Promise<void> {
  const fyers = await startFyers({
    seed: 'test',
    apps: [SIMULATED_APP],
    refresh,
    startsAt: SEVEN,
  });
  vi.stubEnv('FYERS_API_URL', fyers.url);
  try {
    await work(fyers);
  } finally {
    await fyers.close();
  }
}

const countRefreshes = (fyers: FyersSimulator) =>
  fyers.requests().filter(({ path }) => path === '/api/v3/validate-refresh-token').length;

describe('FyersTokenRefresh', () => {
  test('publishes a live token once, and keeps it when it is started again', async () => {
    await withFyers('accepted', async (fyers) => {
      const good = { statusCode: 200, body: REFRESHED_BODY };
      expect(await invoke({})).toEqual(good);
      const published = await store.read('FYERS_ACCESS_TOKEN');
      expect(published).not.toBe(OLD);
      expect(await invoke({ trigger: 'slot', slot: '07:00' })).toEqual(good);
      expect(await store.read('FYERS_ACCESS_TOKEN')).toBe(published);
      expect(countRefreshes(fyers)).toBe(1);
    });
  });

  test('answers 202 and sends the login link if Fyers has switched refresh off, and sends the PIN only once', async () => {
    await withFyers('refused', async (fyers) => {
      const body = JSON.stringify({
        message:
          'Login link sent; waiting for the login: Fyers has switched refresh tokens off to comply with SEBI regulations.',
      });
      for (const event of [{ trigger: 'slot', slot: '07:00' }, {}, {}]) {
        expect(await invoke(event)).toEqual({ statusCode: 202, body });
      }
      expect(countRefreshes(fyers)).toBe(1);
      expect(await store.read('FYERS_ACCESS_TOKEN')).toBe(OLD);
      const messages = await receiveMessages();
      expect(messages).toHaveLength(3);
      emitted += messages.join('\n');
      for (const text of messages) expect(text).toContain(`${LOGIN_URL}go/2026-11-25/`);
    });
  });

  test('answers 202 and reports the missing PIN if none is configured', async () => {
    vi.stubEnv('FYERS_PIN_SECRET', undefined);
    await withFyers('accepted', async () => {
      expect(await invoke({})).toMatchObject({
        statusCode: 202,
        body: expect.stringContaining('no PIN is configured') as unknown,
      });
    });
  });

  test('adopts newer tokens and answers with their fingerprints', async () => {
    await withFyers('accepted', async () => {
      const newer = accessToken(plus(SEVEN, -MINUTE), 3);
      secrets.set('adopted', newer);
      const newerRefresh = refreshToken(plus(SEVEN, -HOUR), 4);
      secrets.set('adopted refresh', newerRefresh);
      const answer = await invoke({ adopt: { accessToken: newer, refreshToken: newerRefresh } });
      expect(answer).toMatchObject({ statusCode: 200 });
      expect(JSON.parse((answer as Answer).body)).toEqual({
        accessToken: { did: 'published', fingerprint: expect.stringMatching(/^\w{8}$/) as unknown },
        refreshToken: { did: 'stored', fingerprint: expect.stringMatching(/^\w{8}$/) as unknown },
      });
      expect(await store.read('FYERS_ACCESS_TOKEN')).toBe(newer);
    });
  });

  test('encrypts the published token with the key in FYERS_KEY_ID', async () => {
    const KeyId = 'arn:aws:kms:ap-south-1:000000000000:key/own';
    vi.stubEnv('FYERS_KEY_ID', KeyId);
    await withFyers('accepted', async () => {
      await invoke({});
    });
    vi.stubEnv('FYERS_KEY_ID', undefined);
    const { Parameters } = await ssm.send(new DescribeParametersCommand({}));
    const Name = 'FYERS_ACCESS_TOKEN';
    expect(Parameters).toContainEqual(expect.objectContaining({ Name, KeyId }) as unknown);
  });

  test.each<[string, string, () => Promise<unknown>, unknown?]>([
    [
      'a wrong app secret',
      'operator.app-secret',
      () => store.write('FYERS_SECRET_KEY', 'OTHERSECRET99'),
    ],
    [
      'an app that is not stored',
      'operator.credentials',
      () => ssm.send(new DeleteParameterCommand({ Name: 'FYERS_CLIENT_ID' })),
    ],
    [
      'an unreadable state',
      'platform.integrity',
      () => store.write('FYERS_TOKEN_STATE', `rubbish ${APP.secret}`),
    ],
    ['an unknown event', 'operator.usage', () => Promise.resolve(), { adopt: { pin: PIN } }],
    [
      'a claim of another run until the time runs out',
      'broker.unreachable',
      () => claimStore(ssm).take(names.claim(brokerDay(SEVEN), 1), formatUtc(SEVEN)),
    ],
  ])('throws for %s', async (_title, code, arrange, event = {}) => {
    await arrange();
    await withFyers('accepted', async () => {
      const outcome = await invoke(event, 6_000);
      expect(outcome).toBeInstanceOf(FyersError);
      expect(outcome).toMatchObject({ code });
    });
  });

  test('answers 200 and reports a foreign and a malformed token', async () => {
    await withFyers('accepted', async () => {
      const answer = await invoke({ adopt: { accessToken: FOREIGN, refreshToken: OLD } });
      expect(answer).toMatchObject({ statusCode: 200 });
      expect(JSON.parse((answer as Answer).body)).toMatchObject({
        accessToken: { did: 'foreign' },
        refreshToken: { did: 'malformed' },
      });
    });
  });

  // This test must be the last: it searches the output of all others.
  test('prints no token, PIN or secret in any form', () => {
    expect(secrets.size).toBeGreaterThan(4);
    expect(emitted.split('\n').length).toBeGreaterThan(30);
    const canaries = { ...Object.fromEntries(secrets), OLD, REFRESH, FOREIGN };
    expect(leaksOf(emitted, { ...canaries, secret: APP.secret, other: 'OTHERSECRET99' })).toEqual(
      [],
    );
    // A time or a fingerprint can contain the four digits; the PIN must not appear as a separate
    // value.
    expect(emitted).not.toMatch(new RegExp(`(?<![\\w.])${PIN}(?![\\w.])`));
  });
});
