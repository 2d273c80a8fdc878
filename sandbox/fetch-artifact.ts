// What the unit's fetch script does, as a process of the instance: `node fetch-artifact.ts FILE`. Its credentials are
// whatever the metadata service gives.
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { ENVIRONMENT, OBJECTS } from '../core/names.ts';

const [file = ''] = process.argv.slice(2);
const s3 = new S3Client({});
const Bucket = process.env[ENVIRONMENT.bucket];

async function textOf(key: string): Promise<string> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: key }));
  return (await Body?.transformToString()) ?? '';
}

const { key, sha256 } = JSON.parse(await textOf(OBJECTS.currentArtifact)) as {
  readonly key: string;
  readonly sha256: string;
};
const code = await textOf(key);
const found = createHash('sha256').update(code).digest('hex');
if (found !== sha256) throw new Error(`${key} has the hash ${found}, not ${sha256}`);
await writeFile(file, code, { mode: 0o600 });
