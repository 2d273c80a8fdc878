import { beforeAll, describe, expect, test } from 'vitest';
import {
  ACCOUNT,
  type Graph,
  allOf,
  asRecord,
  graphOf,
  one,
  problemsOf,
} from '../support/graph.ts';
import { OTHER_VALUES } from '../support/other-values.ts';
import { APP_ONLY, WHOLE } from '../support/stack-configs.ts';

const KEY = 'arn:aws:mock:::Key/fyers';
const PIN = 'arn:aws:mock:::Secret/pin';
const parameter = (name: string) => `arn:aws:ssm:ap-south-1:${ACCOUNT}:parameter/${name}`;
const role = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;

let keyed: Graph;
beforeAll(async () => {
  const readers = `${role('bots/bot')} arn:aws:iam::${ACCOUNT}:user/laptop`;
  const config = { ...WHOLE.config, customerKey: 'true', readers, reservedConcurrency: '2' };
  keyed = await graphOf({ ...WHOLE, config });
});

function statements(name: string, type = 'aws:iam/rolePolicy:RolePolicy'): readonly unknown[] {
  const list = asRecord(one(keyed, type, name).inputs['policy'])['Statement'];
  return Array.isArray(list) ? list : [];
}

const keyStatements = (name: string) =>
  statements(name).filter((statement) => JSON.stringify(statement).includes(KEY));

const ssm = (action: string, ...names: readonly string[]) => ({
  Effect: 'Allow',
  Action: [action],
  Resource: [KEY],
  Condition: {
    StringEquals: {
      'kms:ViaService': 'ssm.ap-south-1.amazonaws.com',
      'kms:EncryptionContext:PARAMETER_ARN': names.map(parameter),
    },
  },
});

describe('The customer key', () => {
  test('is created once, rotates automatically, and is deleted after thirty days', () => {
    expect(one(keyed, 'aws:kms/key:Key').inputs).toEqual({
      description: 'Parameters and PIN of the Fyers keeper',
      enableKeyRotation: true,
      deletionWindowInDays: 30,
    });
    expect(one(keyed, 'aws:kms/alias:Alias').inputs).toMatchObject({ name: 'alias/fyers' });
  });

  test('encrypts every parameter and the PIN, and is in the environment of the functions', () => {
    const parameters = allOf(keyed, 'aws:ssm/parameter:Parameter');
    expect(parameters.map(({ inputs }) => inputs['keyId'])).toEqual(parameters.map(() => KEY));
    expect(one(keyed, 'aws:secretsmanager/secret:Secret').inputs).toMatchObject({ kmsKeyId: KEY });
    for (const { inputs } of allOf(keyed, 'aws:lambda/function:Function')) {
      expect(inputs['environment']).toMatchObject({ variables: { FYERS_KEY_ID: KEY } });
    }
    expect(keyed.outputs['key']).toBe(KEY);
  });

  test('allows the refresh its parameters and the PIN, each through its own service', () => {
    expect(keyStatements('fyers-refresh')).toEqual([
      ssm(
        'kms:Decrypt',
        'FYERS_CLIENT_ID',
        'FYERS_SECRET_KEY',
        'FYERS_ACCESS_TOKEN',
        'FYERS_REFRESH_TOKEN',
        'FYERS_TOKEN_STATE',
        'FYERS_LOGIN_STATE',
        'FYERS_LINK_KEY',
        'FYERS_PIN_KEY',
        'FYERS_TELEGRAM',
      ),
      ssm('kms:Encrypt', 'FYERS_ACCESS_TOKEN', 'FYERS_REFRESH_TOKEN', 'FYERS_TOKEN_STATE'),
      {
        Effect: 'Allow',
        Action: ['kms:Decrypt'],
        Resource: [KEY],
        Condition: {
          StringEquals: {
            'kms:ViaService': 'secretsmanager.ap-south-1.amazonaws.com',
            'kms:EncryptionContext:SecretARN': [PIN],
          },
        },
      },
    ]);
  });

  test('allows the login and the watch their reads, and the login its writes', () => {
    const reads = [
      'FYERS_CLIENT_ID',
      'FYERS_SECRET_KEY',
      'FYERS_ACCESS_TOKEN',
      'FYERS_TOKEN_STATE',
      'FYERS_LOGIN_STATE',
      'FYERS_LINK_KEY',
    ];
    expect(keyStatements('fyers-login')).toEqual([
      ssm('kms:Decrypt', ...reads, 'FYERS_LOGIN_URL', 'FYERS_TELEGRAM'),
      ssm('kms:Encrypt', 'FYERS_ACCESS_TOKEN', 'FYERS_REFRESH_TOKEN', 'FYERS_LOGIN_STATE'),
    ]);
    expect(keyStatements('fyers-watch')).toEqual([ssm('kms:Decrypt', ...reads, 'FYERS_TELEGRAM')]);
  });

  test('allows the instance its two parameters, and the schedules nothing', () => {
    expect(keyStatements('fyers-harvester')).toEqual([
      ssm('kms:Decrypt', 'FYERS_ACCESS_TOKEN', 'FYERS_CLIENT_ID'),
    ]);
    expect(keyStatements('fyers-schedule')).toEqual([]);
  });

  test('is neither created nor named if customerKey is not set', async () => {
    const graph = await graphOf(WHOLE);
    expect(graph.resources.filter(({ type }) => type.startsWith('aws:kms/'))).toEqual([]);
    const policies = allOf(graph, 'aws:iam/rolePolicy:RolePolicy').map(({ inputs }) => inputs);
    const environments = allOf(graph, 'aws:lambda/function:Function').map(
      ({ inputs }) => inputs['environment'],
    );
    const [secret] = allOf(graph, 'aws:secretsmanager/secret:Secret');
    expect(JSON.stringify([policies, environments, secret])).not.toMatch(/kms|FYERS_KEY_ID/);
  });

  test('has its own alias in a second stack', async () => {
    const graph = await graphOf({ ...APP_ONLY, config: { customerKey: 'true', suffix: 'paper' } });
    expect(one(graph, 'aws:kms/alias:Alias').inputs['name']).toBe('alias/fyers-paper');
  });
});

