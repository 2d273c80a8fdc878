import {
  DeleteParametersCommand,
  DescribeParametersCommand,
  GetParameterCommand,
  PutParameterCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type ParameterName, namesFor } from '../../core/config/names.ts';
import { displayFingerprint } from '../../core/token/digest.ts';
import { NEW_LOGIN_STATE, formatLoginState } from '../../core/token/state.ts';
import { leaksOf } from '../support/canaries.ts';
import { type EmulatedAws, emulatedAws, personSaying } from '../support/emulated-aws.ts';
import { operatorToken } from '../support/operator-token.ts';
import { stage, type Stage, type StageOptions } from './cli-harness.ts';

const TOKEN = operatorToken('access_token', '2026-11-25T07:00:00+05:30');
const OLD = operatorToken('access_token', '2026-11-24T07:00:00+05:30');
const REFRESH = operatorToken('refresh_token', '2026-11-25T07:00:00+05:30');
const APP_SECRET = 'CANARYSECRET';

let aws: EmulatedAws;
let ssm: SSMClient;
beforeAll(async () => {
  aws = await emulatedAws();
  ssm = new SSMClient(aws.options);
}, 180_000);
afterAll(async () => {
  ssm.destroy();
  await aws.close();
});
beforeEach(async () => {
  await using at = await stage({ aws: aws.options });
  for (const suffix of ['', 'paper']) {
    await at.run('ssm', 'delete', '--all', '--yes', '--suffix', suffix);
  }
  expect(await listParameters()).toEqual([]);
});

function createStage(options: StageOptions = {}): Promise<Stage> {
  return stage({ aws: aws.options, ...options });
}

async function listParameters(): Promise<readonly (string | undefined)[]> {
  const { Parameters = [] } = await ssm.send(new DescribeParametersCommand({ MaxResults: 50 }));
  return Parameters.map(({ Name }) => Name).toSorted();
}

async function valueOf(Name: string): Promise<string | undefined> {
  const { Parameter } = await ssm.send(new GetParameterCommand({ Name, WithDecryption: true }));
  return Parameter?.Value;
}

async function putParameter(Name: string, Value = 'x'): Promise<void> {
  await ssm.send(new PutParameterCommand({ Name, Value, Type: 'String' }));
}

