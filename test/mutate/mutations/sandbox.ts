// Lists edits of the replacements for AWS and Pulumi.
import type { Mutation } from '../tree.ts';

const OPERATIONS = ['test/sandbox/pulumi/operations.test.ts'];

const REPLACEMENTS = ['test/sandbox/pulumi/types.test.ts'];

/** Makes the change of one property a change in place. `after` is the next line when `replaceOn` occurs more than once. */
function inPlace(name: string, file: string, all: string, rest: string, after = ''): Mutation {
  return {
    name,
    file: `sandbox/pulumi/resources/${file}.ts`,
    find: `replaceOn: [${all}],${after}`,
    replace: `replaceOn: [${rest}],${after}`,
    tests: REPLACEMENTS,
  };
}

function and(type: string): string {
  return `\n    cloudFormation: '${type}'`;
}

export const SANDBOX: readonly Mutation[] = [
  inPlace(
    'a query that changes is changed in place',
    'analysis',
    "'name', 'description', 'database', 'query', 'workgroup'",
    "'name', 'description', 'database', 'workgroup'",
  ),
  inPlace(
    'a renamed budget is changed in place',
    'watch',
    "'name'",
    '',
    and('AWS::Budgets::Budget'),
  ),
  inPlace(
    'a renamed trail is changed in place',
    'watch',
    "'name'",
    '',
    and('AWS::CloudTrail::Trail'),
  ),
  inPlace('a renamed dashboard is changed in place', 'watch', "'dashboardName'", ''),
  inPlace(
    'a target for another rule is changed in place',
    'events',
    "'rule', 'targetId'",
    "'targetId'",
  ),
  inPlace(
    'an address for another function is changed in place',
    'functions',
    "'functionName'",
    '',
    and('AWS::Lambda::Url'),
  ),
  inPlace(
    'a table for another database is changed in place',
    'analysis',
    "'databaseName', 'name'",
    "'name'",
  ),
  inPlace('a policy for another user is changed in place', 'iam', "'name', 'user'", "'name'"),
  {
    name: 'another encryption of the root volume is a change in place',
    file: 'sandbox/pulumi/resources/network.ts',
    find: "      'rootBlockDevice.encrypted',\n",
    replace: '',
    tests: REPLACEMENTS,
  },
  inPlace('a renamed alias is changed in place', 'secrets', "'name'", '', and('AWS::KMS::Alias')),
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
  inPlace(
    'settings of another bucket are changed in place',
    's3',
    "'bucket'",
    '',
    '\n    cloudFormation: calls.',
  ),
  inPlace('an object with another key is changed in place', 's3', "'bucket', 'key'", "'bucket'"),
  inPlace(
    'a schedule in another group is changed in place',
    'events',
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
    'network',
    "'name', 'description', 'vpcId'",
    "'name', 'vpcId'",
  ),
  {
    name: 'a property of the parameter no longer replaces it',
    file: 'sandbox/pulumi/resources/secrets.ts',
    find: "replaceOn: ['name', 'dataType']",
    replace: "replaceOn: ['name']",
    tests: OPERATIONS,
  },
  {
    name: 'an invocation is not made again for another input',
    file: 'sandbox/pulumi/resources/functions.ts',
    find: "replaceOn: ['functionName', 'triggers', 'input']",
    replace: "replaceOn: ['functionName', 'triggers']",
    tests: OPERATIONS,
  },
  {
    name: 'the parameter’s update sends its value only when that changed',
    file: 'sandbox/pulumi/resources/secrets.ts',
    find: 'if ([...changed].every((property) => IN_STATE_ONLY.has(property))) return {};',
    replace: "if (!changed.has('value')) return {};",
    tests: ['test/sandbox/pulumi/parameter.test.ts'],
  },
  {
    name: 'the state shows the parameter’s value',
    file: 'sandbox/pulumi/resources/secrets.ts',
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
