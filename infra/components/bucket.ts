// Creates or adopts the bucket of recordings. It outlives the stack, with its settings, unless the operator enables
// deletion.
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { OBJECTS } from '../../core/config/names.ts';

export interface DataBucketArgs {
  /** A bucket of an earlier stack to adopt; null to create one. */
  readonly dataBucket: string | null;
  readonly deleteData: boolean;
}

const NAME = 'fyers-depth';

/** Creates or adopts the bucket; the program never deletes an adopted bucket. */
export function dataBucket(
  parent: pulumi.ComponentResource,
  { dataBucket: earlier, deleteData }: DataBucketArgs,
): aws.s3.Bucket {
  // `protect` would make every `pulumi destroy` fail.
  const options = { parent, retainOnDelete: earlier !== null || !deleteData };
  const bucket =
    earlier === null
      ? new aws.s3.Bucket(NAME, { forceDestroy: deleteData }, options)
      : aws.s3.Bucket.get(`${NAME}-kept`, earlier, undefined, { parent });
  closedBucket(NAME, bucket, options, [denyOverwrite(bucket)]);
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
          // Kept without Athena too, so that query results from before it was switched off expire.
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
 * Blocks public access, access lists and plain HTTP, and enables encryption.
 * @param statements further statements of the bucket policy
 * @returns the policy, for resources that depend on it
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
        Statement: [...statements, denyPlainHttp(bucket)],
      },
    },
    // S3 refuses two concurrent changes of a bucket's access.
    { ...options, dependsOn: [closed] },
  );
}

/**
 * Requires every write to be conditional on a new key, so that no one replaces a recording by mistake, including the
 * harvesters' own roles. The parts of a multipart upload have no such header, only its completion has (Amazon S3 User
 * Guide, "Enforce conditional writes on Amazon S3 buckets").
 */
function denyOverwrite(bucket: aws.s3.Bucket): aws.iam.PolicyStatement {
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

function denyPlainHttp(bucket: aws.s3.Bucket): aws.iam.PolicyStatement {
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
