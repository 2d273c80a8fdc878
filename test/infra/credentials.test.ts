import { beforeAll, describe, expect, test } from 'vitest';
import { PLACEHOLDER } from '../../core/config/names.ts';
import { type Graph, allOf, asRecord, graphOf, one } from '../support/graph.ts';
import {
  ACCESS_TOKEN,
  APP_ID,
  APP_ONLY,
  APP_SECRET,
  PIN,
  REFRESH_TOKEN,
  TELEGRAM,
  WHOLE,
} from '../support/stack-configs.ts';

let whole: Graph;
beforeAll(async () => {
  whole = await graphOf(WHOLE);
});

describe('Parameters', () => {
  test.each(['access-token', 'refresh-token'])(
    'ignore every change of the %s after creation, because the keeper owns it',
    (name) => {
      expect(one(whole, 'aws:ssm/parameter:Parameter', name).ignoreChanges).toEqual(['*']);
    },
  );

  test.each(['link-key', 'pin-key'])('keep the value of the %s after creation', (name) => {
    expect(one(whole, 'aws:ssm/parameter:Parameter', name).ignoreChanges).toEqual(['value']);
  });

  test.each(['client-id', 'secret-key', 'telegram'])(
    'update the %s from the configuration',
    (name) => {
      expect(one(whole, 'aws:ssm/parameter:Parameter', name).ignoreChanges).toEqual([]);
    },
  );

  test('never overwrite an existing parameter, and are encrypted with the default key', () => {
    const parameters = whole.resources.filter(({ type }) => type === 'aws:ssm/parameter:Parameter');
    expect(parameters).toHaveLength(8);
    for (const { inputs } of parameters) {
      expect(inputs).not.toHaveProperty('overwrite');
      expect(inputs).toMatchObject({
        type: 'SecureString',
        tier: 'Standard',
        keyId: 'alias/aws/ssm',
      });
    }
  });

  test('start with the tokens of the files, or with the placeholder', async () => {
    const value = (graph: Graph, name: string) =>
      one(graph, 'aws:ssm/parameter:Parameter', name).inputs['value'];
    expect(value(whole, 'access-token')).toBe(ACCESS_TOKEN);
    expect(value(whole, 'refresh-token')).toBe(REFRESH_TOKEN);
    const graph = await graphOf(APP_ONLY);
    expect(value(graph, 'access-token')).toBe(PLACEHOLDER);
    expect(value(graph, 'refresh-token')).toBe(PLACEHOLDER);
  });
});

describe('The keys', () => {
  const keys = (graph: Graph) =>
    ['link-key', 'pin-key'].map((name) => one(graph, 'aws:ssm/parameter:Parameter', name));

  test('are 32 random bytes each and are marked as secrets', async () => {
    const other = await graphOf(APP_ONLY);
    const drawn = [...keys(whole), ...keys(other)].map(({ inputs }) => String(inputs['value']));
    for (const value of drawn) expect(value).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set(drawn).size).toBe(4);
    for (const { secrets } of keys(whole)) expect(secrets).toEqual(['value']);
    const shown = JSON.stringify(whole.outputs);
    for (const value of drawn) expect(shown).not.toContain(value);
  });

  test('are created without an app, too', async () => {
    expect(keys(await graphOf({})).map(({ inputs }) => inputs['name'])).toEqual([
      'FYERS_LINK_KEY',
      'FYERS_PIN_KEY',
    ]);
  });
});

describe('Telegram', () => {
  test('is a secret parameter, and is created only if it is configured', async () => {
    expect(one(whole, 'aws:ssm/parameter:Parameter', 'telegram')).toMatchObject({
      inputs: { name: 'FYERS_TELEGRAM', type: 'SecureString', value: TELEGRAM },
      secrets: ['value'],
    });
    const without = allOf(await graphOf(APP_ONLY), 'aws:ssm/parameter:Parameter');
    expect(without.map(({ name }) => name)).not.toContain('telegram');
  });
});

describe('The PIN', () => {
  test('is a secret without a recovery window, so that it can be created again after destroy', () => {
    expect(one(whole, 'aws:secretsmanager/secret:Secret').inputs).toMatchObject({
      name: 'FYERS_PIN',
      recoveryWindowInDays: 0,
    });
    expect(one(whole, 'aws:secretsmanager/secretVersion:SecretVersion')).toMatchObject({
      inputs: { secretString: PIN },
      secrets: ['secretString'],
    });
  });
});

describe('Secrets', () => {
  const CANARIES = [APP_ID, APP_SECRET, PIN, TELEGRAM, ACCESS_TOKEN, REFRESH_TOKEN];

  /** Returns every text in a value with its path. */
  function texts(value: unknown, at = ''): readonly (readonly [string, string])[] {
    return typeof value === 'object' && value !== null
      ? Object.entries(asRecord(value)).flatMap(([key, inner]) => texts(inner, `${at}.${key}`))
      : [[at.slice(1), String(value)]];
  }

  test('are contained only in inputs that are marked as secret, each in at least one', () => {
    const places = whole.resources.flatMap((each) =>
      texts(each.inputs).map(([at, text]) => ({ each, at, text })),
    );
    for (const canary of CANARIES) {
      const holding = places.filter(({ text }) => text.includes(canary));
      expect(holding.length).toBeGreaterThan(0);
      expect(
        holding.filter(({ each, at }) => !each.secrets.includes(at)).map(({ at }) => at),
      ).toEqual([]);
    }
  });

  test('are not contained in any output', () => {
    const text = JSON.stringify(whole.outputs);
    expect(text.length).toBeGreaterThan(500);
    for (const canary of CANARIES) expect(text).not.toContain(canary);
    expect(whole.secretOutputs).toEqual([]);
  });
});

describe('The adoption of token files', () => {
  test('sends both tokens as a secret input, and waits for all resources that it needs', () => {
    const adopt = one(whole, 'aws:lambda/invocation:Invocation');
    expect(JSON.parse(String(adopt.inputs['input']))).toEqual({
      adopt: { accessToken: ACCESS_TOKEN, refreshToken: REFRESH_TOKEN },
    });
    expect(adopt.secrets).toEqual(['input']);
    expect(adopt.dependsOn).toEqual(
      expect.arrayContaining([
        'aws:lambda/function:Function::refresh',
        'aws:iam/rolePolicy:RolePolicy::fyers-refresh',
        'aws:ssm/parameter:Parameter::client-id',
        'aws:ssm/parameter:Parameter::secret-key',
        'aws:ssm/parameter:Parameter::access-token',
        'aws:ssm/parameter:Parameter::refresh-token',
      ]),
    );
  });

  test('sends null for a token without a file', async () => {
    const graph = await graphOf({
      files: { '.env': APP_ONLY.files?.['.env'] ?? '', 'daily_token.txt': ACCESS_TOKEN },
    });
    const { inputs } = one(graph, 'aws:lambda/invocation:Invocation');
    expect(JSON.parse(String(inputs['input']))).toEqual({
      adopt: { accessToken: ACCESS_TOKEN, refreshToken: null },
    });
  });
});
