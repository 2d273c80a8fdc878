// Tests who may write recordings: each harvester only the objects of its own shard, and no existing
// object.
import { beforeAll, describe, expect, test } from 'vitest';
import { DAY_FILES } from '../../adapters/recordings/day-archive.ts';
import { segmentNames } from '../../core/recording/manifest.ts';
import { OBJECTS } from '../../core/config/names.ts';
import { type Graph, asRecord, graphOf, one } from '../support/graph.ts';
import { WHOLE } from '../support/stack-configs.ts';

const BUCKET = 'arn:aws:s3:::fyers-depth-1234567';

let graph: Graph;
beforeAll(async () => {
  graph = await graphOf(WHOLE);
});

/** Returns the resources that the role of the first harvester may write. */
function writableResources(): readonly string[] {
  const policy = one(graph, 'aws:iam/rolePolicy:RolePolicy', 'fyers-harvester').inputs['policy'];
  const statements = asRecord(policy)['Statement'] as readonly {
    readonly Action: readonly string[];
    readonly Resource: readonly string[];
  }[];
  return statements
    .filter(({ Action }) => Action.includes('s3:PutObject'))
    .flatMap(({ Resource }) => Resource);
}

/** Matches as IAM does: `*` is any text and `?` is any character, slashes included. */
function covers(pattern: string, resource: string): boolean {
  const form = pattern.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${form.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's').test(resource);
}

describe('The role of a harvester', () => {
  const mayWrite = (key: string) =>
    writableResources().some((pattern) => covers(pattern, `${BUCKET}/${key}`));
  const DATE = '2026-11-25';

  test('may write every object of a day in its own shard, and none in another shard', () => {
    const { rows, events } = segmentNames(1);
    const late = segmentNames(9_999);
    for (const name of [rows, events, late.rows, late.events, ...Object.values(DAY_FILES)]) {
      expect(mayWrite(OBJECTS.dayFile(DATE, '0', name)), name).toBe(true);
      expect(mayWrite(OBJECTS.dayFile(DATE, '1', name)), name).toBe(false);
      expect(mayWrite(OBJECTS.dayFile(DATE, '10', name)), name).toBe(false);
    }
  });

  test.each([
    `depth/v2/date=${DATE}/shard=1/a/shard=0/manifest.json`,
    `depth/v2/date=${DATE}/shard=1/shard=0/manifest.json`,
    `depth/v2/date=${DATE}/shard=0/shard=0/manifest.json`,
    `depth/v2/date=x/shard=1/shard=0/day-0001.csv.gz`,
    `depth/v2/date=${DATE}/shard=0/x`,
    `depth/v2/date=${DATE}/shard=0/parquet/other.parquet`,
    `depth/v2/date=${DATE}/shard=0/parquet/a/depth.parquet`,
    `depth/v2/date=${DATE}/shard=0/day-00001.csv.gz`,
    `depth/v2/date=${DATE}/shard=0/manifest.json.bak`,
    `depth/v1/date=${DATE}/shard=0/manifest.json`,
    'artifact/current.json',
  ])('may not write %s', (key) => {
    expect(mayWrite(key)).toBe(false);
  });
});

describe('The bucket', () => {
  const policy = () => asRecord(one(graph, 'aws:s3/bucketPolicy:BucketPolicy').inputs['policy']);

  test('accepts a recording only as a new object, from any principal', () => {
    expect(policy()['Statement']).toContainEqual({
      Sid: 'RecordingsAreWrittenOnce',
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:PutObject',
      Resource: `${BUCKET}/depth/*`,
      Condition: {
        Null: { 's3:if-none-match': 'true' },
        Bool: { 's3:ObjectCreationOperation': 'true' },
      },
    });
  });
});
