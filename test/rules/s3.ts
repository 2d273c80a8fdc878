// The bucket of what was recorded. Its settings are resources of their own, so a rule looks for them by its name.
import { type Graph, type Registered, allOf, mockId } from '../support/graph.ts';
import { edited, granting, withAnother, without } from './flaws.ts';
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

const anotherBucket = { 'another bucket, without': withAnother(BUCKET) };
const gone = (type: string) => ({ 'no such setting': without(`${type}::fyers-depth`) });

/** The buckets, made here or taken up again, that have no setting of this type that is as it should be. */
function lacking(type: string, isSound: (inputs: Registered['inputs']) => boolean) {
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

const encryptsBy = (...algorithms: readonly string[]) =>
  lacking(ENCRYPTION, (inputs) =>
    list(inputs['rules']).some((rule) =>
      algorithms.includes(String(at(rule, 'applyServerSideEncryptionByDefault.sseAlgorithm'))),
    ),
  );

function refusesPlainHttp(inputs: Registered['inputs']): boolean {
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
    asks: 'a bucket blocks public access in all four ways',
    breakers: lacking(ACCESS_BLOCK, (inputs) =>
      ['blockPublicAcls', 'blockPublicPolicy', 'ignorePublicAcls', 'restrictPublicBuckets'].every(
        (flag) => inputs[flag] === true,
      ),
    ),
    flaws: {
      ...gone(ACCESS_BLOCK),
      'one way open': edited(`${ACCESS_BLOCK}::fyers-depth`, { restrictPublicBuckets: false }),
    },
  },
  {
    id: 'CT.S3.PR.2',
    asks: 'a bucket logs who reads it',
    breakers: lacking(LOGGING, (inputs) => isText(inputs['targetBucket'])),
    flaws: anotherBucket,
  },
  {
    id: 'CT.S3.PR.3',
    asks: 'a bucket with versions has a lifecycle',
    breakers: (graph) => {
      const versioned = lacking(VERSIONING, () => true)(graph);
      return lacking(LIFECYCLE, hasEnabledRule)(graph).filter((each) => !versioned.includes(each));
    },
    flaws: {
      'versions without end': (graph) =>
        without(`${LIFECYCLE}::fyers-depth`)(
          withAnother(VERSIONING, { bucket: mockId('fyers-depth') })(graph),
        ),
    },
  },
  {
    id: 'CT.S3.PR.4',
    asks: 'a bucket notifies of its events',
    breakers: lacking(NOTIFICATION, () => true),
    flaws: anotherBucket,
  },
  {
    id: 'CT.S3.PR.5',
    asks: 'no access control list lets anybody into a bucket',
    breakers: lacking(
      OWNERSHIP,
      ({ rule }) => at(rule, 'objectOwnership') === 'BucketOwnerEnforced',
    ),
    flaws: {
      ...gone(OWNERSHIP),
      'lists that count': edited(`${OWNERSHIP}::fyers-depth`, {
        rule: { objectOwnership: 'ObjectWriter' },
      }),
    },
  },
  {
    id: 'CT.S3.PR.6',
    asks: 'a bucket has a lifecycle',
    breakers: lacking(LIFECYCLE, hasEnabledRule),
    flaws: {
      ...gone(LIFECYCLE),
      'one that is off': edited(`${LIFECYCLE}::fyers-depth`, { rules: [{ status: 'Disabled' }] }),
    },
  },
  {
    id: 'CT.S3.PR.8',
    asks: 'a bucket refuses plain HTTP',
    breakers: lacking(POLICY, refusesPlainHttp),
    flaws: {
      ...gone(POLICY),
      'a policy of something else': edited(`${POLICY}::fyers-depth`, {
        policy: { Statement: [] },
      }),
    },
  },
  {
    id: 'CT.S3.PR.9',
    asks: 'a bucket has an object lock',
    breakers: lacking(OBJECT_LOCK, () => true),
    flaws: anotherBucket,
  },
  {
    id: 'CT.S3.PR.10',
    asks: 'a bucket is encrypted under a key of KMS',
    breakers: encryptsBy('aws:kms', 'aws:kms:dsse'),
    flaws: anotherBucket,
  },
  {
    id: 'CT.S3.PR.11',
    asks: 'a bucket keeps versions',
    breakers: lacking(
      VERSIONING,
      (inputs) => at(inputs, 'versioningConfiguration.status') === 'Enabled',
    ),
    flaws: anotherBucket,
  },
  {
    id: 'FY.S3.1',
    asks: 'a bucket names its encryption, so that no default decides',
    breakers: encryptsBy('AES256', 'aws:kms', 'aws:kms:dsse'),
    flaws: gone(ENCRYPTION),
  },
  {
    id: 'FY.S3.2',
    asks: 'a bucket’s policy only takes away',
    breakers: (graph) =>
      allOf(graph, POLICY)
        .filter(({ inputs }) =>
          statements(inputs['policy']).some(({ effect }) => effect !== 'Deny'),
        )
        .map(address),
    flaws: {
      'a reader': granting(`${POLICY}::fyers-depth`, {
        Effect: 'Allow',
        Principal: { AWS: '210987654321' },
        Action: 's3:GetObject',
      }),
    },
  },
];
