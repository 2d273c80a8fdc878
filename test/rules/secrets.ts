// Defines the rules for secrets.
import { type Graph, allOf } from '../support/graph.ts';
import { PIN } from '../support/stack-configs.ts';
import { editOptions, editInputs } from './flaws.ts';
import { type Rule, address, isText, unless } from './rule.ts';
import { SECRETS } from './worlds.ts';

const PARAMETER = 'aws:ssm/parameter:Parameter';
const VERSION = 'aws:secretsmanager/secretVersion:SecretVersion';

/** Types whose inputs AWS shows to every principal with read access. */
const SHOWN = ['aws:lambda/function:Function', 'aws:ec2/instance:Instance'];

/** Returns the texts of a value that are not below a path marked as secret. */
function plainTexts(value: unknown, secrets: readonly string[], path = ''): readonly string[] {
  if (secrets.includes(path)) return [];
  if (typeof value !== 'object' || value === null) return [String(value)];
  return Object.entries(value).flatMap(([key, inner]) =>
    plainTexts(inner, secrets, path === '' ? key : `${path}.${key}`),
  );
}

function hasSecret(texts: readonly string[]): boolean {
  return texts.some((text) => text === PIN || SECRETS.some((secret) => text.includes(secret)));
}

export const SECRET_RULES: readonly Rule[] = [
  {
    id: 'FY.SECRET.1',
    requirement: 'no secret of the operator is registered without a secret mark',
    findViolations: (graph) =>
      graph.resources
        .filter(({ inputs, secrets }) => hasSecret(plainTexts(inputs, secrets)))
        .map(address),
    flaws: {
      'an unmarked parameter': editOptions(`${PARAMETER}::secret-key`, { secrets: [] }),
      'an unmarked PIN': editOptions(`${VERSION}::pin`, { secrets: [] }),
      'a secret in a description': editInputs('aws:lambda/function:Function::login', {
        description: `for ${SECRETS[0] ?? ''}`,
      }),
    },
  },
  {
    id: 'FY.SECRET.2',
    requirement: 'no secret is in code, environments or user data, which AWS shows',
    findViolations: (graph) =>
      graph.resources
        .filter(
          ({ type, inputs, secrets }) =>
            SHOWN.includes(type) && (secrets.length > 0 || hasSecret(plainTexts(inputs, []))),
        )
        .map(address),
    flaws: {
      'a function’s environment': editInputs('aws:lambda/function:Function::refresh', {
        environment: { variables: { FYERS_PIN: SECRETS[0] } },
      }),
    },
  },
  {
    id: 'FY.SECRET.3',
    requirement: 'no output contains a secret or is marked as secret',
    findViolations: ({ outputs, secretOutputs }: Graph) => [
      ...secretOutputs,
      ...Object.entries(outputs)
        .filter(([, value]) => hasSecret(plainTexts(value, [])))
        .map(([name]) => name),
    ],
    flaws: {
      'a token': (graph) => ({ ...graph, outputs: { ...graph.outputs, token: SECRETS[0] } }),
      'a secret output': (graph) => ({ ...graph, secretOutputs: ['token'] }),
    },
  },
  {
    id: 'FY.SSM.1',
    requirement: 'a parameter is encrypted with a named key and has a named tier',
    findViolations: unless(
      PARAMETER,
      ({ type, keyId, tier }) => type === 'SecureString' && isText(keyId) && isText(tier),
    ),
    flaws: {
      'an unencrypted parameter': editInputs(`${PARAMETER}::access-token`, { type: 'String' }),
      'no tier': editInputs(`${PARAMETER}::client-id`, { tier: undefined }),
    },
  },
  {
    id: 'FY.SSM.2',
    requirement: 'the program never updates a token of the keeper',
    findViolations: (graph) =>
      allOf(graph, PARAMETER)
        .filter(
          ({ name, ignoreChanges }) => name.endsWith('-token') && !ignoreChanges.includes('*'),
        )
        .map(address),
    flaws: {
      'only the value is ignored': editOptions(`${PARAMETER}::access-token`, {
        ignoreChanges: ['value'],
      }),
    },
  },
  {
    id: 'FY.SECRETSMANAGER.1',
    requirement: 'the name of a secret is free again after `pulumi destroy`',
    findViolations: unless(
      'aws:secretsmanager/secret:Secret',
      (inputs) => inputs['recoveryWindowInDays'] === 0,
    ),
    flaws: {
      'thirty days': editInputs('aws:secretsmanager/secret:Secret::pin', {
        recoveryWindowInDays: undefined,
      }),
    },
  },
];
