// The bucket of what was recorded. It outlives the stack, with its settings, unless the operator wants it deleted.
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { OBJECTS } from '../../core/config/names.ts';

export interface DataBucketArgs {
  /** A bucket of an earlier stack to take up again; null to make one. */
  readonly dataBucket: string | null;
  readonly deleteData: boolean;
}

const NAME = 'fyers-depth';

/** Made here, or taken up again; a bucket taken up again is never deleted by the program. */
export function dataBucket(
  parent: pulumi.ComponentResource,
  { dataBucket: earlier, deleteData }: DataBucketArgs,
): aws.s3.Bucket {
  // Not `protect`, which would make every `pulumi destroy` fail.
  const options = { parent, retainOnDelete: earlier !== null || !deleteData };
  const bucket =
    earlier === null
      ? new aws.s3.Bucket(NAME, { forceDestroy: deleteData }, options)
      : aws.s3.Bucket.get(`${NAME}-kept`, earlier, undefined, { parent });
  closedBucket(NAME, bucket, options, [recordedOnce(bucket)]);
  new aws.s3.BucketLifecycleConfiguration(
    NAME,
    {
      bucket: bucket.id,
      rules: [
        {
          id: 'uploads-that-were-never-finished',
          status: 'Enabled',
          filter: {},
          abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
        },
        {
          // Without Athena, too: what it answered before it was switched off expires like the rest.
          id: 'answers-of-athena',
          status: 'Enabled',
          filter: { prefix: OBJECTS.athenaPrefix },
          expiration: { days: 30 },
        },
      ],
    },
    options,
  );
  return bucket;
}

/**
 * Closes a bucket to the public, to access lists and to plain HTTP, and encrypts it.
 * @param statements of its policy, in addition
 * @returns the policy, for what needs to be let in
 */
export function closedBucket(
  name: string,
  bucket: aws.s3.Bucket,
  options: pulumi.CustomResourceOptions,
  statements: readonly aws.iam.PolicyStatement[] = [],
): aws.s3.BucketPolicy {
  const closed = new aws.s3.BucketPublicAccessBlock(
    name,
    {
      bucket: bucket.id,
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    },
    options,
  );
  new aws.s3.BucketOwnershipControls(
    name,
    { bucket: bucket.id, rule: { objectOwnership: 'BucketOwnerEnforced' } },
    options,
  );
  new aws.s3.BucketServerSideEncryptionConfiguration(
    name,
    {
      bucket: bucket.id,
      rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: 'AES256' } }],
    },
    options,
  );
  return new aws.s3.BucketPolicy(
    name,
    {
      bucket: bucket.id,
      policy: {
        Version: '2012-10-17',
        Statement: [...statements, encryptedTransportOnly(bucket)],
      },
    },
    // S3 refuses two changes of a bucket's access at once.
    { ...options, dependsOn: [closed] },
  );
}

/**
 * Whoever writes must ask for the key to be new, so that nobody replaces a recording by mistake, the harvesters' own roles
 * included. The parts of a multipart upload carry no such header, its completion does (Amazon S3 User Guide, "Enforce
 * conditional writes on Amazon S3 buckets").
 */
function recordedOnce(bucket: aws.s3.Bucket): aws.iam.PolicyStatement {
  return {
    Sid: 'RecordingsAreWrittenOnce',
    Effect: 'Deny',
    Principal: '*',
    Action: 's3:PutObject',
    Resource: pulumi.interpolate`arn:aws:s3:::${bucket.id}/${OBJECTS.recordingsPrefix}*`,
    Condition: {
      Null: { 's3:if-none-match': 'true' },
      Bool: { 's3:ObjectCreationOperation': 'true' },
    },
  };
}

function encryptedTransportOnly(bucket: aws.s3.Bucket): aws.iam.PolicyStatement {
  return {
    Sid: 'EncryptedTransportOnly',
    Effect: 'Deny',
    Principal: '*',
    Action: 's3:*',
    Resource: [
      pulumi.interpolate`arn:aws:s3:::${bucket.id}`,
      pulumi.interpolate`arn:aws:s3:::${bucket.id}/*`,
    ],
    Condition: { Bool: { 'aws:SecureTransport': 'false' } },
  };
}
