// Replaces the unit's fetch script, as a process of the instance: `node fetch-artifact.ts FILE`. It uses the
// credentials of the metadata service.
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { ENVIRONMENT, OBJECTS } from '../../core/config/names.ts';
import { toError } from '../../core/errors.ts';

const [file = ''] = process.argv.slice(2);
const s3 = new S3Client({});
const Bucket = process.env[ENVIRONMENT.bucket] ?? '';

async function textOf(key: string): Promise<string> {
  try {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: key }));
    return (await Body?.transformToString()) ?? '';
  } catch (caught) {
    const { name, message } = toError(caught);
    process.stderr.write(`s3://${Bucket}/${key}: ${name}: ${message}\n`);
    process.exit(1);
  }
}

const { key, sha256 } = JSON.parse(await textOf(OBJECTS.currentArtifact)) as {
  readonly key: string;
  readonly sha256: string;
};
const code = await textOf(key);
const found = createHash('sha256').update(code).digest('hex');
if (found !== sha256) throw new Error(`${key} has the hash ${found}, not ${sha256}`);
await writeFile(file, code, { mode: 0o600 });
