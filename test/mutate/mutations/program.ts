// Lists edits of the Pulumi program.
import type { Mutation } from '../tree.ts';

const POLICIES = ['test/infra/iam/policies.test.ts'];
const CREDENTIALS = ['test/infra/credentials.test.ts'];
const COMPONENTS = ['test/infra/components.test.ts'];
const KEEPER = ['test/infra/keeper.test.ts'];
const RULES = ['test/rules/rules.test.ts'];
const VALIDITY = ['test/infra/validity.test.ts'];

export const PROGRAM: readonly Mutation[] = [
  {
    name: 'harvester-silent fires no alarm',
    file: 'infra/components/watch.ts',
    find: "treatMissingData: 'breaching'",
    replace: "treatMissingData: 'notBreaching'",
    tests: ['test/full/thirty-days-alarms.test.ts'],
  },
  {
    name: 'an alarm listens to another harvester',
    file: 'infra/components/watch.ts',
    find: 'dimensions: harvesterDimensions(suffix, String(plan.shard))',
    replace: 'dimensions: harvesterDimensions(String(plan.shard), suffix)',
    tests: ['test/full/thirty-days-alarms.test.ts'],
  },
  {
    name: 'a role may do one thing more',
    file: 'infra/iam/policies.ts',
    find: "actions: ['s3:PutObject'],",
    replace: "actions: ['s3:PutObject', 's3:DeleteObject'],",
    tests: POLICIES,
  },
  {
    name: 'a role may do one thing less',
    file: 'infra/iam/policies.ts',
    find: "actions: ['secretsmanager:GetSecretValue'], on: ['pin']",
    replace: "actions: ['secretsmanager:GetSecretValue'], on: []",
    tests: POLICIES,
  },
  {
    name: 'the instance may read the app secret',
    file: 'infra/iam/policies.ts',
    find: "on: { allBut: ['parameter FYERS_ACCESS_TOKEN', 'parameter FYERS_CLIENT_ID'] }",
    replace: "on: { allBut: ['parameter FYERS_ACCESS_TOKEN', 'parameter FYERS_SECRET_KEY'] }",
    tests: POLICIES,
  },
  {
    name: 'a role may label a parameter',
    file: 'infra/iam/policies.ts',
    find: "{ actor: 'login', effect: 'Allow', actions: ['ssm:DeleteParameter'], on: ['claims'] }",
    replace:
      "{ actor: 'login', effect: 'Allow', actions: ['ssm:DeleteParameter', 'ssm:Label*'], on: ['claims'] }",
    tests: POLICIES,
  },
  {
    name: 'the login may read the PIN',
    file: 'infra/iam/policies.ts',
    find: `{ actor: 'login', effect: 'Allow', actions: NOTIFY_ACTIONS, on: ['topic'] },`,
    replace: `{ actor: 'login', effect: 'Allow', actions: NOTIFY_ACTIONS, on: ['topic'] },
  { actor: 'login', effect: 'Allow', actions: ['secretsmanager:GetSecretValue'], on: ['pin'] },`,
    tests: POLICIES,
  },
  {
    name: 'the watch of nine o’clock is not scheduled in India',
    file: 'infra/components/keeper.ts',
    find: 'scheduleExpressionTimezone: SCHEDULE_TIME_ZONE,',
    replace: "scheduleExpressionTimezone: actor === 'watch' ? 'UTC' : SCHEDULE_TIME_ZONE,",
    tests: KEEPER,
  },
  {
    name: 'a deploy may send an old token again',
    file: 'infra/components/credentials.ts',
    find: "ignoreChanges: ['*']",
    replace: "ignoreChanges: ['value']",
    tests: CREDENTIALS,
  },
  {
    name: 'the PIN and the other secrets are no secrets of Pulumi',
    file: 'infra/config/load.ts',
    find: '(text) => pulumi.secret(text)',
    replace: '(text) => pulumi.output(text)',
    tests: ['test/infra/config/load.test.ts'],
  },
  {
    name: 'the PIN’s name is taken after destroy',
    file: 'infra/components/credentials.ts',
    find: 'recoveryWindowInDays: 0',
    replace: 'recoveryWindowInDays: 7',
    tests: CREDENTIALS,
  },
  {
    name: 'Lambda tries a failed run again',
    file: 'infra/components/keeper.ts',
    find: 'maximumRetryAttempts: 0',
    replace: 'maximumRetryAttempts: 2',
    tests: KEEPER,
  },
  {
    name: 'the bucket goes with the stack',
    file: 'infra/components/bucket.ts',
    find: 'retainOnDelete: earlier !== null || !deleteData',
    replace: 'retainOnDelete: false',
    tests: COMPONENTS,
  },
  {
    name: 'the instance gives its credentials to any request',
    file: 'infra/components/machine.ts',
    find: "httpTokens: 'required'",
    replace: "httpTokens: 'optional'",
    tests: COMPONENTS,
  },
  {
    name: 'the instance runs code of another hash',
    file: 'infra/instance/user-data.ts',
    find: 'sha256sum --check --status || return 1',
    replace: 'sha256sum --check --status || true',
    tests: ['test/infra/fetch.test.ts'],
  },
  {
    name: 'a bucket may be opened to the public',
    file: 'infra/components/bucket.ts',
    find: 'restrictPublicBuckets: true,',
    replace: 'restrictPublicBuckets: false,',
    tests: RULES,
  },
  {
    name: 'a log is gone after a quarter',
    file: 'infra/components/function.ts',
    find: 'const LOG_RETENTION_DAYS = 365;',
    replace: 'const LOG_RETENTION_DAYS = 90;',
    tests: RULES,
  },
  {
    name: 'a role may read every parameter',
    file: 'infra/iam/policies.ts',
    find: `actor: 'harvester',
    effect: 'Allow',
    actions: ['ssm:GetParameter'],
    on: ['parameter FYERS_ACCESS_TOKEN', 'parameter FYERS_CLIENT_ID'],`,
    replace: `actor: 'harvester',
    effect: 'Allow',
    actions: ['ssm:GetParameter'],
    on: ['anything'],`,
    tests: RULES,
  },
  {
    name: 'the boot script splits a name at its blanks',
    file: 'infra/instance/user-data.ts',
    find: 'echo "$wanted  ${PROGRAMS}/harvester.mjs"',
    replace: 'echo $wanted  ${PROGRAMS}/harvester.mjs',
    tests: VALIDITY,
  },
];
