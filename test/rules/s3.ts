// Defines the rules for buckets. The settings of a bucket are separate resources, so a rule finds
// them by the bucket's name.
import { type Graph, type Registered, allOf, mockId } from '../support/graph.ts';
import { editInputs, addStatement, addResource, removeResource } from './flaws.ts';
import { type Rule, address, at, isText, list, statements, texts } from './rule.ts';

const BUCKET = 'aws:s3/bucket:Bucket';
const ACCESS_BLOCK = 'aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock';
const OWNERSHIP = 'aws:s3/bucketOwnershipControls:BucketOwnershipControls';
const LIFECYCLE = 'aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration';
const POLICY = 'aws:s3/bucketPolicy:BucketPolicy';
const ENCRYPTION =
  'aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration';
const VERSIONING = 'aws:s3/bucketVersioning:BucketVersioning';
const LOGGING = 'aws:s3/bucketLogging:BucketLogging';
const NOTIFICATION = 'aws:s3/bucketNotification:BucketNotification';
const OBJECT_LOCK = 'aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration';

const anotherBucket = { 'another bucket without it': addResource(BUCKET) };
const withoutSetting = (type: string) => ({
  'no such resource': removeResource(`${type}::fyers-depth`),
});

/** Finds the buckets, created or adopted, without a sound setting of this type. */
function findBucketsWithout(type: string, isSound: (inputs: Registered['inputs']) => boolean) {
  return (graph: Graph): readonly string[] => {
    const made = allOf(graph, BUCKET).map((each) => [address(each), mockId(each.name)] as const);
    const taken = graph.reads
      .filter(({ resource }) => resource.startsWith(BUCKET))
      .map(({ resource, id }) => [resource, id] as const);
    return [...made, ...taken]
      .filter(
        ([, id]) =>
          !allOf(graph, type).some(({ inputs }) => inputs['bucket'] === id && isSound(inputs)),
      )
      .map(([found]) => found);
  };
}

const hasEnabledRule = (inputs: Registered['inputs']) =>
  list(inputs['rules']).some((rule) => at(rule, 'status') === 'Enabled');

const findBucketsNotEncryptedBy = (...algorithms: readonly string[]) =>
  findBucketsWithout(ENCRYPTION, (inputs) =>
    list(inputs['rules']).some((rule) =>
      algorithms.includes(String(at(rule, 'applyServerSideEncryptionByDefault.sseAlgorithm'))),
    ),
  );

function deniesHttp(inputs: Registered['inputs']): boolean {
  const id = String(inputs['bucket']);
  return statements(inputs['policy']).some(
    ({ effect, actions, resources, condition, whole }) =>
      effect === 'Deny' &&
      whole['Principal'] === '*' &&
      actions.includes('s3:*') &&
      [`arn:aws:s3:::${id}`, `arn:aws:s3:::${id}/*`].every((arn) => resources.includes(arn)) &&
      texts(at(at(condition, 'Bool'), 'aws:SecureTransport')).includes('false'),
  );
}

export const S3_RULES: readonly Rule[] = [
  {
    id: 'CT.S3.PR.1',
    requirement: 'a bucket blocks public access in all four ways',
    findViolations: findBucketsWithout(ACCESS_BLOCK, (inputs) =>
      ['blockPublicAcls', 'blockPublicPolicy', 'ignorePublicAcls', 'restrictPublicBuckets'].every(
        (flag) => inputs[flag] === true,
      ),
    ),
    flaws: {
      ...withoutSetting(ACCESS_BLOCK),
      'one setting off': editInputs(`${ACCESS_BLOCK}::fyers-depth`, {
        restrictPublicBuckets: false,
      }),
    },
  },
  {
    id: 'CT.S3.PR.2',
    requirement: 'a bucket has access logs',
    findViolations: findBucketsWithout(LOGGING, (inputs) => isText(inputs['targetBucket'])),
    flaws: anotherBucket,
  },
  {
    id: 'CT.S3.PR.3',
    requirement: 'a versioned bucket has a lifecycle',
    findViolations: (graph) => {
      const versioned = findBucketsWithout(VERSIONING, () => true)(graph);
      return findBucketsWithout(
        LIFECYCLE,
        hasEnabledRule,
      )(graph).filter((each) => !versioned.includes(each));
    },
    flaws: {
      'versions that never expire': (graph) =>
        removeResource(`${LIFECYCLE}::fyers-depth`)(
          addResource(VERSIONING, { bucket: mockId('fyers-depth') })(graph),
        ),
    },
  },
  {
    id: 'CT.S3.PR.4',
    requirement: 'a bucket sends notifications of its events',
    findViolations: findBucketsWithout(NOTIFICATION, () => true),
    flaws: anotherBucket,
  },
  {
    id: 'CT.S3.PR.5',
    requirement: 'a bucket ignores access control lists',
    findViolations: findBucketsWithout(
      OWNERSHIP,
      ({ rule }) => at(rule, 'objectOwnership') === 'BucketOwnerEnforced',
    ),
    flaws: {
      ...withoutSetting(OWNERSHIP),
      'lists that apply': editInputs(`${OWNERSHIP}::fyers-depth`, {
        rule: { objectOwnership: 'ObjectWriter' },
      }),
    },
  },
  {
    id: 'CT.S3.PR.6',
    requirement: 'a bucket has a lifecycle',
    findViolations: findBucketsWithout(LIFECYCLE, hasEnabledRule),
    flaws: {
      ...withoutSetting(LIFECYCLE),
      'a disabled rule': editInputs(`${LIFECYCLE}::fyers-depth`, {
        rules: [{ status: 'Disabled' }],
      }),
    },
  },
  {
    id: 'CT.S3.PR.8',
    requirement: 'a bucket denies HTTP',
    findViolations: findBucketsWithout(POLICY, deniesHttp),
    flaws: {
      ...withoutSetting(POLICY),
      'a policy without that statement': editInputs(`${POLICY}::fyers-depth`, {
        policy: { Statement: [] },
      }),
    },
  },
  {
    id: 'CT.S3.PR.9',
    requirement: 'a bucket has an object lock',
    findViolations: findBucketsWithout(OBJECT_LOCK, () => true),
    flaws: anotherBucket,
  },
  {
    id: 'CT.S3.PR.10',
    requirement: 'a bucket is encrypted with a KMS key',
    findViolations: findBucketsNotEncryptedBy('aws:kms', 'aws:kms:dsse'),
    flaws: anotherBucket,
  },
  {
    id: 'CT.S3.PR.11',
    requirement: 'a bucket has versioning',
    findViolations: findBucketsWithout(
      VERSIONING,
      (inputs) => at(inputs, 'versioningConfiguration.status') === 'Enabled',
    ),
    flaws: anotherBucket,
  },
  {
    id: 'FY.S3.1',
    requirement: 'a bucket defines its encryption explicitly',
    findViolations: findBucketsNotEncryptedBy('AES256', 'aws:kms', 'aws:kms:dsse'),
    flaws: withoutSetting(ENCRYPTION),
  },
  {
    id: 'FY.S3.2',
    requirement: 'a bucket policy only denies',
    findViolations: (graph) =>
      allOf(graph, POLICY)
        .filter(({ inputs }) =>
          statements(inputs['policy']).some(({ effect }) => effect !== 'Deny'),
        )
        .map(address),
    flaws: {
      'a reader': addStatement(`${POLICY}::fyers-depth`, {
        Effect: 'Allow',
        Principal: { AWS: '210987654321' },
        Action: 's3:GetObject',
      }),
    },
  },
];
