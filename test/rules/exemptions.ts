// Where a rule is not followed, and why. A row that is no longer needed fails the tests.
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
  // Taken up again from an earlier stack.
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
    'A private instance needs a NAT gateway, which costs several times the instance. The address answers nothing: the security group lets nothing in (FY.EC2.2).',
  ),
  ...exempt(
    'CT.EC2.PR.13',
    INSTANCES,
    'Detailed metrics are paid for one by one. The status checks, which tell that it is broken, come every minute anyway.',
  ),
  ...exempt(
    'CT.EC2.PR.19',
    INSTANCES,
    'No instance talks to another, so there is nothing to encrypt between them; what one says to Fyers and AWS is TLS. The types of the list cost several times as much.',
  ),
  ...exempt(
    'CT.S3.PR.2',
    BUCKETS,
    'Access logs need a second bucket. The harvesters’ roles alone read and write here; whoever else is to be watched is a matter of CloudTrail’s data events.',
  ),
  ...exempt(
    'CT.S3.PR.4',
    BUCKETS,
    'Nobody waits for its events: the day’s manifest, written last, says that a day is whole.',
  ),
  ...exempt(
    'CT.S3.PR.9',
    BUCKETS,
    'An object lock cannot be taken off again, and `deleteData` would then leave the bucket. What is recorded is no legal record.',
  ),
  ...exempt(
    'CT.S3.PR.10',
    BUCKETS,
    'Public prices and public code are in it: SSE-S3 encrypts them at rest, and a key would only add its price and a second right to grant.',
  ),
  ...exempt(
    'CT.S3.PR.11',
    BUCKETS,
    'Every object of a day is written once, under If-None-Match, by a role that may delete nothing; the pointer to the code is made again by `pulumi up`.',
  ),
  ...exempt(
    'CT.S3.PR.2',
    [TRAIL_BUCKET],
    'CloudTrail alone writes into it, and who reads these records sees nothing that the account’s event history does not show.',
  ),
  ...exempt(
    'CT.S3.PR.4',
    [TRAIL_BUCKET],
    'EventBridge has each event minutes before the file with it is there.',
  ),
  ...exempt(
    'CT.S3.PR.9',
    [TRAIL_BUCKET],
    'It is there so that events reach EventBridge, goes with the stack, and keeps nothing for longer than two weeks.',
  ),
  ...exempt(
    'CT.S3.PR.10',
    [TRAIL_BUCKET],
    'No record holds a value. A key needs a policy that lets CloudTrail in, and costs more than all the rest of it.',
  ),
  ...exempt(
    'CT.S3.PR.11',
    [TRAIL_BUCKET],
    'CloudTrail writes each file once, and its digests tell when one was changed (CT.CLOUDTRAIL.PR.2).',
  ),
  ...exempt(
    'FY.S3.2',
    ['aws:s3/bucketPolicy:BucketPolicy::fyers-reads'],
    'CloudTrail writes as a service, so it has to be let in: for this one trail only.',
  ),
  ...exempt('CT.CLOUDTRAIL.PR.1', [TRAIL], 'As CT.S3.PR.10: SSE-S3 encrypts the records.'),
  ...exempt(
    'CT.CLOUDTRAIL.PR.3',
    [TRAIL],
    'EventBridge picks out what matters. A log group would be paid for by every read in the account.',
  ),
  ...exempt(
    'CT.LAMBDA.PR.3',
    FUNCTIONS,
    'They talk to Fyers and to AWS over the internet, and to nothing in a network: inside one they would need a NAT gateway.',
  ),
  ...exempt(
    'CT.LAMBDA.PR.5',
    [LOGIN_URL],
    'A phone’s browser comes back here from Fyers without AWS credentials. The function itself tells a signed link and state from anything else.',
  ),
  ...exempt(
    'CT.IAM.PR.4',
    ['aws:iam/userPolicy:UserPolicy::fyers-reader-user-me'],
    'The user is the operator’s own, named in `readers`. It gets one read of one parameter, and the program makes no user (FY.IAM.4).',
  ),
  ...exempt(
    'CT.KMS.PR.3',
    ['aws:kms/key:Key::fyers'],
    'No role of this stack may make grants (FY.IAM.3). A policy of our own on the key could lock its owner out; AWS’ own leaves the account to decide.',
  ),
  ...exempt(
    'CT.ATHENA.PR.2',
    ['aws:athena/workgroup:Workgroup::fyers-depth'],
    'As CT.S3.PR.10: SSE-S3 encrypts the answers, which are public prices.',
  ),
  ...exempt(
    'CT.CLOUDWATCH.PR.3',
    LOGS,
    'CloudWatch encrypts them under a key of its own, and no secret is written into them, which the secrecy tests prove.',
  ),
  ...exempt('CT.SQS.PR.1', ['aws:sqs/queue:Queue::undelivered'], 'It is the dead-letter queue.'),
  ...exempt('FY.PUBLIC.1', [LOGIN_URL], 'The daily login from a phone, see CT.LAMBDA.PR.5.'),
  ...exempt('FY.PUBLIC.1', INSTANCES, 'The way out without a NAT gateway, see CT.EC2.PR.8.'),
];

function exempt(rule: string, resources: readonly Address[], reason: string): readonly Exemption[] {
  return resources.map((resource) => ({ rule, resource, reason }));
}
