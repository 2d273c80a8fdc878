// Tests which reads of a secret are reported: the emulator evaluates the registered EventBridge
// pattern on events in CloudTrail's documented format.
import { EventBridgeClient, TestEventPatternCommand } from '@aws-sdk/client-eventbridge';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { namesFor } from '../../core/config/names.ts';
import { readPattern } from '../../infra/components/outside-reads.ts';
import {
  type Call,
  ROOT_IDENTITY,
  cloudTrailEvent,
  roleIdentity,
  userIdentity,
} from '../support/cloudtrail-events.ts';
import { type EmulatedAws, emulatedAws } from '../support/emulated-aws.ts';
import { ACCOUNT, type Graph, allOf, graphOf, one, problemsOf } from '../support/graph.ts';
import { APP_ONLY, WHOLE } from '../support/stack-configs.ts';

const RULE = 'aws:cloudwatch/eventRule:EventRule';
const BOT = `arn:aws:iam::${ACCOUNT}:role/bots/bot`;
const PIN = 'arn:aws:mock:::Secret/pin';
const stranger = userIdentity('staff/alice');
const admin = roleIdentity(`arn:aws:iam::${ACCOUNT}:role/admin`);
const watchedGraph = (config: Readonly<Record<string, string>> = {}) =>
  graphOf({ ...WHOLE, config: { ...WHOLE.config, watchReads: 'true', ...config } });

let graph: Graph;
let aws: EmulatedAws;
let events: EventBridgeClient;
beforeAll(async () => {
  aws = await emulatedAws();
  events = new EventBridgeClient(aws.options);
  graph = await watchedGraph({ readers: `${BOT}, arn:aws:iam::${ACCOUNT}:user/bots/laptop` });
});
afterAll(async () => {
  await aws.close();
});

async function isReported(call: Call, of: Graph = graph): Promise<boolean | undefined> {
  const { Result } = await events.send(
    new TestEventPatternCommand({
      EventPattern: String(one(of, RULE).inputs['eventPattern']),
      Event: JSON.stringify(cloudTrailEvent(call)),
    }),
  );
  return Result;
}

describe('A reported read is', () => {
  test.each<readonly [string, Call]>([
    ['by a user', { by: stranger, asked: { name: 'FYERS_ACCESS_TOKEN', withDecryption: true } }],
    ['by the root user', { by: ROOT_IDENTITY, asked: { name: 'FYERS_SECRET_KEY' } }],
    ['by another role', { by: admin, asked: { name: 'FYERS_REFRESH_TOKEN' } }],
    [
      'of one parameter among others',
      { by: admin, eventName: 'GetParameters', asked: { names: ['X', 'FYERS_TELEGRAM'] } },
    ],
    [
      'of all parameters',
      { by: admin, eventName: 'GetParametersByPath', asked: { path: '/', recursive: true } },
    ],
    [
      'of the history of a parameter',
      { by: admin, eventName: 'GetParameterHistory', asked: { name: 'FYERS_ACCESS_TOKEN' } },
    ],
    ['of a version of a parameter', { by: admin, asked: { name: 'FYERS_ACCESS_TOKEN:7' } }],
    [
      'of a parameter by its ARN',
      {
        by: admin,
        asked: { name: `arn:aws:ssm:ap-south-1:${ACCOUNT}:parameter/FYERS_ACCESS_TOKEN` },
      },
    ],
    ['of the PIN by its name', pinBy(admin, 'FYERS_PIN')],
    ['of the PIN by its ARN', pinBy(admin, PIN)],
    [
      'of the PIN by its ARN without the suffix',
      pinBy(stranger, `arn:aws:secretsmanager:ap-south-1:${ACCOUNT}:secret:FYERS_PIN`),
    ],
    [
      'refused by IAM',
      { by: stranger, asked: { name: 'FYERS_ACCESS_TOKEN' }, errorCode: 'AccessDenied' },
    ],
    [
      'by a foreign role with the same name',
      {
        by: roleIdentity(`arn:aws:iam::${ACCOUNT}:role/fyers-refresh`),
        asked: { name: 'FYERS_ACCESS_TOKEN' },
      },
    ],
  ])('%s', async (_title, call) => {
    expect(await isReported(call)).toBe(true);
  });
});

describe('An event that is not reported is', () => {
  const OWN_ROLES = ['refresh', 'login', 'watch', 'harvester'].map(
    (actor) => [actor, `arn:aws:mock:::Role/fyers-${actor}`] as const,
  );
  test.each(OWN_ROLES)('a read by the role of the %s', async (_actor, arn) => {
    expect(await isReported({ by: roleIdentity(arn), asked: { name: 'FYERS_ACCESS_TOKEN' } })).toBe(
      false,
    );
  });

  test.each<readonly [string, Call]>([
    [
      'a read by a role in `readers`',
      { by: roleIdentity(BOT), asked: { name: 'FYERS_ACCESS_TOKEN' } },
    ],
    [
      'a read by a user in `readers`',
      { by: userIdentity('bots/laptop'), asked: { name: 'FYERS_ACCESS_TOKEN' } },
    ],
    ['a read of another parameter', { by: stranger, asked: { name: 'MY_FYERS_ACCESS_TOKEN' } }],
    [
      'a read of another stack’s parameter',
      { by: stranger, asked: { name: 'FYERS_ACCESS_TOKEN_PAPER' } },
    ],
    [
      'a read below another path',
      { by: stranger, eventName: 'GetParametersByPath', asked: { path: '/mine' } },
    ],
    [
      'a list in the console',
      { by: stranger, eventName: 'DescribeParameters', asked: { maxResults: 50 } },
    ],
    ['a write', { by: stranger, eventName: 'PutParameter', asked: { name: 'FYERS_ACCESS_TOKEN' } }],
    ['a read of another secret', pinBy(stranger, 'FYERS_PIN_PAPER')],
  ])('%s', async (_title, call) => {
    expect(await isReported(call)).toBe(false);
  });

  test('a read of the PIN if none is configured', async () => {
    const without = await graphOf({ ...APP_ONLY, config: { watchReads: 'true' } });
    expect(await isReported(pinBy(stranger, 'FYERS_PIN'), without)).toBe(false);
    expect(await isReported({ by: stranger, asked: { name: 'FYERS_ACCESS_TOKEN' } }, without)).toBe(
      true,
    );
  });
});

