import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import * as z from 'zod/mini';
import { REGION } from '../../../core/config/names.ts';
import { isAsset, type Props } from '../values.ts';
import { s3 } from './clients.ts';
import { flag, resourceType, tags, text, textOf, unlessGone, type ResourceType } from './type.ts';
import { assetBytes } from './zip.ts';

const NO_BUCKET = ['NotFound', 'NoSuchBucket', '404'] as const;

const bucket = resourceType({
  inputs: z.strictObject({ bucket: z.string(), forceDestroy: flag, tags }),
  autoname: 'bucket',
  // s3/bucket.go: bucket, bucket_prefix and the lock's object_lock_enabled ForceNew (only the name is set here).
  replaceOn: ['bucket'],
  async create(inputs) {
    await s3.send(
      new CreateBucketCommand({
        Bucket: inputs.bucket,
        CreateBucketConfiguration: { LocationConstraint: REGION },
      }),
    );
    return { id: inputs.bucket, outputs: bucketOutputs(inputs.bucket) };
  },
  async read(id) {
    const answer = await unlessGone(s3.send(new HeadBucketCommand({ Bucket: id })), ...NO_BUCKET);
    return answer === null ? null : { bucket: id, ...bucketOutputs(id) };
  },
  // force_destroy is the provider's own (s3/bucket.go resourceBucketDelete reads it from the state).
  update: () => Promise.resolve({}),
  async delete(id, state) {
    if (state['forceDestroy'] === true) await empty(id);
    await unlessGone(s3.send(new DeleteBucketCommand({ Bucket: id })), ...NO_BUCKET);
  },
});

function bucketOutputs(name: string): Props {
  return {
    arn: `arn:aws:s3:::${name}`,
    bucketDomainName: `${name}.s3.amazonaws.com`,
    bucketRegionalDomainName: `${name}.s3.${REGION}.amazonaws.com`,
    bucketRegion: REGION,
  };
}

async function empty(name: string): Promise<void> {
  const answer = await s3.send(new ListObjectVersionsCommand({ Bucket: name }));
  const all = [...(answer.Versions ?? []), ...(answer.DeleteMarkers ?? [])];
  for (const { Key, VersionId } of all) {
    const version = VersionId === 'null' ? {} : { VersionId };
    await s3.send(new DeleteObjectCommand({ Bucket: name, Key, ...version }));
  }
  if (all.length > 0) await empty(name);
}

const objectInputs = z.strictObject({
  bucket: z.string(),
  key: z.string(),
  content: text,
  source: z.optional(z.custom<Props>(isAsset)),
  contentType: text,
  tags,
});

const object = resourceType({
  inputs: objectInputs,
  // s3/object.go: bucket, key ForceNew.
  replaceOn: ['bucket', 'key'],
  async create(inputs) {
    return { id: `${inputs.bucket}/${inputs.key}`, outputs: await putObject(inputs) };
  },
  async read(_id, state) {
    const command = new HeadObjectCommand({
      Bucket: textOf(state, 'bucket'),
      Key: textOf(state, 'key'),
    });
    const answer = await unlessGone(s3.send(command), 'NoSuchKey', ...NO_BUCKET);
    return answer === null ? null : { etag: answer.ETag?.replaceAll('"', '') };
  },
  update: async (_id, inputs) => await putObject(inputs),
  async delete(_id, state) {
    const command = new DeleteObjectCommand({
      Bucket: textOf(state, 'bucket'),
      Key: textOf(state, 'key'),
    });
    await unlessGone(s3.send(command), ...NO_BUCKET);
  },
});

async function putObject(inputs: z.output<typeof objectInputs>): Promise<Props> {
  const answer = await s3.send(
    new PutObjectCommand({
      Bucket: inputs.bucket,
      Key: inputs.key,
      Body: inputs.source === undefined ? (inputs.content ?? '') : assetBytes(inputs.source),
      ContentType: inputs.contentType,
    }),
  );
  return {
    arn: `arn:aws:s3:::${inputs.bucket}/${inputs.key}`,
    etag: answer.ETag?.replaceAll('"', ''),
  };
}

export const S3_TYPES: Readonly<Record<string, ResourceType>> = {
  'aws:s3/bucket:Bucket': bucket,
  'aws:s3/bucketObjectv2:BucketObjectv2': object,
};
