import {
  DescribeParametersCommand,
  GetParameterCommand,
  PutParameterCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type ParameterName, namesFor } from '../../core/config/names.ts';
import { displayFingerprint } from '../../core/token/digest.ts';
import { NEW_LOGIN_STATE, formatLoginState } from '../../core/token/login/state.ts';
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
  expect(await there()).toEqual([]);
});

function staged(options: StageOptions = {}): Promise<Stage> {
  return stage({ aws: aws.options, ...options });
}

async function there(): Promise<readonly (string | undefined)[]> {
  const { Parameters = [] } = await ssm.send(new DescribeParametersCommand({ MaxResults: 50 }));
  return Parameters.map(({ Name }) => Name).toSorted();
}

async function valueOf(Name: string): Promise<string | undefined> {
  const { Parameter } = await ssm.send(new GetParameterCommand({ Name, WithDecryption: true }));
  return Parameter?.Value;
}

async function put(Name: string, Value = 'x'): Promise<void> {
  await ssm.send(new PutParameterCommand({ Name, Value, Type: 'String' }));
}

describe('fyers ssm set', () => {
  test('takes a token from a pipe, and says which it is and until when', async () => {
    await using at = await staged({ piped: `${TOKEN}\n` });
    const { code, out, err } = await at.run('ssm', 'set', 'FYERS_ACCESS_TOKEN');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(`FYERS_ACCESS_TOKEN is set, fingerprint ${displayFingerprint(TOKEN)}.`);
    expect(out).toContain('expires 26 Nov 2026, 07:00 IST, account XA00001.');
    expect(await valueOf('FYERS_ACCESS_TOKEN')).toBe(TOKEN);
  });

  test('stores a SecureString of the standard tier under the default key, over the old one', async () => {
    for (const piped of [OLD, TOKEN]) {
      await using at = await staged({ piped });
      await at.run('ssm', 'set', 'FYERS_ACCESS_TOKEN', '--suffix', 'paper');
    }
    const { Parameters = [] } = await ssm.send(new DescribeParametersCommand({}));
    expect(Parameters).toMatchObject([
      {
        Name: 'FYERS_ACCESS_TOKEN_PAPER',
        Type: 'SecureString',
        Tier: 'Standard',
        KeyId: 'alias/aws/ssm',
        Version: 2,
      },
    ]);
  });

  test('keeps the key of the operator’s own that encrypts the parameter', async () => {
    const KeyId = 'arn:aws:kms:ap-south-1:123456789012:key/own';
    const Name = 'FYERS_ACCESS_TOKEN';
    await ssm.send(new PutParameterCommand({ Name, Value: OLD, Type: 'SecureString', KeyId }));
    await using at = await staged({ piped: TOKEN });
    expect((await at.run('ssm', 'set', Name)).code).toBe(0);
    const { Parameters = [] } = await ssm.send(new DescribeParametersCommand({}));
    expect(Parameters).toMatchObject([{ Name, KeyId, Version: 2 }]);
  });

  test('asks the person at the terminal, unseen', async () => {
    const person = personSaying(REFRESH);
    await using at = await staged({ person });
    expect((await at.run('ssm', 'set', 'FYERS_REFRESH_TOKEN')).code).toBe(0);
    expect(person.questions).toEqual([{ question: 'FYERS_REFRESH_TOKEN: ', hidden: true }]);
    expect(await valueOf('FYERS_REFRESH_TOKEN')).toBe(REFRESH);
  });

  test('warns that --value stands in the shell’s history, and that a token has expired', async () => {
    await using at = await staged();
    const { code, err } = await at.run('ssm', 'set', 'FYERS_ACCESS_TOKEN', '--value', OLD);
    expect(code).toBe(0);
    expect(err).toMatch(/history.*\n.*It has expired .*fyers login/);
  });

  test.each([
    ['is no token', 'FYERS_ACCESS_TOKEN', 'CANARYSECRET', /is one word of letters and digits/],
    ['is empty', 'FYERS_ACCESS_TOKEN', ' \n', /needs a value/],
    ['is of another kind', 'FYERS_ACCESS_TOKEN', REFRESH, /of the kind refresh_token/],
    ['says nothing', 'FYERS_REFRESH_TOKEN', 'aaa.bbb.ccc', /is not a token that Fyers issued/],
  ])(
    'changes nothing for a value that %s, and does not repeat it',
    async (_w, name, piped, words) => {
      await using at = await staged({ piped });
      const { code, out, err } = await at.run('ssm', 'set', name);
      expect({ code, out }).toEqual({ code: 2, out: '' });
      expect(err).toMatch(words);
      expect(leaksOf(err, { piped: piped.trim() || TOKEN })).toEqual([]);
      expect(await there()).toEqual([]);
    },
  );

  test('refuses the token of another account than the configured or the first seen one', async () => {
    await using at = await staged({ piped: TOKEN });
    await put('FYERS_LOGIN_STATE', formatLoginState({ ...NEW_LOGIN_STATE, fyId: 'XB99999' }));
    const seen = await at.run('ssm', 'set', 'FYERS_ACCESS_TOKEN');
    expect(seen.code).toBe(2);
    expect(seen.err).toMatch(/^operator\.account: .*XA00001, and this stack is of XB99999/);
    at.write('.env', 'FYERS_FY_ID=XA00001\n');
    expect((await at.run('ssm', 'set', 'FYERS_ACCESS_TOKEN')).code).toBe(0);
  });

  test.each<[ParameterName, string, string]>([
    ['FYERS_CLIENT_ID', 'clientId', 'ABCD1234EF-100'],
    ['FYERS_SECRET_KEY', 'secretKey', APP_SECRET],
    ['FYERS_TELEGRAM', 'telegram', '123456789:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/42'],
  ])('leaves %s to the configuration, unless forced', async (name, key, piped) => {
    await using at = await staged({ piped });
    const { code, err } = await at.run('ssm', 'set', name);
    expect(code).toBe(2);
    expect(err).toMatch(new RegExp(`^operator\\.usage: .*\`pulumi config set --secret ${key}\``));
    expect(await there()).toEqual([]);
    const forced = await at.run('ssm', 'set', name, '--force');
    expect(forced.code).toBe(0);
    expect(forced.out).toContain(`pulumi config set --secret ${key}`);
    expect(leaksOf(`${err}${forced.out}${forced.err}`, { piped })).toEqual([]);
    expect(await valueOf(name)).toBe(piped);
  });

  test('leaves the states to their functions, and knows where the PIN belongs', async () => {
    await using at = await staged({ piped: '4821' });
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
    for (const name of [...OURS, ...PAPERS, ...OTHERS]) await put(name);
    return async () => {
      await using at = await staged();
      for (const name of OTHERS) expect(await there()).toContain(name);
      const { DeleteParametersCommand } = await import('@aws-sdk/client-ssm');
      await ssm.send(new DeleteParametersCommand({ Names: OTHERS }));
      await at.run('ssm', 'delete', '--all', '--yes');
    };
  });

  test.each([
    ['without a suffix', '', OURS, PAPERS],
    ['with one', 'paper', PAPERS, OURS],
  ])('removes all of a stack %s and nothing of another', async (_w, suffix, gone, left) => {
    await using at = await staged();
    const ran = await at.run('ssm', 'delete', '--all', '--yes', '--suffix', suffix);
    expect(ran.code).toBe(0);
    for (const name of gone) expect(ran.out).toContain(`Removed ${name}.`);
    expect(ran.out).toContain('`pulumi refresh` and `pulumi up`');
    expect(await there()).toEqual([...left, ...OTHERS].toSorted());
  });

  test('asks first, with the names, and takes no for an answer', async () => {
    const person = personSaying('no', 'yes');
    await using at = await staged({ person });
    const no = await at.run('ssm', 'delete', 'FYERS_TOKEN_STATE');
    expect(no).toMatchObject({ code: 0, out: 'Nothing was removed.' });
    expect(no.err).toContain('FYERS_TOKEN_STATE');
    expect(await there()).toContain('FYERS_TOKEN_STATE');
    const yes = await at.run('ssm', 'delete', 'FYERS_TOKEN_STATE');
    expect(yes.out).toMatch(/^Removed FYERS_TOKEN_STATE\.\nWith its state a function forgets/);
    expect(await there()).not.toContain('FYERS_TOKEN_STATE');
  });

  test('removes nothing where nobody can be asked', async () => {
    await using at = await staged();
    const { code, err } = await at.run('ssm', 'delete', 'FYERS_ACCESS_TOKEN');
    expect(code).toBe(2);
    expect(err).toMatch(/^operator\.usage: There is no terminal .*--yes/);
    expect(await there()).toContain('FYERS_ACCESS_TOKEN');
  });

  test('says so when there was nothing', async () => {
    await using at = await staged();
    const one = await at.run('ssm', 'delete', 'FYERS_TELEGRAM', '--yes');
    expect(one.out).toBe('FYERS_TELEGRAM was not there.');
    const all = await at.run('ssm', 'delete', '--all', '--yes', '--suffix', 'none');
    expect(all.out).toContain('There is no parameter of this stack');
  });

  test.each([[[]], [['FYERS_ACCESS_TOKEN', '--all']]])(
    'wants a name or --all, not %j',
    async (argv) => {
      await using at = await staged();
      expect((await at.run('ssm', 'delete', ...argv)).err).toMatch(/^operator\.usage: /);
      expect(await there()).toContain('FYERS_ACCESS_TOKEN');
    },
  );
});
