// Rows of S3: the bucket, its settings, and an object in it.
import { ExpirationStatus, ObjectOwnership, S3, ServerSideEncryption } from '@aws-sdk/client-s3';
import * as z from 'zod/mini';
import { REGION } from '../../../core/config/names.ts';
import { isAsset, type Props } from '../values.ts';
import { options } from './clients.ts';
import { emulatable } from './conditions.ts';
import {
  confirmFound,
  count,
  defineType,
  flag,
  policy,
  tags,
  text,
  toPascalCase,
  type ResourceType,
} from './type.ts';
import { assetBytes } from './zip.ts';

const s3 = new S3(options);

export const S3_TYPES: Readonly<Record<string, ResourceType>> = {
  'aws:s3/bucket:Bucket': defineType({
    inputs: z.strictObject({ bucket: z.string(), forceDestroy: flag, tags }),
    autoname: 'bucket',
    // s3/bucket.go: bucket, bucket_prefix and the lock's object_lock_enabled ForceNew. (The program sets only the name.)
    replaceOn: ['bucket'],
    cloudFormation: 'AWS::S3::Bucket',
    properties: ({ bucket }) => ({ BucketName: bucket }),
    create: async ({ bucket: Bucket }) => {
      await s3.createBucket({
        Bucket,
        CreateBucketConfiguration: { LocationConstraint: REGION },
      });
      return { id: Bucket, ...bucketOutputs(Bucket) };
    },
    read: async (id) => {
      await s3.headBucket({ Bucket: id });
      return { bucket: id, ...bucketOutputs(id) };
    },
    // force_destroy is the provider's own (s3/bucket.go resourceBucketDelete reads it from the state).
    update: () => Promise.resolve(),
    delete: async (id, { forceDestroy }) => {
      if (forceDestroy === true) await empty(id);
      await s3.deleteBucket({ Bucket: id });
    },
  }),

  'aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock': defineSetting({
    inputs: z.strictObject({
      bucket: z.string(),
      blockPublicAcls: flag,
      blockPublicPolicy: flag,
      ignorePublicAcls: flag,
      restrictPublicBuckets: flag,
    }),
    properties: ({ bucket: _bucket, ...flags }) => ({
      PublicAccessBlockConfiguration: toPascalCase(flags),
    }),
    put: async (at, _inputs, properties) => await s3.putPublicAccessBlock({ ...at, ...properties }),
    get: async (at) => await s3.getPublicAccessBlock(at),
    remove: async (at) => await s3.deletePublicAccessBlock(at),
  }),

  'aws:s3/bucketOwnershipControls:BucketOwnershipControls': defineSetting({
    inputs: z.strictObject({
      bucket: z.string(),
      rule: z.strictObject({ objectOwnership: z.enum(ObjectOwnership) }),
    }),
    properties: ({ rule }) => ({ OwnershipControls: { Rules: [toPascalCase(rule)] } }),
    put: async (at, _inputs, properties) =>
      await s3.putBucketOwnershipControls({ ...at, ...properties }),
    get: async (at) => await s3.getBucketOwnershipControls(at),
    remove: async (at) => await s3.deleteBucketOwnershipControls(at),
  }),

  'aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration':
    defineSetting({
      inputs: z.strictObject({
        bucket: z.string(),
        rules: z.array(
          z.strictObject({
            applyServerSideEncryptionByDefault: z.strictObject({
              sseAlgorithm: z.enum(ServerSideEncryption),
            }),
          }),
        ),
      }),
      properties: ({ rules }) => ({
        BucketEncryption: {
          ServerSideEncryptionConfiguration: rules.map((rule) => ({
            ServerSideEncryptionByDefault: {
              SSEAlgorithm: rule.applyServerSideEncryptionByDefault.sseAlgorithm,
            },
          })),
        },
      }),
      put: async (at, { rules }) => {
        const Rules = rules.map(({ applyServerSideEncryptionByDefault: { sseAlgorithm } }) => ({
          ApplyServerSideEncryptionByDefault: { SSEAlgorithm: sseAlgorithm },
        }));
        await s3.putBucketEncryption({ ...at, ServerSideEncryptionConfiguration: { Rules } });
      },
      get: async (at) => await s3.getBucketEncryption(at),
      remove: async (at) => await s3.deleteBucketEncryption(at),
    }),

  'aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration': defineSetting({
    inputs: z.strictObject({
      bucket: z.string(),
      rules: z.array(
        z.strictObject({
          id: z.string(),
          status: z.enum(ExpirationStatus),
          filter: z.strictObject({ prefix: text }),
          expiration: z.optional(z.strictObject({ days: z.number() })),
          abortIncompleteMultipartUpload: z.optional(
            z.strictObject({ daysAfterInitiation: count }),
          ),
        }),
      ),
    }),
    properties: ({ rules }) => ({
      LifecycleConfiguration: {
        Rules: rules.map(({ filter, expiration, ...rule }) => ({
          ...toPascalCase(rule),
          Prefix: filter.prefix,
          ExpirationInDays: expiration?.days,
        })),
      },
    }),
    put: async (at, { rules }) => {
      const Rules = rules.map(({ id: ID, filter: { prefix = '' }, ...rule }) => ({
        ...toPascalCase(rule),
        ID,
        Filter: { Prefix: prefix },
      }));
      await s3.putBucketLifecycleConfiguration({ ...at, LifecycleConfiguration: { Rules } });
    },
    get: async (at) => await s3.getBucketLifecycleConfiguration(at),
    remove: async (at) => await s3.deleteBucketLifecycle(at),
  }),

  'aws:s3/bucketPolicy:BucketPolicy': defineSetting({
    inputs: z.strictObject({ bucket: z.string(), policy }),
    cloudFormation: 'AWS::S3::BucketPolicy',
    properties: ({ bucket: Bucket, policy: PolicyDocument }) => ({ Bucket, PolicyDocument }),
    put: async (at, inputs) =>
      await s3.putBucketPolicy({ ...at, Policy: emulatable(inputs.policy, at.Bucket, 'resource') }),
    get: async (at) => await s3.getBucketPolicy(at),
    remove: async (at) => await s3.deleteBucketPolicy(at),
  }),

  'aws:s3/bucketObjectv2:BucketObjectv2': defineType({
    inputs: z.strictObject({
      bucket: z.string(),
      key: z.string(),
      content: text,
      source: z.optional(z.custom<Props>(isAsset)),
      contentType: text,
      tags,
    }),
    // s3/object.go: bucket, key ForceNew.
    replaceOn: ['bucket', 'key'],
    cloudFormation: { none: 'CloudFormation uploads nothing' },
    create: async (inputs) => {
      const { bucket: Bucket, key: Key, contentType: ContentType, content = '', source } = inputs;
      const Body = source === undefined ? content : assetBytes(source);
      const { ETag } = await s3.putObject({ Bucket, Key, Body, ContentType });
      const id = `${Bucket}/${Key}`;
      return { id, arn: `arn:aws:s3:::${id}`, etag: ETag?.replaceAll('"', '') };
    },
    read: async (_id, { bucket: Bucket, key: Key }) => {
      const { ETag } = await s3.headObject({ Bucket, Key });
      return { etag: ETag?.replaceAll('"', '') };
    },
    update: 'create',
    delete: async (_id, { bucket: Bucket, key: Key }) => await s3.deleteObject({ Bucket, Key }),
  }),
};

