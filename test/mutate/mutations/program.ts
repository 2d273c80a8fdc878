// Lists edits of the Pulumi program.
import { editsOf, type Mutation } from '../tree.ts';

const POLICIES = 'test/infra/iam/policies.test.ts';
const CREDENTIALS = 'test/infra/credentials.test.ts';
const COMPONENTS = 'test/infra/components.test.ts';
const KEEPER = 'test/infra/keeper.test.ts';
const RULES = 'test/rules/rules.test.ts';
const VALIDITY = 'test/infra/validity.test.ts';

export const PROGRAM: readonly Mutation[] = [
  ...editsOf('infra/components/watch.ts', 'test/full/thirty-days-alarms.test.ts', {
    'harvester-silent fires no alarm': [
      "treatMissingData: 'breaching'",
      "treatMissingData: 'notBreaching'",
    ],
    'an alarm listens to another harvester': [
      'dimensions: harvesterDimensions(suffix, String(plan.shard))',
      'dimensions: harvesterDimensions(String(plan.shard), suffix)',
    ],
  }),
  ...editsOf('infra/iam/policies.ts', POLICIES, {
    'a role may do one thing more': [
      "actions: ['s3:PutObject'],",
      "actions: ['s3:PutObject', 's3:DeleteObject'],",
    ],
    'a role may do one thing less': [
      "actions: ['secretsmanager:GetSecretValue'], on: ['pin']",
      "actions: ['secretsmanager:GetSecretValue'], on: []",
    ],
    'the instance may read the app secret': [
      "on: { allBut: ['parameter FYERS_ACCESS_TOKEN', 'parameter FYERS_CLIENT_ID'] }",
      "on: { allBut: ['parameter FYERS_ACCESS_TOKEN', 'parameter FYERS_SECRET_KEY'] }",
    ],
    'a role may label a parameter': [
      "{ actor: 'login', effect: 'Allow', actions: ['ssm:DeleteParameter'], on: ['claims'] }",
      "{ actor: 'login', effect: 'Allow', actions: ['ssm:DeleteParameter', 'ssm:Label*'], on: ['claims'] }",
    ],
    'the login may read the PIN': [
      `{ actor: 'login', effect: 'Allow', actions: NOTIFY_ACTIONS, on: ['topic'] },`,
      `{ actor: 'login', effect: 'Allow', actions: NOTIFY_ACTIONS, on: ['topic'] },
  { actor: 'login', effect: 'Allow', actions: ['secretsmanager:GetSecretValue'], on: ['pin'] },`,
    ],
  }),
  ...editsOf('infra/components/keeper.ts', KEEPER, {
    'the watch of nine o’clock is not scheduled in India': [
      'scheduleExpressionTimezone: SCHEDULE_TIME_ZONE,',
      "scheduleExpressionTimezone: actor === 'watch' ? 'UTC' : SCHEDULE_TIME_ZONE,",
    ],
    'Lambda tries a failed run again': ['maximumRetryAttempts: 0', 'maximumRetryAttempts: 2'],
  }),
  ...editsOf('infra/components/credentials.ts', CREDENTIALS, {
    'a deploy may send an old token again': ["ignoreChanges: ['*']", "ignoreChanges: ['value']"],
    'the PIN’s name is taken after destroy': ['recoveryWindowInDays: 0', 'recoveryWindowInDays: 7'],
  }),
  ...editsOf('infra/config/load.ts', 'test/infra/config/load.test.ts', {
    'the PIN and the other secrets are no secrets of Pulumi': [
      '(text) => pulumi.secret(text)',
      '(text) => pulumi.output(text)',
    ],
  }),
  ...editsOf('infra/components/bucket.ts', COMPONENTS, {
    'the bucket goes with the stack': [
      'retainOnDelete: earlier !== null || !deleteData',
      'retainOnDelete: false',
    ],
  }),
  ...editsOf('infra/components/machine.ts', COMPONENTS, {
    'the instance gives its credentials to any request': [
      "httpTokens: 'required'",
      "httpTokens: 'optional'",
    ],
  }),
  ...editsOf('infra/instance/user-data.ts', 'test/infra/fetch.test.ts', {
    'the instance runs code of another hash': [
      'sha256sum --check --status || return 1',
      'sha256sum --check --status || true',
    ],
  }),
  ...editsOf('infra/components/bucket.ts', RULES, {
    'a bucket may be opened to the public': [
      'restrictPublicBuckets: true,',
      'restrictPublicBuckets: false,',
    ],
  }),
  ...editsOf('infra/components/function.ts', RULES, {
    'a log is gone after a quarter': [
      'const LOG_RETENTION_DAYS = 365;',
      'const LOG_RETENTION_DAYS = 90;',
    ],
  }),
  ...editsOf('infra/iam/policies.ts', RULES, {
    'a role may read every parameter': [
      `actor: 'harvester',
    effect: 'Allow',
    actions: ['ssm:GetParameter'],
    on: ['parameter FYERS_ACCESS_TOKEN', 'parameter FYERS_CLIENT_ID'],`,
      `actor: 'harvester',
    effect: 'Allow',
    actions: ['ssm:GetParameter'],
    on: ['anything'],`,
    ],
  }),
  ...editsOf('infra/instance/user-data.ts', VALIDITY, {
    'the boot script splits a name at its blanks': [
      'echo "$wanted  ${PROGRAMS}/harvester.mjs"',
      'echo $wanted  ${PROGRAMS}/harvester.mjs',
    ],
  }),
];
