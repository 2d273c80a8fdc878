// A trail of what is read in the account. EventBridge gets CloudTrail's events only where one is recorded.
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { type Names, READ_TRAIL, REGION } from '../../core/names.ts';
import { closedBucket } from './bucket.ts';

/** Long enough to look up what a message told of. */
const KEPT_DAYS = 14;

export interface ReadTrailArgs {
  readonly names: Names;
  readonly accountId: pulumi.Output<string>;
}

/** Of this region, as parameters and secrets are of one. Bucket and records go with the stack. */
export function readTrail(
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
