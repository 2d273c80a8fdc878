// What must be known to nobody.
import { type Graph, allOf } from '../support/graph.ts';
import { altered, edited } from './flaws.ts';
import { type Rule, address, isText, unless } from './rule.ts';
import { PIN } from '../support/stack-configs.ts';
import { SECRETS } from './worlds.ts';

const PARAMETER = 'aws:ssm/parameter:Parameter';
const VERSION = 'aws:secretsmanager/secretVersion:SecretVersion';

/** What AWS shows to whoever may look at the resource. */
const SHOWN = ['aws:lambda/function:Function', 'aws:ec2/instance:Instance'];

/** Texts in clear, by path: everything but what stands under a path that is marked secret. */
function clear(value: unknown, secrets: readonly string[], path = ''): readonly string[] {
  if (secrets.includes(path)) return [];
  if (typeof value !== 'object' || value === null) return [String(value)];
  return Object.entries(value).flatMap(([key, inner]) =>
    clear(inner, secrets, path === '' ? key : `${path}.${key}`),
  );
}

function tells(texts: readonly string[]): boolean {
  return texts.some((text) => text === PIN || SECRETS.some((secret) => text.includes(secret)));
}

export const SECRET_RULES: readonly Rule[] = [
  {
    id: 'FY.SECRET.1',
    asks: 'no value of an operator’s secret stands in clear in what is registered',
    breakers: (graph) =>
      graph.resources.filter(({ inputs, secrets }) => tells(clear(inputs, secrets))).map(address),
    flaws: {
      'a parameter in clear': altered(`${PARAMETER}::secret-key`, { secrets: [] }),
      'the PIN in clear': altered(`${VERSION}::pin`, { secrets: [] }),
      'a secret in a description': edited('aws:lambda/function:Function::login', {
        description: `for ${SECRETS[0] ?? ''}`,
      }),
    },
  },
  {
    id: 'FY.SECRET.2',
    asks: 'nothing secret goes where AWS shows it: code, environments and user data',
    breakers: (graph) =>
      graph.resources
        .filter(
          ({ type, inputs, secrets }) =>
            SHOWN.includes(type) && (secrets.length > 0 || tells(clear(inputs, []))),
        )
        .map(address),
    flaws: {
      'a function’s environment': edited('aws:lambda/function:Function::refresh', {
        environment: { variables: { FYERS_PIN: SECRETS[0] } },
      }),
    },
  },
  {
    id: 'FY.SECRET.3',
    asks: 'no output tells a secret, or is one',
    breakers: ({ outputs, secretOutputs }: Graph) => [
      ...secretOutputs,
      ...Object.entries(outputs)
        .filter(([, value]) => tells(clear(value, [])))
        .map(([name]) => name),
    ],
    flaws: {
      'a token': (graph) => ({ ...graph, outputs: { ...graph.outputs, token: SECRETS[0] } }),
      'a secret output': (graph) => ({ ...graph, secretOutputs: ['token'] }),
    },
  },
  {
    id: 'FY.SSM.1',
    asks: 'a parameter is encrypted, under a key that is named, and of a tier that is named',
    breakers: unless(
      PARAMETER,
      ({ type, keyId, tier }) => type === 'SecureString' && isText(keyId) && isText(tier),
    ),
    flaws: {
      'a plain one': edited(`${PARAMETER}::access-token`, { type: 'String' }),
      'a tier by the account’s setting': edited(`${PARAMETER}::client-id`, { tier: undefined }),
    },
  },
  {
    id: 'FY.SSM.2',
    asks: 'a token of the keeper’s is never written again by the program',
    breakers: (graph) =>
      allOf(graph, PARAMETER)
        .filter(
          ({ name, ignoreChanges }) => name.endsWith('-token') && !ignoreChanges.includes('*'),
        )
        .map(address),
    flaws: {
      'of which the value alone is left alone': altered(`${PARAMETER}::access-token`, {
        ignoreChanges: ['value'],
      }),
    },
  },
  {
    id: 'FY.SECRETSMANAGER.1',
    asks: 'a secret’s name is free again after `pulumi destroy`',
    breakers: unless(
      'aws:secretsmanager/secret:Secret',
      (inputs) => inputs['recoveryWindowInDays'] === 0,
    ),
    flaws: {
      'thirty days': edited('aws:secretsmanager/secret:Secret::pin', {
        recoveryWindowInDays: undefined,
      }),
    },
  },
];
