// Alerts the operator when a principal outside the stack reads the parameters or the PIN. CloudTrail records the
// read, an EventBridge rule selects it (calls on this stack's secrets by any principal except its own roles), and the
// watch function sends the message. EventBridge receives CloudTrail's events only if a trail records them, so the
// stack creates one unless the account has one.
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { type Names, READ_TRAIL, REGION } from '../../core/config/names.ts';
import type { Reader, WatchedReads } from '../../core/config/program-values.ts';
import { PARAMETERS } from '../iam/policies.ts';
import { closedBucket } from './bucket.ts';
import type { Credentials } from './credentials.ts';
import type { Harvester } from './harvester.ts';
import type { Keeper } from './keeper.ts';

interface OutsideReadsArgs {
  readonly names: Names;
  readonly accountId: pulumi.Output<string>;
  /** If the account already has a trail, another one would be a second copy of the same events, which AWS charges for. */
  readonly trail: WatchedReads;
  readonly credentials: Pick<Credentials, 'pinArn'>;
  readonly keeper: Pick<Keeper, 'functionNames' | 'roleArns' | 'watchArn'>;
  readonly harvester: Pick<Harvester, 'roleArns'> | null;
  readonly readers: readonly Reader[];
}

export class OutsideReads extends pulumi.ComponentResource {
  readonly ruleName: pulumi.Output<string>;

  constructor(name: string, args: OutsideReadsArgs, opts: pulumi.ComponentResourceOptions) {
    super('fyers:index:OutsideReads', name, {}, opts);
    const { names, accountId, keeper } = args;
    if (args.trail === 'ownTrail') readTrail(this, { names, accountId });
    const rule = new aws.cloudwatch.EventRule(
      'reads',
      {
        name: names.reads,
        description: 'Reads of the Fyers parameters and PIN by none of our roles',
        // A rule that is merely ENABLED does not receive read-only events.
        state: 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS',
        eventPattern: pattern(args),
      },
      { parent: this },
    );
    const permission = new aws.lambda.Permission(
      'reads',
      {
        statementId: names.reads,
        action: 'lambda:InvokeFunction',
        function: keeper.functionNames.watch,
        principal: 'events.amazonaws.com',
        sourceArn: rule.arn,
      },
      { parent: this },
    );
    // The target is not the topic: EventBridge supports no conditions in a topic's policy, so the topic would accept
    // rules of any account, and the topic sends the login links.
    new aws.cloudwatch.EventTarget(
      'reads',
      { rule: rule.name, targetId: 'watch', arn: keeper.watchArn },
      { parent: this, dependsOn: [permission] },
    );
    this.ruleName = rule.name;
    this.registerOutputs({ ruleName: this.ruleName });
  }
}

function pattern(args: OutsideReadsArgs): pulumi.Output<string> {
  const { names, readers, harvester, keeper } = args;
  const arnsOf = (kind: Reader['kind']) =>
    readers.filter((reader) => reader.kind === kind).map(({ arn }) => arn);
  return pulumi
    .all([
      args.accountId,
      pulumi.output(args.credentials.pinArn),
      pulumi.all([...keeper.roleArns, ...(harvester === null ? [] : harvester.roleArns)]),
    ])
    .apply(([accountId, pinArn, own]) =>
      readPattern({
        names,
        accountId,
        pinArn,
        roleArns: [...own, ...arnsOf('role')],
        userArns: arnsOf('user'),
      }),
    );
}

/** Long enough to look up the events of a message. */
const RECORD_RETENTION_DAYS = 14;

interface ReadTrailArgs {
  readonly names: Names;
  readonly accountId: pulumi.Output<string>;
}

/**
 * Covers this region only, because parameters and secrets are regional. Bucket and records are deleted with the
 * stack.
 */
function readTrail(
  parent: pulumi.ComponentResource,
  { names, accountId }: ReadTrailArgs,
): aws.cloudtrail.Trail {
  const bucket = new aws.s3.Bucket(READ_TRAIL, { forceDestroy: true }, { parent });
  const trailArn = pulumi.interpolate`arn:aws:cloudtrail:${REGION}:${accountId}:trail/${names.reads}`;
  const granted = trailStatements(bucket, accountId, trailArn);
  const policy = closedBucket(READ_TRAIL, bucket, { parent }, granted);
  new aws.s3.BucketLifecycleConfiguration(
    READ_TRAIL,
    {
      bucket: bucket.id,
      rules: [
        {
          id: 'what-was-read-long-ago',
          status: 'Enabled',
          filter: {},
          expiration: { days: RECORD_RETENTION_DAYS },
          abortIncompleteMultipartUpload: { daysAfterInitiation: 1 },
        },
      ],
    },
    { parent },
  );
  return new aws.cloudtrail.Trail(
    READ_TRAIL,
    {
      name: names.reads,
      s3BucketName: bucket.id,
      enableLogFileValidation: true,
      // Leave out global services such as IAM, which are recorded in another region.
      includeGlobalServiceEvents: false,
      eventSelectors: [
        {
          includeManagementEvents: true,
          readWriteType: 'ReadOnly',
          // Each decryption is a separate event without more information than the read that caused it.
          excludeManagementEventSources: ['kms.amazonaws.com'],
        },
      ],
    },
    // CloudTrail checks its write permission when the trail is created.
    { parent, dependsOn: [policy] },
  );
}