describe('fyers ssm set', () => {
  test('stores a token from a pipe, and prints its fingerprint, expiry and account', async () => {
    await using at = await createStage({ piped: `${TOKEN}\n` });
    const { code, out, err } = await at.run('ssm', 'set', 'FYERS_ACCESS_TOKEN');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(`FYERS_ACCESS_TOKEN is set, fingerprint ${displayFingerprint(TOKEN)}.`);
    expect(out).toContain('expires 26 Nov 2026, 07:00 IST, account XA00001.');
    expect(await valueOf('FYERS_ACCESS_TOKEN')).toBe(TOKEN);
  });

  test('sets the parameter of the stack that --suffix names, and no other', async () => {
    await using at = await createStage({ piped: TOKEN });
    await putParameter('FYERS_ACCESS_TOKEN', OLD);
    expect((await at.run('ssm', 'set', 'FYERS_ACCESS_TOKEN', '--suffix', 'paper')).code).toBe(0);
    expect(await valueOf('FYERS_ACCESS_TOKEN_PAPER')).toBe(TOKEN);
    expect(await valueOf('FYERS_ACCESS_TOKEN')).toBe(OLD);
  });

  test('keeps the operator’s own KMS key of the parameter', async () => {
    const KeyId = 'arn:aws:kms:ap-south-1:123456789012:key/own';
    const Name = 'FYERS_ACCESS_TOKEN';
    await ssm.send(new PutParameterCommand({ Name, Value: OLD, Type: 'SecureString', KeyId }));
    await using at = await createStage({ piped: TOKEN });
    expect((await at.run('ssm', 'set', Name)).code).toBe(0);
    const { Parameters = [] } = await ssm.send(new DescribeParametersCommand({}));
    expect(Parameters).toMatchObject([{ Name, KeyId, Version: 2 }]);
  });

  test('asks at the terminal with hidden input', async () => {
    const person = personSaying(REFRESH);
    await using at = await createStage({ person });
    expect((await at.run('ssm', 'set', 'FYERS_REFRESH_TOKEN')).code).toBe(0);
    expect(person.questions).toEqual([{ question: 'FYERS_REFRESH_TOKEN: ', hidden: true }]);
    expect(await valueOf('FYERS_REFRESH_TOKEN')).toBe(REFRESH);
  });

  test('warns that --value is in the shell history, and that the token has expired', async () => {
    await using at = await createStage();
    const { code, err } = await at.run('ssm', 'set', 'FYERS_ACCESS_TOKEN', '--value', OLD);
    expect(code).toBe(0);
    expect(err).toMatch(/history.*\n.*It has expired .*fyers login/);
  });

  test.each([
    ['is not a token', 'FYERS_ACCESS_TOKEN', 'CANARYSECRET', /is one word of letters and digits/],
    ['is empty', 'FYERS_ACCESS_TOKEN', ' \n', /needs a value/],
    ['is of another kind', 'FYERS_ACCESS_TOKEN', REFRESH, /of the kind refresh_token/],
    ['cannot be decoded', 'FYERS_REFRESH_TOKEN', 'aaa.bbb.ccc', /is not a token that Fyers issued/],
  ])('stores nothing if the value %s, and does not print it', async (_w, name, piped, words) => {
    await using at = await createStage({ piped });
    const { code, out, err } = await at.run('ssm', 'set', name);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(words);
    expect(leaksOf(err, { piped: piped.trim() || TOKEN })).toEqual([]);
    expect(await listParameters()).toEqual([]);
  });

  test('rejects a token of another account than the first one, unless FYERS_FY_ID names it', async () => {
    await using at = await createStage({ piped: TOKEN });
    await putParameter(
      'FYERS_LOGIN_STATE',
      formatLoginState({ ...NEW_LOGIN_STATE, fyId: 'XB99999' }),
    );
    const seen = await at.run('ssm', 'set', 'FYERS_ACCESS_TOKEN');
    expect(seen.code).toBe(2);
    expect(seen.err).toMatch(/^operator\.account: .*XA00001, but this stack uses XB99999/);
    at.write('.env', 'FYERS_FY_ID=XA00001\n');
    expect((await at.run('ssm', 'set', 'FYERS_ACCESS_TOKEN')).code).toBe(0);
  });

  test.each<[ParameterName, string, string]>([
    ['FYERS_CLIENT_ID', 'clientId', 'ABCD1234EF-100'],
    ['FYERS_SECRET_KEY', 'secretKey', APP_SECRET],
    ['FYERS_TELEGRAM', 'telegram', '123456789:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/42'],
  ])(
    'refuses to set %s, which belongs to the configuration, unless --force is given',
    async (name, key, piped) => {
      await using at = await createStage({ piped });
      const { code, err } = await at.run('ssm', 'set', name);
      expect(code).toBe(2);
      expect(err).toMatch(new RegExp(`^operator\\.usage: .*\`pulumi config set --secret ${key}\``));
      expect(await listParameters()).toEqual([]);
      const forced = await at.run('ssm', 'set', name, '--force');
      expect(forced.code).toBe(0);
      expect(forced.out).toContain(`pulumi config set --secret ${key}`);
      expect(leaksOf(`${err}${forced.out}${forced.err}`, { piped })).toEqual([]);
      expect(await valueOf(name)).toBe(piped);
    },
  );

  test('refuses to set a state, and prints where the PIN belongs', async () => {
    await using at = await createStage({ piped: '4821' });
    const state = await at.run('ssm', 'set', 'FYERS_TOKEN_STATE', '--force');
    expect(state).toMatchObject({ code: 2, out: '' });
    expect(state.err).toMatch(/^operator\.usage: .*ssm delete FYERS_TOKEN_STATE/);
    const pin = await at.run('ssm', 'set', 'FYERS_PIN');
    expect(pin.err).toMatch(/^operator\.usage: .*`pulumi config set --secret pin` and `pulumi up`/);
  });
});

