// Edits of what stands in for AWS and Pulumi.
import type { Mutation } from '../tree.ts';

const OPERATIONS = ['test/sandbox/pulumi/operations.test.ts'];

export const SANDBOX: readonly Mutation[] = [
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