interface At {
  readonly Bucket: string;
}

/** A setting of a bucket. Its id is the bucket's name, and another bucket is another setting. */
function defineSetting<S extends z.ZodMiniObject, P>(calls: {
  readonly inputs: S;
  readonly cloudFormation?: `AWS::${string}`;
  readonly properties: (inputs: z.output<S>) => P;
  readonly put: (at: At, inputs: z.output<S>, properties: P) => Promise<unknown>;
  readonly get: (at: At) => Promise<unknown>;
  readonly remove: (at: At) => Promise<unknown>;
}): ResourceType {
  return defineType({
    inputs: calls.inputs,
    // s3/bucket_public_access_block.go, bucket_ownership_controls.go, bucket_policy.go,
    // bucket_server_side_encryption_configuration.go: bucket ForceNew; bucket_lifecycle_configuration.go: bucket
    // RequiresReplace. (expected_bucket_owner too in the last two, which the program does not use.)
    replaceOn: ['bucket'],
    cloudFormation: calls.cloudFormation ?? { partOf: 'bucket' },
    properties: calls.properties,
    create: async (inputs, properties) => {
      const id = String(inputs['bucket']);
      await calls.put({ Bucket: id }, inputs, properties);
      return { id };
    },
    read: async (id) => await confirmFound(calls.get({ Bucket: id })),
    update: 'create',
    delete: async (id) => await calls.remove({ Bucket: id }),
  });
}

function bucketOutputs(name: string): Props {
  return {
    arn: `arn:aws:s3:::${name}`,
    bucketDomainName: `${name}.s3.amazonaws.com`,
    bucketRegionalDomainName: `${name}.s3.${REGION}.amazonaws.com`,
    bucketRegion: REGION,
  };
}

async function empty(Bucket: string): Promise<void> {
  const { Versions = [], DeleteMarkers = [] } = await s3.listObjectVersions({ Bucket });
  const all = [...Versions, ...DeleteMarkers];
  for (const { Key, VersionId } of all) {
    const version = VersionId === 'null' ? {} : { VersionId };
    await s3.deleteObject({ Bucket, Key, ...version });
  }
  if (all.length > 0) await empty(Bucket);
}