function pinBy(by: Call['by'], secretId: string): Call {
  return { by, service: 'secretsmanager', eventName: 'GetSecretValue', asked: { secretId } };
}

describe('The setting watchReads', () => {
  test('is off by default and then creates nothing', async () => {
    const types = /cloudtrail|eventRule|eventTarget|lambda\/permission|OutsideReads/;
    const off = await graphOf(WHOLE);
    expect(off.resources.filter(({ type }) => types.test(type))).toEqual([]);
    expect(allOf(off, 'aws:s3/bucket:Bucket')).toHaveLength(1);
    expect(off.outputs['watchedReads']).toBe('none');
    expect(graph.outputs['watchedReads']).toBe('FyersReads');
  });

  test('enables the rule for read-only management events', () => {
    expect(one(graph, RULE).inputs['state']).toBe('ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS');
  });

  test('lets only this rule start the watch', () => {
    expect(one(graph, 'aws:cloudwatch/eventTarget:EventTarget').inputs).toMatchObject({
      rule: 'FyersReads',
      arn: 'arn:aws:mock:::Function/watch',
    });
    expect(one(graph, 'aws:lambda/permission:Permission').inputs).toEqual({
      statementId: 'FyersReads',
      action: 'lambda:InvokeFunction',
      function: 'FyersWatch',
      principal: 'events.amazonaws.com',
      sourceArn: 'arn:aws:mock:::EventRule/reads',
    });
  });

  test('records read events for two weeks in a bucket that only this trail can write', () => {
    expect(one(graph, 'aws:cloudtrail/trail:Trail')).toMatchObject({
      inputs: {
        name: 'FyersReads',
        s3BucketName: 'fyers-reads-1234567',
        eventSelectors: [{ readWriteType: 'ReadOnly', includeManagementEvents: true }],
      },
    });
    expect(one(graph, 'aws:cloudtrail/trail:Trail').dependsOn).toContain(
      'aws:s3/bucketPolicy:BucketPolicy::fyers-reads',
    );
    const lifecycle = 'aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration';
    expect(one(graph, lifecycle, 'fyers-reads').inputs['rules']).toMatchObject([
      { status: 'Enabled', expiration: { days: 14 } },
    ]);
    const trail = `arn:aws:cloudtrail:ap-south-1:${ACCOUNT}:trail/FyersReads`;
    const policy = one(graph, 'aws:s3/bucketPolicy:BucketPolicy', 'fyers-reads').inputs['policy'];
    expect(policy).toMatchObject({
      Statement: [
        { Action: 's3:GetBucketAcl', Condition: { StringEquals: { 'aws:SourceArn': trail } } },
        {
          Action: 's3:PutObject',
          Resource: `arn:aws:s3:::fyers-reads-1234567/AWSLogs/${ACCOUNT}/*`,
          Condition: {
            StringEquals: {
              'aws:SourceArn': trail,
              's3:x-amz-acl': 'bucket-owner-full-control',
            },
          },
        },
        { Effect: 'Deny', Principal: '*' },
      ],
    });
  });

  test('creates no trail if the account already has one', async () => {
    const other = await watchedGraph({ watchReads: 'existingTrail', suffix: 'paper' });
    expect(allOf(other, 'aws:cloudtrail/trail:Trail')).toEqual([]);
    expect(allOf(other, 'aws:s3/bucket:Bucket')).toHaveLength(1);
    expect(one(other, RULE).inputs['name']).toBe('FyersReads-paper');
    const asked = { name: 'FYERS_ACCESS_TOKEN_PAPER' };
    expect(await isReported({ by: stranger, asked }, other)).toBe(true);
    expect(await isReported({ by: stranger, asked: { name: 'FYERS_ACCESS_TOKEN' } }, other)).toBe(
      false,
    );
  });

  test('refuses more readers than fit into an EventBridge pattern', () => {
    const patternFor = (count: number) =>
      readPattern({
        names: namesFor('paper'),
        accountId: ACCOUNT,
        pinArn: `arn:aws:secretsmanager:ap-south-1:${ACCOUNT}:secret:FYERS_PIN_PAPER-a1B2c3`,
        roleArns: Array.from(
          { length: 4 + count },
          (_, i) => `arn:aws:iam::${ACCOUNT}:role/fyers-harvester-12345${String(i)}`,
        ),
        userArns: [],
      });
    expect(patternFor(8).length).toBeLessThanOrEqual(2_048);
    expect(() => patternFor(24)).toThrow(
      /EventBridge takes 2048 characters, not \d{4}\. Name fewer with `pulumi config set readers/,
    );
  });

  test.each(['yes', 'ownTrail'])('rejects the value %s', async (watchReads) => {
    const { message, registered } = await problemsOf({ config: { watchReads } });
    expect(message).toContain('must be true, false or existingTrail');
    expect(registered).toBe(0);
  });
});
