import {
  DeleteBucketEncryptionCommand,
  DeleteBucketLifecycleCommand,
  DeleteBucketOwnershipControlsCommand,
  DeleteBucketPolicyCommand,
  DeletePublicAccessBlockCommand,
  ExpirationStatus,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyCommand,
  GetPublicAccessBlockCommand,
  ObjectOwnership,
  PutBucketEncryptionCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutPublicAccessBlockCommand,
  ServerSideEncryption,
} from '@aws-sdk/client-s3';
import * as z from 'zod/mini';
import { s3 } from './clients.ts';
import { emulatable } from './conditions.ts';
import {
  count,
  flag,
  policy,
  resourceType,
  text,
  textOf,
  unlessGone,
  type ResourceType,
} from './type.ts';

const NO_BUCKET = ['NotFound', 'NoSuchBucket', '404'] as const;

/** A setting of a bucket: its id is the bucket's name, and changing the bucket makes another one. */
function setting<S extends z.ZodMiniObject>(
  inputs: S,
  calls: {
    readonly put: (inputs: z.output<S>) => Promise<unknown>;
    readonly get: (bucket: string) => Promise<unknown>;
    readonly remove: (bucket: string) => Promise<unknown>;
    readonly gone: string;
  },
): ResourceType {
  return resourceType({
    inputs,
    // s3/bucket_public_access_block.go, bucket_ownership_controls.go, bucket_policy.go,
    // bucket_server_side_encryption_configuration.go: bucket ForceNew; bucket_lifecycle_configuration.go: bucket
    // RequiresReplace (expected_bucket_owner too in the last two: not used here).
    replaceOn: ['bucket'],
    async create(given) {
      await calls.put(given);
      return { id: textOf(given, 'bucket') };
    },
    read: async (id) =>
      (await unlessGone(calls.get(id), calls.gone, ...NO_BUCKET)) === null ? null : {},
    async update(_id, given) {
      await calls.put(given);
      return {};
    },
    async delete(id) {
      await unlessGone(calls.remove(id), calls.gone, ...NO_BUCKET);
    },
  });
}

const publicAccessBlock = setting(
  z.strictObject({
    bucket: z.string(),
    blockPublicAcls: flag,
    blockPublicPolicy: flag,
    ignorePublicAcls: flag,
    restrictPublicBuckets: flag,
  }),
  {
    put: async (given) =>
      await s3.send(
        new PutPublicAccessBlockCommand({
          Bucket: given.bucket,
          PublicAccessBlockConfiguration: {
            BlockPublicAcls: given.blockPublicAcls ?? false,
            BlockPublicPolicy: given.blockPublicPolicy ?? false,
            IgnorePublicAcls: given.ignorePublicAcls ?? false,
            RestrictPublicBuckets: given.restrictPublicBuckets ?? false,
          },
        }),
      ),
    get: async (Bucket) => await s3.send(new GetPublicAccessBlockCommand({ Bucket })),
    remove: async (Bucket) => await s3.send(new DeletePublicAccessBlockCommand({ Bucket })),
    gone: 'NoSuchPublicAccessBlockConfiguration',
  },
);

const ownershipControls = setting(
  z.strictObject({
    bucket: z.string(),
    rule: z.strictObject({ objectOwnership: z.enum(ObjectOwnership) }),
  }),
  {
    put: async ({ bucket: Bucket, rule }) =>
      await s3.send(
        new PutBucketOwnershipControlsCommand({
          Bucket,
          OwnershipControls: { Rules: [{ ObjectOwnership: rule.objectOwnership }] },
        }),
      ),
    get: async (Bucket) => await s3.send(new GetBucketOwnershipControlsCommand({ Bucket })),
    remove: async (Bucket) => await s3.send(new DeleteBucketOwnershipControlsCommand({ Bucket })),
    gone: 'OwnershipControlsNotFoundError',
  },
);

const encryption = setting(
  z.strictObject({
    bucket: z.string(),
    rules: z.array(
      z.strictObject({
        applyServerSideEncryptionByDefault: z.strictObject({
          sseAlgorithm: z.enum(ServerSideEncryption),
        }),
      }),
    ),
  }),
  {
    put: async ({ bucket: Bucket, rules }) =>
      await s3.send(
        new PutBucketEncryptionCommand({
          Bucket,
          ServerSideEncryptionConfiguration: {
            Rules: rules.map(({ applyServerSideEncryptionByDefault: { sseAlgorithm } }) => ({
              ApplyServerSideEncryptionByDefault: { SSEAlgorithm: sseAlgorithm },
            })),
          },
        }),
      ),
    get: async (Bucket) => await s3.send(new GetBucketEncryptionCommand({ Bucket })),
    remove: async (Bucket) => await s3.send(new DeleteBucketEncryptionCommand({ Bucket })),
    gone: 'ServerSideEncryptionConfigurationNotFoundError',
  },
);

const lifecycle = setting(
  z.strictObject({
    bucket: z.string(),
    rules: z.array(
      z.strictObject({
        id: z.string(),
        status: z.enum(ExpirationStatus),
        filter: z.strictObject({ prefix: text }),
        expiration: z.optional(z.strictObject({ days: z.number() })),
        abortIncompleteMultipartUpload: z.optional(z.strictObject({ daysAfterInitiation: count })),
      }),
    ),
  }),
  {
    put: async ({ bucket: Bucket, rules }) =>
      await s3.send(
        new PutBucketLifecycleConfigurationCommand({
          Bucket,
          LifecycleConfiguration: {
            Rules: rules.map((rule) => ({
              ID: rule.id,
              Status: rule.status,
              Filter: { Prefix: rule.filter.prefix ?? '' },
              ...(rule.expiration === undefined
                ? {}
                : { Expiration: { Days: rule.expiration.days } }),
              ...(rule.abortIncompleteMultipartUpload === undefined
                ? {}
                : {
                    AbortIncompleteMultipartUpload: {
                      DaysAfterInitiation: rule.abortIncompleteMultipartUpload.daysAfterInitiation,
                    },
                  }),
            })),
          },
        }),
      ),
    get: async (Bucket) => await s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket })),
    remove: async (Bucket) => await s3.send(new DeleteBucketLifecycleCommand({ Bucket })),
    gone: 'NoSuchLifecycleConfiguration',
  },
);

const bucketPolicy = setting(z.strictObject({ bucket: z.string(), policy }), {
  put: async ({ bucket: Bucket, policy: document }) =>
    await s3.send(
      new PutBucketPolicyCommand({
        Bucket,
        Policy: emulatable(document, Bucket, 'resource'),
      }),
    ),
  get: async (Bucket) => await s3.send(new GetBucketPolicyCommand({ Bucket })),
  remove: async (Bucket) => await s3.send(new DeleteBucketPolicyCommand({ Bucket })),
  gone: 'NoSuchBucketPolicy',
});

export const S3_SETTING_TYPES: Readonly<Record<string, ResourceType>> = {
  'aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock': publicAccessBlock,
  'aws:s3/bucketOwnershipControls:BucketOwnershipControls': ownershipControls,
  'aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration':
    encryption,
  'aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration': lifecycle,
  'aws:s3/bucketPolicy:BucketPolicy': bucketPolicy,
};
