// Edits of what stands in for AWS and Pulumi.
import type { Mutation } from '../tree.ts';

const OPERATIONS = ['test/sandbox/pulumi/operations.test.ts'];

const REPLACEMENTS = ['test/sandbox/pulumi/replacements.test.ts'];

/** Takes one property off those whose change makes a new resource. */
function inPlace(name: string, file: string, all: string, rest: string): Mutation {
  return {
    name,
    file: `sandbox/pulumi/resources/${file}.ts`,
    find: `replaceOn: [${all}]`,
    replace: `replaceOn: [${rest}]`,
    tests: REPLACEMENTS,
  };
}

export const SANDBOX: readonly Mutation[] = [
  inPlace(
    'a query that changes is changed in place',
    'athena',
    "'name', 'description', 'database', 'query', 'workgroup'",
    "'name', 'description', 'database', 'workgroup'",
  ),
  inPlace('a renamed budget is changed in place', 'budgets', "'name'", ''),
  inPlace('a renamed trail is changed in place', 'cloudtrail', "'name'", ''),
  inPlace('a renamed dashboard is changed in place', 'cloudwatch', "'dashboardName'", ''),
  inPlace(
    'a target for another rule is changed in place',
    'events',
    "'rule', 'targetId'",
    "'targetId'",
  ),
  inPlace(
    'an address for another function is changed in place',
    'function-url',
    "'functionName'",
    '',
  ),
  inPlace(
    'a table for another database is changed in place',
    'glue',
    "'databaseName', 'name'",
    "'name'",
  ),
  inPlace('a policy for another user is changed in place', 'iam', "'name', 'user'", "'name'"),
  {
    name: 'another encryption of the root volume is a change in place',
    file: 'sandbox/pulumi/resources/instance.ts',
    find: "    'rootBlockDevice.encrypted',\n",
    replace: '',
    tests: REPLACEMENTS,
  },
  inPlace('a renamed alias is changed in place', 'kms', "'name'", ''),
  inPlace(
    'a subscription with another address is changed in place',
    'messaging',
    "'topic', 'protocol', 'endpoint'",
    "'topic', 'protocol'",
  ),
  inPlace(
    'a subnet with other addresses is changed in place',
    'network',
    "'vpcId', 'cidrBlock', 'availabilityZone'",
    "'vpcId', 'availabilityZone'",
  ),
  inPlace('settings of another bucket are changed in place', 's3-settings', "'bucket'", ''),
  inPlace('an object with another key is changed in place', 's3', "'bucket', 'key'", "'bucket'"),
  inPlace(
    'a schedule in another group is changed in place',
    'scheduler',
    "'groupName', 'name'",
    "'name'",
  ),
  inPlace(
    'a secret value that changes is changed in place',
    'secrets',
    "'secretId', 'secretString'",
    "'secretId'",
  ),
  inPlace(
    'a security group described otherwise is changed in place',
    'security-group',
    "'name', 'description', 'vpcId'",
    "'name', 'vpcId'",
  ),
  {
    name: 'a property of the parameter no longer replaces it',
    file: 'sandbox/pulumi/resources/ssm.ts',
    find: "replaceOn: ['name', 'dataType']",
    replace: "replaceOn: ['name']",
    tests: OPERATIONS,
  },
  {
    name: 'an invocation is not made again for another input',
    file: 'sandbox/pulumi/resources/lambda.ts',
    find: "replaceOn: ['functionName', 'triggers', 'input']",
    replace: "replaceOn: ['functionName', 'triggers']",
    tests: OPERATIONS,
  },
  {
    name: 'the parameter’s update sends its value only when that changed',
    file: 'sandbox/pulumi/resources/ssm.ts',
    find: 'if ([...changed].every((property) => IN_STATE_ONLY.has(property))) return {};',
    replace: "if (!changed.has('value')) return {};",
    tests: ['test/sandbox/pulumi/parameter.test.ts'],
  },
  {
    name: 'the state shows the parameter’s value',
    file: 'sandbox/pulumi/resources/ssm.ts',
    find: "secretOutputs: ['value']",
    replace: 'secretOutputs: []',
    tests: OPERATIONS,
  },
  {
    name: 'an unknown property is let through',
    file: 'sandbox/pulumi/resources/type.ts',
    find: `return issue.code === 'unrecognized_keys'
      ? issue.keys.map(`,
    replace: `return issue.code === 'unrecognized_keys'
      ? [].map(`,
    tests: OPERATIONS,
  },
];
