// Tests the status of the stack against an independent emulator that contains a deployed stack.
import {
  CloudWatchClient,
  PutMetricAlarmCommand,
  PutMetricDataCommand,
} from '@aws-sdk/client-cloudwatch';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AwsOptions } from '../../cli/shared/io.ts';
import { subscriptionsFinding } from '../../cli/checks/alarms.ts';
import type { NamedFinding } from '../../cli/checks/check.ts';
import { joinUnread, unreadFinding } from '../../cli/commands/status.ts';
import { type ErrorCode, FyersError } from '../../core/errors.ts';
import { type Instant, dateOf, instant, istDate, istInstant } from '../../core/time.ts';
import { displayFingerprint } from '../../core/token/digest.ts';
import { loginNeeded, runFailed, tokenPublished } from '../../core/token/log.ts';
import { NEW_STATE, type TokenState } from '../../core/token/state.ts';
import { startFyers, type FyersSimulator } from '../../sandbox/fyers/server.ts';
import { mintToken } from '../../sandbox/fyers/tokens.ts';
import { APP, NOON, SEED, SEVEN } from '../sandbox/fyers/simulator.ts';
import { leaksOf } from '../support/canaries.ts';
import { openAccountsPerFile } from '../support/emulated-aws.ts';
import { type Deployment, installStack, logged } from '../support/stack-account.ts';
import { stage } from './cli-harness.ts';

const GOOD = mintToken(SEED, APP, 'access_token', SEVEN);
const YESTERDAYS = mintToken(SEED, APP, 'access_token', SEVEN - 86_400_000);
const TODAY = istDate('2026-11-25');
const at = (time: string): Instant => istInstant(TODAY, time);

const newAccount = openAccountsPerFile();
let fyers: FyersSimulator;

beforeAll(async () => {
  fyers = await startFyers({ seed: SEED, apps: [APP], refresh: 'refused', startsAt: NOON });
  fyers.setClock(NOON);
});
afterAll(() => fyers.close());

async function deployStack(changes: Partial<Deployment> = {}): Promise<AwsOptions> {
  const aws = newAccount();
  const well = { appId: APP.id, token: GOOD, state: NEW_STATE, without: [], ringing: false };
  await installStack(aws, { ...well, ...changes });
  return aws;
}

async function runStatus(aws: AwsOptions, now: Instant, ...flags: readonly string[]) {
  await using on = await stage({ aws, now });
  on.write('.env', `FYERS_API_URL=${fyers.url}\n`);
  return await on.run('status', ...flags);
}

const dimensionsOf = (Shard: string, Suffix = 'none') =>
  Object.entries({ Suffix, Shard }).map(([Name, Value]) => ({ Name, Value }));

/** Puts metrics of the harvester: name, value and shard. */
async function putMetrics(aws: AwsOptions, metrics: readonly [string, number, string][]) {
  const MetricData = metrics.map(([MetricName, Value, shard]) => ({
    ...{ MetricName, Value, Dimensions: dimensionsOf(shard) },
    Timestamp: dateOf(at('11:52')),
  }));
  const Namespace = 'FyersTokenRefresh';
  await new CloudWatchClient(aws).send(new PutMetricDataCommand({ Namespace, MetricData }));
}

/** Returns the state and the detail of a row of the table. */
function findRow(out: string, part: string): readonly string[] {
  const line = out.split('\n').find((each) => each.startsWith(`${part}  `)) ?? '';
  return line.split(/ {2,}/).slice(1);
}

const noon = instant(NOON);

