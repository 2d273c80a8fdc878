import { beforeAll, describe, expect, test } from 'vitest';
import { type Graph, type Registered, allOf, asRecord, graphOf, one } from '../support/graph.ts';
import { APP_ONLY, WHOLE } from '../support/stack-configs.ts';

const FUNCTION = 'aws:lambda/function:Function';
const TOPIC = 'arn:aws:mock:::Topic/fyers-messages';
const QUEUE = 'arn:aws:mock:::Queue/undelivered';
const LOGIN_URL = 'https://login-1234567.mock/';
const ACTORS = ['refresh', 'login', 'watch'] as const;

let whole: Graph;
beforeAll(async () => {
  whole = await graphOf({ ...WHOLE, config: { ...WHOLE.config, fyId: 'XA00001' } });
});

const variables = (graph: Graph, name: string) =>
  asRecord(one(graph, FUNCTION, name).inputs['environment'])['variables'];

describe('Each function of the keeper', () => {
  test.each([
    ['refresh', 'FyersTokenRefresh', 120],
    ['login', 'FyersLogin', 90],
    ['watch', 'FyersWatch', 110],
  ])('%s runs on Node 24 and arm64 with its own log group', (actor, name, timeout) => {
    expect(one(whole, FUNCTION, actor).inputs).toMatchObject({
      name,
      runtime: 'nodejs24.x',
      architectures: ['arm64'],
      handler: `${actor}.handler`,
      memorySize: 256,
      timeout,
      loggingConfig: { logFormat: 'Text', logGroup: `/aws/lambda/${name}` },
    });
    expect(one(whole, 'aws:cloudwatch/logGroup:LogGroup', actor).inputs).toMatchObject({
      name: `/aws/lambda/${name}`,
      retentionInDays: 365,
    });
  });

  test('has its own role', () => {
    const roles = ACTORS.map((actor) => one(whole, FUNCTION, actor).inputs['role']);
    expect(roles).toEqual(ACTORS.map((actor) => `arn:aws:mock:::Role/fyers-${actor}`));
  });

  test('has only its own handler in its zip', () => {
    for (const actor of ACTORS) {
      const assets = asRecord(asRecord(one(whole, FUNCTION, actor).inputs['code'])['assets']);
      expect(String(asRecord(assets[`${actor}.mjs`])['text'])).toContain('as handler');
      const others = ACTORS.filter((other) => other !== actor).map((other) => `${other}.mjs`);
      expect(Object.keys(assets)).not.toEqual(expect.arrayContaining(others));
    }
  });
});

describe('The environment', () => {
  const SHARED = {
    FYERS_SUFFIX: '',
    FYERS_API_URL: 'https://api-t1.fyers.in',
    FYERS_REDIRECT_URI: 'https://trade.fyers.in/api-login/redirect-uri/index.html',
    FYERS_DAYS: 'trading',
    FYERS_HARVESTER: 'yes',
    FYERS_FY_ID: 'XA00001',
    FYERS_TOPIC_ARN: TOPIC,
    FYERS_TELEGRAM: 'yes',
  };

  test('of the login has no login URL, because each request has one', () => {
    expect(variables(whole, 'login')).toEqual(SHARED);
  });

  test('of the watch contains the login URL', () => {
    expect(variables(whole, 'watch')).toEqual({ ...SHARED, FYERS_LOGIN_URL: LOGIN_URL });
  });

  test('of the refresh contains the name of the PIN’s secret', () => {
    expect(variables(whole, 'refresh')).toEqual({
      ...SHARED,
      FYERS_LOGIN_URL: LOGIN_URL,
      FYERS_PIN_SECRET: 'FYERS_PIN',
      FYERS_PROBE_REFRESH: 'weekly',
    });
  });

  test('omits settings that are not configured, and contains no secret', async () => {
    const graph = await graphOf(APP_ONLY);
    const { FYERS_TELEGRAM: _chat, FYERS_FY_ID: _account, ...least } = SHARED;
    expect(variables(graph, 'login')).toEqual(least);
    expect(variables(graph, 'refresh')).toEqual({
      ...least,
      FYERS_LOGIN_URL: LOGIN_URL,
      FYERS_PROBE_REFRESH: 'weekly',
    });
    expect(allOf(whole, FUNCTION).flatMap(({ secrets }) => secrets)).toEqual([]);
  });

  test('contains the interval of refresh probes', async () => {
    const graph = await graphOf({ ...APP_ONLY, config: { probeRefresh: 'daily' } });
    expect(variables(graph, 'refresh')).toMatchObject({ FYERS_PROBE_REFRESH: 'daily' });
  });

  test('contains the redirect URL and the endpoint of Telegram from the configuration', async () => {
    const config = { redirectUri: 'loginUrl', telegramApiUrl: 'http://127.0.0.1:4001' };
    const graph = await graphOf({ ...APP_ONLY, config });
    for (const actor of ACTORS) {
      expect(variables(graph, actor)).toMatchObject({
        FYERS_REDIRECT_URI: 'loginUrl',
        FYERS_TELEGRAM_API_URL: 'http://127.0.0.1:4001',
      });
    }
  });
});