describe('fyers ssm delete', () => {
  const [bare, paper] = [namesFor(''), namesFor('paper')];
  const OURS = [
    'FYERS_ACCESS_TOKEN',
    'FYERS_TOKEN_STATE',
    bare.claim('2026-11-24', 1),
    bare.claim('2026-11-25', 12),
  ];
  const PAPERS = ['FYERS_ACCESS_TOKEN_PAPER', paper.claim('2026-11-25', 1)];
  const OTHERS = ['FYERS_TOKEN_CLAIM_OF_MINE', 'OTHER'];

  beforeEach(async () => {
    for (const name of [...OURS, ...PAPERS, ...OTHERS]) await putParameter(name);
    return async () => {
      await using at = await createStage();
      for (const name of OTHERS) expect(await listParameters()).toContain(name);
      await ssm.send(new DeleteParametersCommand({ Names: OTHERS }));
      await at.run('ssm', 'delete', '--all', '--yes');
    };
  });

  test.each([
    ['without a suffix', '', OURS, PAPERS],
    ['with a suffix', 'paper', PAPERS, OURS],
  ])(
    'removes every parameter of a stack %s and none of another stack',
    async (_w, suffix, gone, left) => {
      await using at = await createStage();
      const ran = await at.run('ssm', 'delete', '--all', '--yes', '--suffix', suffix);
      expect(ran.code).toBe(0);
      for (const name of gone) expect(ran.out).toContain(`Removed ${name}.`);
      expect(ran.out).toContain('`pulumi refresh` and `pulumi up`');
      expect(await listParameters()).toEqual([...left, ...OTHERS].toSorted());
    },
  );

  test('asks before it removes a parameter, and removes nothing if the answer is no', async () => {
    const person = personSaying('no', 'yes');
    await using at = await createStage({ person });
    const no = await at.run('ssm', 'delete', 'FYERS_TOKEN_STATE');
    expect(no).toMatchObject({ code: 0, out: 'Nothing was removed.' });
    expect(no.err).toContain('FYERS_TOKEN_STATE');
    expect(await listParameters()).toContain('FYERS_TOKEN_STATE');
    const yes = await at.run('ssm', 'delete', 'FYERS_TOKEN_STATE');
    expect(yes.out).toMatch(
      /^Removed FYERS_TOKEN_STATE\.\nWithout its state a function no longer knows/,
    );
    expect(await listParameters()).not.toContain('FYERS_TOKEN_STATE');
  });

  test('removes nothing if there is no terminal and no --yes', async () => {
    await using at = await createStage();
    const { code, err } = await at.run('ssm', 'delete', 'FYERS_ACCESS_TOKEN');
    expect(code).toBe(2);
    expect(err).toMatch(/^operator\.usage: There is no terminal .*--yes/);
    expect(await listParameters()).toContain('FYERS_ACCESS_TOKEN');
  });

  test('reports if there was nothing to remove', async () => {
    await using at = await createStage();
    const one = await at.run('ssm', 'delete', 'FYERS_TELEGRAM', '--yes');
    expect(one.out).toBe('FYERS_TELEGRAM did not exist.');
    const all = await at.run('ssm', 'delete', '--all', '--yes', '--suffix', 'none');
    expect(all.out).toContain('There is no parameter of this stack');
  });

  test.each([[[]], [['FYERS_ACCESS_TOKEN', '--all']]])(
    'requires either a name or --all, not %j',
    async (argv) => {
      await using at = await createStage();
      expect((await at.run('ssm', 'delete', ...argv)).err).toMatch(/^operator\.usage: /);
      expect(await listParameters()).toContain('FYERS_ACCESS_TOKEN');
    },
  );
});