describe('fyers status', () => {
  test('exits with 0 on one screen if everything is ready for the next session', async () => {
    const aws = await deployStack();
    const published = tokenPublished({ fingerprint: 'abcd', validUntil: null });
    await logged(aws, 'refresh', [
      [at('07:00'), loginNeeded('policy', 'Login needed.')],
      [at('07:05'), published],
      [at('07:06'), { level: 'info', event: 'run-started', message: 'no outcome' }],
    ]);
    const { code, out, err } = await runStatus(aws, noon);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.split('\n').length).toBeLessThanOrEqual(24);
    const fingerprint = displayFingerprint(GOOD);
    const rows: Readonly<Record<string, readonly [string, string?]>> = {
      token: [
        'live',
        `${fingerprint}, valid until 26 Nov 2026, 06:00 IST, proven by one live read, good for the session of 2026-11-25`,
      ],
      'refresh schedule': ['enabled', '07:00, 07:30, 08:15 Asia/Kolkata, every day'],
      'watch schedule': ['enabled'],
      'next run': ['07:00', '26 Nov 2026, 07:00 IST, trading days only'],
      'last refresh': ['published', '25 Nov 2026, 07:05 IST: A proven access token was published.'],
      'last watch': ['none', 'there is no log group'],
      refresh: ['not latched'],
      'login link': ['none open'],
      subscriptions: ['confirmed', 'email me@example.in'],
      alarms: ['quiet', 'ok: Fyers-refresh-failed'],
      harvester: ['silent', 'no heartbeat seen in the last day'],
    };
    for (const [part, row] of Object.entries(rows)) {
      expect(findRow(out, part).slice(0, row.length), part).toEqual(row);
    }
    expect(out).toContain('Good for the coming session: nothing to do.');
  });

  test.each([
    ['the trading day after a Friday', '2026-11-27', '12:00', '30 Nov 2026, 07:00 IST'],
    ['today’s next slot', '2026-11-25', '07:00', '25 Nov 2026, 07:30 IST'],
    ['today’s first slot, a moment before', '2026-11-25', '06:59:59.999', '25 Nov 2026, 07:00 IST'],
    ['tomorrow’s first slot, after today’s last', '2026-11-25', '08:15', '26 Nov 2026, 07:00 IST'],
  ])('computes the next run in Indian time: %s', async (_what, date, time, next) => {
    const aws = await deployStack();
    const { out } = await runStatus(aws, istInstant(istDate(date), time), '--offline');
    expect(findRow(out, 'next run')[1]).toContain(next);
  });

  test('prints the next step if no token is good, and shows the outstanding login link', async () => {
    const state = { ...NEW_STATE, policyOff: true, asked: { day: TODAY, slot: '07:30' } };
    const aws = await deployStack({ token: YESTERDAYS, state });
    await logged(aws, 'watch', [[at('08:45'), runFailed('operator.login', 'No live token.')]]);
    const { code, out } = await runStatus(aws, noon);
    expect(code).toBe(2);
    expect(findRow(out, 'token')[0]).toBe('expired');
    expect(findRow(out, 'refresh')[0]).toBe('switched off');
    expect(findRow(out, 'login link')).toEqual(['outstanding', 'requested by the 07:30 run']);
    expect(findRow(out, 'last watch')).toEqual([
      'failed',
      '25 Nov 2026, 08:45 IST: No live token.',
    ]);
    expect(out).toMatch(/^To do: .*`\.\/fyers login --aws`/m);
  });

  test('has no open login link in the evening while a token is live, and prints when a login helps', async () => {
    const state = { ...NEW_STATE, policyOff: true, asked: { day: TODAY, slot: '07:00' } };
    const aws = await deployStack({ state });
    const { code, out } = await runStatus(aws, istInstant(istDate('2026-11-25'), '20:00'));
    expect(code).toBe(2);
    expect(findRow(out, 'login link')).toEqual([
      'none open',
      'requested by the 07:00 run; a token is live',
    ]);
    expect(out).not.toContain('the message of today');
    expect(out).toContain('log in before that (from 26 Nov 2026, 06:30 IST on)');
  });

  test('exits with 2 for a latch, a missing schedule, and a ringing alarm', async () => {
    const state: TokenState = { ...NEW_STATE, latch: { reason: 'app-secret', input: 'x' } };
    const without = ['FyersTokenRefresh-0730'];
    const aws = await deployStack({ state, without, ringing: true });
    const { code, out } = await runStatus(aws, noon);
    expect(code).toBe(2);
    expect(findRow(out, 'refresh schedule')).toEqual([
      '2 of 3',
      '07:00, 08:15 Asia/Kolkata, every day; FyersTokenRefresh-0730 is absent',
    ]);
    expect(findRow(out, 'refresh')[0]).toBe('latched');
    expect(findRow(out, 'alarms')).toEqual(['1 ringing', 'ringing: Fyers-refresh-failed']);
    const todo = out.split('\n').filter((line) => line.startsWith('To do:'));
    expect(todo.join('\n')).toMatch(
      /pulumi up[\s\S]*myapi\.fyers\.in\/dashboard[\s\S]*An alarm rings/,
    );
  });

  test('reports a subscription that is not confirmed', () => {
    const channels = { topicArn: 'arn:aws:sns:x', telegramApiUrl: null };
    const pending = { protocol: 'email', endpoint: 'me@example.in', confirmed: false };
    expect(subscriptionsFinding(channels, [pending])).toMatchObject({
      state: 'pending',
      detail: 'email me@example.in (not confirmed)',
      todo: [expect.stringContaining('./fyers confirm')],
    });
    expect(
      subscriptionsFinding({ ...channels, telegramApiUrl: 'https://x' }, [pending]).todo,
    ).toEqual([]);
  });

  test('shows the harvester’s last heartbeat', async () => {
    const aws = await deployStack();
    await putMetrics(aws, [
      ['Heartbeat', 1, '0'],
      ['SlotsMissed', 3, '0'],
    ]);
    const { out } = await runStatus(aws, noon, '--offline');
    const [state, detail] = findRow(out, 'harvester');
    expect(state).toBe('alive');
    expect(detail).toMatch(
      /^shard 0: last heartbeat 25 Nov 2026, 11:5\d IST, 3 slots without a row in a day$/,
    );
  });

  test('reports a harvester without a heartbeat if an alarm watches it', async () => {
    const aws = await deployStack();
    const cloudwatch = new CloudWatchClient(aws);
    const watchedShards = [
      ['Fyers-harvester-silent', dimensionsOf('0')],
      ['Fyers-harvester-silent-1', dimensionsOf('1')],
      ['Fyers-harvester-silent-paper', dimensionsOf('2', 'paper')],
    ] as const;
    for (const [AlarmName, Dimensions] of watchedShards) {
      await cloudwatch.send(
        new PutMetricAlarmCommand({
          AlarmName,
          Dimensions: [...Dimensions],
          Namespace: 'FyersTokenRefresh',
          MetricName: 'Heartbeat',
          Statistic: 'SampleCount',
          Period: 60,
          EvaluationPeriods: 5,
          Threshold: 1,
          ComparisonOperator: 'LessThanThreshold',
        }),
      );
    }
    // Shard 3 was removed from the list; its heartbeats are still stored.
    await putMetrics(aws, [
      ['Heartbeat', 1, '0'],
      ['Heartbeat', 1, '3'],
    ]);
    const { out } = await runStatus(aws, noon, '--offline');
    expect(findRow(out, 'harvester')).toEqual([
      'silent',
      expect.stringMatching(
        /^shard 0: last heartbeat [^;]*; shard 1: no heartbeat seen in the last day$/,
      ),
    ]);
  });

  test('reports that nothing is deployed in an empty account', async () => {
    const { code, out } = await runStatus(newAccount(), noon);
    expect(code).toBe(2);
    expect(findRow(out, 'function')[0]).toBe('absent');
    expect(out).toContain('To do: Run `pulumi up`');
  });

  test('exits with 4 and prints the reason once if AWS cannot be read', async () => {
    const aws = { ...newAccount(), endpoint: 'http://127.0.0.1:9' };
    const { code, out, err } = await runStatus(aws, noon);
    expect({ code, err }).toEqual({ code: 4, err: '' });
    expect(findRow(out, '11 parts')[0]).toBe('not read');
    expect(findRow(out, '11 parts')[1]).toMatch(/ failed: .* Check the connection/);
    expect(out.match(/Check the connection/g)).toHaveLength(1);
  });

  test('exits with 3 if Fyers does not answer, and with 0 with --offline', async () => {
    const aws = await deployStack();
    await using on = await stage({ aws, now: noon });
    on.write('.env', 'FYERS_API_URL=http://127.0.0.1:9\n');
    const asked = await on.run('status');
    expect(asked.code).toBe(3);
    expect(findRow(asked.out, 'token')[1]).toContain(
      'not proven, The connection to 127.0.0.1:9 failed (ECONNREFUSED)',
    );
    expect((await on.run('status', '--offline')).code).toBe(0);
  });

  test('prints the same as JSON, and no token', async () => {
    const aws = await deployStack();
    const plain = await runStatus(aws, noon);
    const { code, out } = await runStatus(aws, noon, '--json');
    expect(code).toBe(0);
    const answer = JSON.parse(out) as { parts: { part: string; state: string }[] };
    expect(answer).toMatchObject({ good: true, region: 'ap-south-1', suffix: '', todo: [] });
    for (const { part, state } of answer.parts) expect(findRow(plain.out, part)[0]).toBe(state);
    expect(answer.parts.length).toBeGreaterThan(9);
    expect(leaksOf(`${plain.out}${out}`, { token: GOOD, secret: APP.secret })).toEqual([]);
  });
});

