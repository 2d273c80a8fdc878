// Lists where a rule is not followed, and why. A row that is no longer needed fails the tests.
import type { Address } from './rule.ts';

export interface Exemption {
  readonly rule: string;
  readonly resource: Address;
  readonly reason: string;
}

const INSTANCES = [
  'aws:ec2/instance:Instance::harvester',
  'aws:ec2/instance:Instance::harvester-1',
];
const BUCKETS = [
  'aws:s3/bucket:Bucket::fyers-depth',
  // Adopted from an earlier stack.
  'aws:s3/bucket:Bucket::fyers-depth-kept',
];
const TRAIL = 'aws:cloudtrail/trail:Trail::fyers-reads';
const TRAIL_BUCKET = 'aws:s3/bucket:Bucket::fyers-reads';
const FUNCTIONS = ['refresh', 'login', 'watch'].map(
  (name) => `aws:lambda/function:Function::${name}`,
);
const LOGS = ['refresh', 'login', 'watch'].map(
  (name) => `aws:cloudwatch/logGroup:LogGroup::${name}`,
);
const LOGIN_URL = 'aws:lambda/functionUrl:FunctionUrl::login';

export const EXEMPTIONS: readonly Exemption[] = [
  ...exempt(
    'CT.EC2.PR.8',
    INSTANCES,
    'A private instance needs a NAT gateway, which costs several times as much as the instance. The address accepts no connection: the security group allows no inbound traffic (FY.EC2.2).',
  ),
  ...exempt(
    'CT.EC2.PR.13',
    INSTANCES,
    'Detailed metrics are charged per metric. The status checks, which detect a broken instance, run every minute without them.',
  ),
  ...exempt(
    'CT.EC2.PR.19',
    INSTANCES,
    'The instances do not communicate with each other, and their traffic to Fyers and AWS uses TLS. The listed types cost several times as much.',
  ),
  ...exempt(
    'CT.S3.PR.2',
    BUCKETS,
    'Access logs need a second bucket. Only the harvesters’ roles read and write here; data events of CloudTrail can watch other readers.',
  ),
  ...exempt(
    'CT.S3.PR.4',
    BUCKETS,
    'No consumer waits for its events: the manifest of a day, written last, marks the day as complete.',
  ),
  ...exempt(
    'CT.S3.PR.9',
    BUCKETS,
    'An object lock cannot be removed, and `deleteData` would then fail. The recordings are not a legal record.',
  ),
  ...exempt(
    'CT.S3.PR.10',
    BUCKETS,
    'It contains public prices and public code. SSE-S3 encrypts them at rest; a KMS key would add only costs and a second permission.',
  ),
  ...exempt(
    'CT.S3.PR.11',
    BUCKETS,
    'Each object of a day is written once, with If-None-Match, by a role that may not delete; `pulumi up` can restore the pointer to the code.',
  ),
  ...exempt(
    'CT.S3.PR.2',
    [TRAIL_BUCKET],
    'Only CloudTrail writes into it, and its records contain nothing beyond the account’s event history.',
  ),
  ...exempt(
    'CT.S3.PR.4',
    [TRAIL_BUCKET],
    'EventBridge receives each event minutes before the file with it exists.',
  ),
  ...exempt(
    'CT.S3.PR.9',
    [TRAIL_BUCKET],
    'It exists so that events reach EventBridge; it is deleted with the stack and keeps records for two weeks at most.',
  ),
  ...exempt(
    'CT.S3.PR.10',
    [TRAIL_BUCKET],
    'No record contains a secret value. A KMS key needs a policy for CloudTrail and costs more than all other parts of the trail.',
  ),
  ...exempt(
    'CT.S3.PR.11',
    [TRAIL_BUCKET],
    'CloudTrail writes each file once, and its digests reveal a changed file (CT.CLOUDTRAIL.PR.2).',
  ),
  ...exempt(
    'FY.S3.2',
    ['aws:s3/bucketPolicy:BucketPolicy::fyers-reads'],
    'CloudTrail writes as a service, so the policy must allow it, for this trail only.',
  ),
  ...exempt('CT.CLOUDTRAIL.PR.1', [TRAIL], 'As CT.S3.PR.10: SSE-S3 encrypts the records.'),
  ...exempt(
    'CT.CLOUDTRAIL.PR.3',
    [TRAIL],
    'EventBridge selects the relevant events. A log group would be charged for every read in the account.',
  ),
  ...exempt(
    'CT.LAMBDA.PR.3',
    FUNCTIONS,
    'They connect to Fyers and AWS over the internet, and to nothing inside a network: in a VPC they would need a NAT gateway.',
  ),
  ...exempt(
    'CT.LAMBDA.PR.5',
    [LOGIN_URL],
    'A phone’s browser returns here from Fyers without AWS credentials. The function accepts only a signed link and a signed state.',
  ),
  ...exempt(
    'CT.IAM.PR.4',
    ['aws:iam/userPolicy:UserPolicy::fyers-reader-user-me'],
    'The user is the operator’s own and is named in `readers`. The policy allows reads of two parameters, and the program creates no user (FY.IAM.4).',
  ),
  ...exempt(
    'CT.KMS.PR.3',
    ['aws:kms/key:Key::fyers'],
    'No role of this stack may create grants (FY.IAM.3). A custom key policy could lock its owner out; the default policy leaves the decision to the account.',
  ),
  ...exempt(
    'CT.ATHENA.PR.2',
    ['aws:athena/workgroup:Workgroup::fyers-depth'],
    'As CT.S3.PR.10: SSE-S3 encrypts the results, which are public prices.',
  ),
  ...exempt(
    'CT.CLOUDWATCH.PR.3',
    LOGS,
    'CloudWatch encrypts them with its own key, and the secrecy tests prove that no secret is written into them.',
  ),
  ...exempt('CT.SQS.PR.1', ['aws:sqs/queue:Queue::undelivered'], 'It is the dead-letter queue.'),
  ...exempt('FY.PUBLIC.1', [LOGIN_URL], 'The daily login from a phone, see CT.LAMBDA.PR.5.'),
  ...exempt('FY.PUBLIC.1', INSTANCES, 'The outbound route without a NAT gateway, see CT.EC2.PR.8.'),
];

function exempt(rule: string, resources: readonly Address[], reason: string): readonly Exemption[] {
  return resources.map((resource) => ({ rule, resource, reason }));
}