describe('The login URL', () => {
  test('is public and is an output', () => {
    expect(one(whole, 'aws:lambda/functionUrl:FunctionUrl').inputs).toEqual({
      functionName: 'FyersLogin',
      authorizationType: 'NONE',
    });
    expect(whole.outputs['loginUrl']).toBe(LOGIN_URL);
  });
});

describe('A failed event', () => {
  test.each([
    ['refresh', 'FyersTokenRefresh'],
    ['watch', 'FyersWatch'],
  ])('of the %s is not retried by Lambda and goes to the queue', (actor, functionName) => {
    const config = one(
      whole,
      'aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig',
      actor,
    );
    expect(config.inputs).toEqual({
      functionName,
      maximumRetryAttempts: 0,
      maximumEventAgeInSeconds: 900,
      destinationConfig: { onFailure: { destination: QUEUE } },
    });
    expect(config.dependsOn).toContain(`aws:iam/rolePolicy:RolePolicy::fyers-${actor}`);
    expect(one(whole, 'aws:sqs/queue:Queue').inputs).toMatchObject({ sqsManagedSseEnabled: true });
  });
});

describe('The schedules', () => {
  const SCHEDULE = 'aws:scheduler/schedule:Schedule';

  function planOf({ inputs }: Registered): readonly unknown[] {
    const target = asRecord(inputs['target']);
    const event: unknown = JSON.parse(String(target['input']));
    return [inputs['name'], inputs['scheduleExpression'], target['arn'], event];
  }

  test('start the refresh and the watch at each of their slots, with the slot in the event', () => {
    const slot = (at: string) => ({ trigger: 'slot', slot: at });
    const look = (at: string) => ({ trigger: 'watch', slot: at });
    const refresh = 'arn:aws:mock:::Function/refresh';
    const watch = 'arn:aws:mock:::Function/watch';
    const plans = [
      ['FyersTokenRefreshDaily', 'cron(0 7 * * ? *)', refresh, slot('07:00')],
      ['FyersTokenRefresh-0730', 'cron(30 7 * * ? *)', refresh, slot('07:30')],
      ['FyersTokenRefresh-0815', 'cron(15 8 * * ? *)', refresh, slot('08:15')],
      ['FyersWatch-0720', 'cron(20 7 * * ? *)', watch, look('07:20')],
      ['FyersWatch-0845', 'cron(45 8 * * ? *)', watch, look('08:45')],
      ['FyersWatch-0905', 'cron(5 9 * * ? *)', watch, look('09:05')],
      ['FyersWatch-0930', 'cron(30 9 * * ? *)', watch, look('09:30')],
    ];
    // Pulumi does not register dependent resources in a fixed order.
    expect(new Set(allOf(whole, SCHEDULE).map(planOf))).toEqual(new Set(plans));
    expect(whole.outputs['schedules']).toEqual(plans.map(([name]) => name));
  });

  test('use Indian time to the minute, with few retries and a dead-letter queue', () => {
    for (const { name, inputs, dependsOn } of allOf(whole, SCHEDULE)) {
      expect(inputs, name).toMatchObject({
        state: 'ENABLED',
        groupName: 'default',
        scheduleExpressionTimezone: 'Asia/Kolkata',
        flexibleTimeWindow: { mode: 'OFF' },
        target: {
          roleArn: 'arn:aws:mock:::Role/fyers-schedule',
          retryPolicy: { maximumRetryAttempts: 3, maximumEventAgeInSeconds: 900 },
          deadLetterConfig: { arn: QUEUE },
        },
      });
      expect(dependsOn, name).toContain('aws:iam/rolePolicy:RolePolicy::fyers-schedule');
    }
  });
});
