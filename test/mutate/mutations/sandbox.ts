// Lists edits of the replacements for AWS and Pulumi.
import { editsOf, type Mutation } from '../tree.ts';

const OPERATIONS = 'test/sandbox/pulumi/operations.test.ts';
const REPLACEMENTS = 'test/sandbox/pulumi/types.test.ts';
const TYPES = 'sandbox/pulumi/resources';

/**
 * Makes the change of one property a change in place. `listed` are all names in `replaceOn`, and `after` is the next line
 * if `replaceOn` occurs more than once.
 */
function without(property: string, listed: string, after = '') {
  const names = listed.split(' ').map((name) => `'${name}'`);
  const write = (kept: readonly string[]) => `replaceOn: [${kept.join(', ')}],${after}`;
  return [write(names), write(names.filter((name) => name !== `'${property}'`))] as const;
}

function and(type: string): string {
  return `\n    cloudFormation: '${type}'`;
}

export const SANDBOX: readonly Mutation[] = [
  ...editsOf(`${TYPES}/analysis.ts`, REPLACEMENTS, {
    'a query that changes is changed in place': without(
      'query',
      'name description database query workgroup',
    ),
    'a table for another database is changed in place': without(
      'databaseName',
      'databaseName name',
    ),
  }),
  ...editsOf(`${TYPES}/watch.ts`, REPLACEMENTS, {
    'a renamed budget is changed in place': without('name', 'name', and('AWS::Budgets::Budget')),
    'a renamed trail is changed in place': without('name', 'name', and('AWS::CloudTrail::Trail')),
    'a renamed dashboard is changed in place': without('dashboardName', 'dashboardName'),
  }),
  ...editsOf(`${TYPES}/events.ts`, REPLACEMENTS, {
    'a target for another rule is changed in place': without('rule', 'rule targetId'),
    'a schedule in another group is changed in place': without('groupName', 'groupName name'),
  }),
  ...editsOf(`${TYPES}/functions.ts`, REPLACEMENTS, {
    'an address for another function is changed in place': without(
      'functionName',
      'functionName',
      and('AWS::Lambda::Url'),
    ),
  }),
  ...editsOf(`${TYPES}/iam.ts`, REPLACEMENTS, {
    'a policy for another user is changed in place': without('user', 'name user'),
  }),
  ...editsOf(`${TYPES}/network.ts`, REPLACEMENTS, {
    'another encryption of the root volume is a change in place': [
      "      'rootBlockDevice.encrypted',\n",
    ],
    'a subnet with other addresses is changed in place': without(
      'cidrBlock',
      'vpcId cidrBlock availabilityZone',
    ),
    'a security group described otherwise is changed in place': without(
      'description',
      'name description vpcId',
    ),
  }),
  ...editsOf(`${TYPES}/secrets.ts`, REPLACEMENTS, {
    'a renamed alias is changed in place': without('name', 'name', and('AWS::KMS::Alias')),
    'a secret value that changes is changed in place': without(
      'secretString',
      'secretId secretString',
    ),
  }),
  ...editsOf(`${TYPES}/messaging.ts`, REPLACEMENTS, {
    'a subscription with another address is changed in place': without(
      'endpoint',
      'topic protocol endpoint',
    ),
  }),
  ...editsOf(`${TYPES}/s3.ts`, REPLACEMENTS, {
    'settings of another bucket are changed in place': without(
      'bucket',
      'bucket',
      '\n    cloudFormation: calls.',
    ),
    'an object with another key is changed in place': without('key', 'bucket key'),
  }),
  ...editsOf(`${TYPES}/secrets.ts`, OPERATIONS, {
    'a property of the parameter no longer replaces it': [
      "replaceOn: ['name', 'dataType']",
      "replaceOn: ['name']",
    ],
    'the state shows the parameter’s value': ["secretOutputs: ['value']", 'secretOutputs: []'],
  }),
  ...editsOf(`${TYPES}/functions.ts`, OPERATIONS, {
    'an invocation is not made again for another input': [
      "replaceOn: ['functionName', 'triggers', 'input']",
      "replaceOn: ['functionName', 'triggers']",
    ],
  }),
  ...editsOf(`${TYPES}/secrets.ts`, 'test/sandbox/pulumi/parameter.test.ts', {
    'the parameter’s update sends its value only when that changed': [
      'if ([...changed].every((property) => IN_STATE_ONLY.has(property))) return {};',
      "if (!changed.has('value')) return {};",
    ],
  }),
  ...editsOf(`${TYPES}/type.ts`, OPERATIONS, {
    'an unknown property is let through': [
      "return issue.code === 'unrecognized_keys'\n      ? issue.keys.map(",
      "return issue.code === 'unrecognized_keys'\n      ? [].map(",
    ],
  }),
];