const READ: NamedFinding = {
  name: 'token',
  state: 'live',
  tone: 'good',
  detail: 'x',
  todo: [],
  facts: {},
};

function createUnread(
  name: string,
  nextStep: string,
  code: ErrorCode = 'operator.credentials',
): NamedFinding {
  const error = new FyersError(code, `Reading the ${name} failed.`, nextStep);
  return { name, ...unreadFinding(error) };
}

test('joinUnread merges parts that failed for the same reason', () => {
  const all = ['function', 'token', 'alarms'].map((name) =>
    createUnread(name, 'Run `aws configure`.'),
  );
  const joined = joinUnread(all);
  expect(joined).toHaveLength(1);
  expect(joined[0]).toMatchObject({ name: '3 parts', unread: 'aws', facts: all[0]?.facts });
});

test('joinUnread keeps parts with different reasons, and parts that were read', () => {
  const [alarms, schedule, log] = [
    createUnread('alarms', 'Run `aws configure`.'),
    createUnread('schedule', 'Allow it.', 'platform.permission'),
    createUnread('log', 'Run `aws configure`.'),
  ];
  const joined = joinUnread([READ, alarms, schedule, log]);
  expect(joined.map(({ name }) => name)).toEqual(['token', '2 parts', 'schedule']);
  expect(joined[1]?.detail).toMatch(/^alarms, log: /);
  expect(joinUnread([READ, READ, alarms])).toEqual([READ, READ, alarms]);
});
