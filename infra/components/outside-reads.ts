// Tells who else reads the parameters and the PIN: CloudTrail sees the read, EventBridge picks it out, and the watch
// function sends the message.
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { type Names, READ_TRAIL, REGION } from '../../core/config/names.ts';
import { PARAMETERS } from '../iam/arns.ts';
import type { Reader, WatchedReads } from '../config/load.ts';
import { closedBucket } from './bucket.ts';
import type { Credentials } from './credentials.ts';
import type { Harvester } from './harvester.ts';
import type { Keeper } from './keeper.ts';

interface OutsideReadsArgs {
  readonly names: Names;
  readonly accountId: pulumi.Output<string>;
  /** Another trail of the account would make ours a second copy of the same events, which AWS charges for. */
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
        // What only reads is left out of a rule that is merely ENABLED.
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
    // Not the topic itself: EventBridge supports no conditions in a topic's policy, so it would be open to rules of
    // any account, and the login links come from there.
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

// A trail of what is read in the account. EventBridge gets CloudTrail's events only where one is recorded.

/** Long enough to look up what a message told of. */
const KEPT_DAYS = 14;

interface ReadTrailArgs {
  readonly names: Names;
  readonly accountId: pulumi.Output<string>;
}

/** Of this region, as parameters and secrets are of one. Bucket and records go with the stack. */
function readTrail(
  parent: pulumi.ComponentResource,
  { names, accountId }: ReadTrailArgs,
): aws.cloudtrail.Trail {
  const bucket = new aws.s3.Bucket(READ_TRAIL, { forceDestroy: true }, { parent });
  const trailArn = pulumi.interpolate`arn:aws:cloudtrail:${REGION}:${accountId}:trail/${names.reads}`;
  const granted = trailMay(bucket, accountId, trailArn);
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
          expiration: { days: KEPT_DAYS },
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
      // Those of IAM and the like, which are recorded in another region.
      includeGlobalServiceEvents: false,
      eventSelectors: [
        {
          includeManagementEvents: true,
          readWriteType: 'ReadOnly',
          // Each decryption is an event of its own, and tells no more than the read that asked for it.
          excludeManagementEventSources: ['kms.amazonaws.com'],
        },
      ],
    },
    // CloudTrail looks whether it may write.
    { parent, dependsOn: [policy] },
  );
}

/** As the CloudTrail User Guide has it, for this trail alone. */
function trailMay(
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

// Which of CloudTrail's events the operator is told of: reads of what this stack keeps secret, by nobody of its own.

interface ReadPatternArgs {
  readonly names: Names;
  readonly accountId: string;
  /** With the characters that AWS appends; null without a PIN. */
  readonly pinArn: string | null;
  /** Whose reads are not told. */
  readonly roleArns: readonly string[];
  readonly userArns: readonly string[];
}

/** EventBridge's quota for a pattern, in characters, before an increase that one would have to ask for. */
const PATTERN_LENGTH_MAX = 2_048;

/** An address that every mail holds is nobody's secret. */
const SECRET = PARAMETERS.filter((name) => name !== 'FYERS_LOGIN_URL');

/** All that hand out a value. BatchGetSecretValue is recorded as a GetSecretValue for each secret. */
const CALLS = [
  'GetParameter',
  'GetParameters',
  'GetParametersByPath',
  'GetParameterHistory',
  'GetSecretValue',
] as const;

/** @throws RunError where so many readers are named that EventBridge would not take it */
export function readPattern({ names, accountId, pinArn, roleArns, userArns }: ReadPatternArgs) {
  const parameters = [
    ...[...SECRET, 'FYERS_TELEGRAM' as const].map((name) => names.parameter(name)),
    // A version or a label after the name, and the address in place of it, are rare: those of another stack are told,
    // too, rather than doubling the pattern.
    { wildcard: 'FYERS_*:*' },
    { prefix: `arn:aws:ssm:${REGION}:${accountId}:parameter/FYERS_` },
  ];
  const secret = `arn:aws:secretsmanager:${REGION}:${accountId}:secret:${names.pinSecret}`;
  const pattern = JSON.stringify({
    source: ['aws.ssm', 'aws.secretsmanager'],
    'detail-type': ['AWS API Call via CloudTrail'],
    detail: {
      eventName: CALLS,
      userIdentity: {
        ...(userArns.length === 0 ? {} : { arn: allBut(userArns) }),
        sessionContext: { sessionIssuer: { arn: allBut(roleArns) } },
      },
      $or: [
        { requestParameters: { name: parameters } },
        { requestParameters: { names: parameters } },
        // The whole of the store: names without a slash lie at its root.
        { requestParameters: { path: ['/'] } },
        ...(pinArn === null
          ? []
          : [{ requestParameters: { secretId: [names.pinSecret, secret, pinArn] } }]),
      ],
    },
  });
  if (pattern.length <= PATTERN_LENGTH_MAX) return pattern;
  throw new pulumi.RunError(
    `watchReads has to leave out every role and user of readers, and EventBridge takes ${String(PATTERN_LENGTH_MAX)} characters, not ${String(pattern.length)}. Name fewer with \`pulumi config set readers VALUE\`.`,
  );
}

/** `anything-but` alone needs the field to be there, and neither a user of IAM nor the root user has a session's issuer. */
function allBut(arns: readonly string[]) {
  return [{ exists: false }, { 'anything-but': arns }];
}