/** Policy from the CloudTrail User Guide, limited to this trail. */
function trailStatements(
  bucket: aws.s3.Bucket,
  accountId: pulumi.Output<string>,
  trailArn: pulumi.Output<string>,
): readonly aws.iam.PolicyStatement[] {
  const Principal = { Service: 'cloudtrail.amazonaws.com' };
  return [
    {
      Sid: 'TrailLooksAtTheBucket',
      Effect: 'Allow',
      Principal,
      Action: 's3:GetBucketAcl',
      Resource: pulumi.interpolate`arn:aws:s3:::${bucket.id}`,
      Condition: { StringEquals: { 'aws:SourceArn': trailArn } },
    },
    {
      Sid: 'TrailWrites',
      Effect: 'Allow',
      Principal,
      Action: 's3:PutObject',
      Resource: pulumi.interpolate`arn:aws:s3:::${bucket.id}/AWSLogs/${accountId}/*`,
      Condition: {
        StringEquals: { 'aws:SourceArn': trailArn, 's3:x-amz-acl': 'bucket-owner-full-control' },
      },
    },
  ];
}

interface ReadPatternArgs {
  readonly names: Names;
  readonly accountId: string;
  /** With the characters that AWS appends; null without a PIN. */
  readonly pinArn: string | null;
  /** Roles whose reads are expected. */
  readonly roleArns: readonly string[];
  readonly userArns: readonly string[];
}

/** EventBridge's default quota for the length of a pattern, in characters. */
const MAX_PATTERN_LENGTH = 2_048;

/** The login URL is in every mail, so it is not secret. */
const SECRET = PARAMETERS.filter((name) => name !== 'FYERS_LOGIN_URL');

/** All calls that return a value. BatchGetSecretValue is recorded as one GetSecretValue per secret. */
const READ_CALLS = [
  'GetParameter',
  'GetParameters',
  'GetParametersByPath',
  'GetParameterHistory',
  'GetSecretValue',
] as const;

/** @throws RunError if there are too many readers for EventBridge's limit */
export function readPattern({ names, accountId, pinArn, roleArns, userArns }: ReadPatternArgs) {
  const parameters = [
    ...[...SECRET, 'FYERS_TELEGRAM' as const].map((name) => names.parameter(name)),
    // A version or label after the name, or an ARN instead of the name, is rare. These patterns also match other
    // stacks' parameters, because exact ones would double the pattern's length.
    { wildcard: 'FYERS_*:*' },
    { prefix: `arn:aws:ssm:${REGION}:${accountId}:parameter/FYERS_` },
  ];
  const secret = `arn:aws:secretsmanager:${REGION}:${accountId}:secret:${names.pinSecret}`;
  const pattern = JSON.stringify({
    source: ['aws.ssm', 'aws.secretsmanager'],
    'detail-type': ['AWS API Call via CloudTrail'],
    detail: {
      eventName: READ_CALLS,
      userIdentity: {
        ...(userArns.length === 0 ? {} : { arn: anyExcept(userArns) }),
        sessionContext: { sessionIssuer: { arn: anyExcept(roleArns) } },
      },
      $or: [
        { requestParameters: { name: parameters } },
        { requestParameters: { names: parameters } },
        // Reads of the whole store: names without a slash are at its root.
        { requestParameters: { path: ['/'] } },
        ...(pinArn === null
          ? []
          : [{ requestParameters: { secretId: [names.pinSecret, secret, pinArn] } }]),
      ],
    },
  });
  if (pattern.length <= MAX_PATTERN_LENGTH) return pattern;
  throw new pulumi.RunError(
    `watchReads has to leave out every role and user of readers, and EventBridge takes ${String(MAX_PATTERN_LENGTH)} characters, not ${String(pattern.length)}. Name fewer with \`pulumi config set readers VALUE\`.`,
  );
}

/** `anything-but` alone requires the field, but neither an IAM user nor the root user has a session issuer. */
function anyExcept(arns: readonly string[]) {
  return [{ exists: false }, { 'anything-but': arns }];
}