describe('A reader', () => {
  const READS = {
    Effect: 'Allow',
    Action: ['ssm:GetParameter'],
    Resource: [parameter('FYERS_ACCESS_TOKEN'), parameter('FYERS_CLIENT_ID')],
  };
  const DECRYPTS = ssm('kms:Decrypt', 'FYERS_ACCESS_TOKEN', 'FYERS_CLIENT_ID');

  test('has an inline policy for the access token and the app id, and nothing else', () => {
    const [ofRole, ofUser] = ['fyers-reader-role-bot', 'fyers-reader-user-laptop'] as const;
    expect(one(keyed, 'aws:iam/rolePolicy:RolePolicy', ofRole).inputs['role']).toBe('bot');
    expect(statements(ofRole)).toEqual([READS, DECRYPTS]);
    expect(one(keyed, 'aws:iam/userPolicy:UserPolicy', ofUser).inputs['user']).toBe('laptop');
    expect(statements(ofUser, 'aws:iam/userPolicy:UserPolicy')).toEqual([READS, DECRYPTS]);
  });

  test.each([
    ['bot', 'must be ARNs of IAM roles or users'],
    [`arn:aws:sts::${ACCOUNT}:assumed-role/bot/session`, 'must be ARNs of IAM roles or users'],
    [role('aws-reserved/sso.amazonaws.com/Admin'), 'must not name a role that AWS manages'],
    [`${role('bot')},${role('other/bot')}`, 'must name each role and user once'],
    [`${role('a')},arn:aws:iam::999999999999:role/b`, 'must be of the one account of this stack'],
  ])('is refused if its value is %s', async (readers, problem) => {
    const { message, registered } = await problemsOf({ config: { readers } });
    expect(message).toContain(`readers in the Pulumi configuration ${problem}`);
    expect(registered).toBe(0);
  });
});

describe('Reserved concurrency', () => {
  const reserved = (graph: Graph) =>
    allOf(graph, 'aws:lambda/function:Function').map(({ name, inputs }) => [
      name,
      inputs['reservedConcurrentExecutions'],
    ]);

  test('is set for refresh and login if it is configured', () => {
    expect(new Map(reserved(keyed) as [string, unknown][])).toEqual(
      new Map<string, unknown>([
        ['refresh', 2],
        ['login', 2],
        ['watch', undefined],
      ]),
    );
  });

  const defaultLoginConcurrency = async (quota: number | null) => {
    const found = new Map(reserved(await graphOf({ ...APP_ONLY, quota })) as [string, unknown][]);
    expect(found.get('refresh')).toBeUndefined();
    expect(found.get('watch')).toBeUndefined();
    return found.get('login');
  };

  test.each([
    [1_000, 5],
    [105, 5],
    [104, undefined],
    [100, undefined],
    [50, undefined],
    [10, undefined],
    [null, undefined],
  ])(
    'limits the public login function by default if a quota of %s allows it',
    async (quota, bound) => {
      expect(await defaultLoginConcurrency(quota)).toBe(bound);
    },
  );

  test('is off if it is set to none', async () => {
    const graph = await graphOf({
      ...APP_ONLY,
      config: { reservedConcurrency: 'none' },
      quota: 1_000,
    });
    expect(reserved(graph).map(([, n]) => n)).toEqual(Array(3).fill(undefined));
  });

  test.each(['0', '-1', '1.5', 'many'])('of %s is refused', async (reservedConcurrency) => {
    const { message } = await problemsOf({ config: { reservedConcurrency } });
    expect(message).toContain('must be a whole number from 1 to 999, or none');
  });
});

describe('Without a harvester', () => {
  test('there is no bucket, network or instance, and the outputs give the reason', async () => {
    const graph = await graphOf({ ...WHOLE, config: { ...WHOLE.config, harvester: 'false' } });
    const left = graph.resources.filter(({ type }) => /aws:(?:s3|ec2)|Stash|Harvester/.test(type));
    expect(left).toEqual([]);
    for (const output of ['bucket', 'artifact', 'instance']) {
      expect(graph.outputs[output]).toBe('none: harvester is false');
    }
    expect(graph.outputs['commands']).not.toHaveProperty('shell');
  });
});

describe('The instance', () => {
  const STASH = 'pulumi:index:Stash';
  const plan = async (config: Readonly<Record<string, string>>) =>
    one(await graphOf({ ...APP_ONLY, config }), STASH).inputs['input'];

  test('waits for the guard of the session', async () => {
    const graph = await graphOf(APP_ONLY);
    expect(one(graph, 'aws:ec2/instance:Instance').dependsOn).toContain(`${STASH}::instance-plan`);
  });

  test('is guarded against every setting that replaces or stops it, and no other', async () => {
    const before = await plan({});
    const changes = [
      { everySeconds: '10' },
      { instanceType: 't4g.small' },
      { subnetId: 'subnet-0123456789abcdef0' },
      ...OTHER_VALUES.map(([key, text]) => ({ [key]: text })),
    ];
    for (const change of changes)
      expect(await plan(change), JSON.stringify(change)).not.toBe(before);
    expect(await plan({ email: 'a@example.com', customerKey: 'true' })).toBe(before);
  });
});
