// Tests the takeover against an independent emulator that contains exactly what the reference's
// script creates.
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { AwsOptions, Person } from '../../cli/shared/io.ts';
import { displayFingerprint } from '../../core/token/digest.ts';
import { leaksOf } from '../support/canaries.ts';
import { openAccountsPerFile } from '../support/emulated-aws.ts';
import { type FaultyProxy, faultyProxy } from '../support/faulty-proxy.ts';
import { operatorToken } from '../support/operator-token.ts';
import { type PulumiStub, pulumiStub } from '../support/pulumi-stub.ts';
import {
  installFunction,
  installReference,
  remaining,
  schedule,
} from '../support/reference-account.ts';
import { makeFolderPerFile } from '../support/temporary-folder.ts';
import { stage, type Stage } from './cli-harness.ts';

const ACCESS = operatorToken('access_token', '2026-03-25T07:00:00+05:30');
const REFRESH = operatorToken('refresh_token', '2026-03-20T07:00:00+05:30');
const NEWER = operatorToken('access_token', '2026-11-25T07:00:00+05:30');
const OLDER = operatorToken('access_token', '2026-03-01T07:00:00+05:30');
const PARAMETERS = {
  FYERS_CLIENT_ID: 'ABCD1234EF-100',
  FYERS_SECRET_KEY: 'SECRETKEY1',
  FYERS_ACCESS_TOKEN: ACCESS,
  FYERS_REFRESH_TOKEN: REFRESH,
};
const PIN = '4821';
const CONFIG = { clientId: 'ABCD1234EF-100', secretKey: 'SECRETKEY1', pin: PIN };
const NOTHING = { rule: null, lambda: null, logGroup: false, role: false, values: {} };
const EVERYTHING = {
  rule: 'ENABLED',
  lambda: 'python3.10',
  logGroup: true,
  role: true,
  values: { ...PARAMETERS, FYERS_PIN: PIN },
};
/**
 * Disables the rule; removes target, rule, function, logs, policy, role, four parameters and the
 * secret.
 */
const CHANGES = 12;

const dir = makeFolderPerFile();
const newAccount = openAccountsPerFile();

interface Scene extends AsyncDisposable {
  readonly at: Stage;
  readonly aws: AwsOptions;
  readonly pulumi: PulumiStub;
  readonly proxy: FaultyProxy;
  takeover(...flags: readonly string[]): ReturnType<Stage['run']>;
}

async function createScene(person?: Person): Promise<Scene> {
  const aws = newAccount();
  const pulumi = pulumiStub(path.join(dir.path, aws.credentials.accessKeyId));
  const proxy = await faultyProxy(aws.endpoint);
  const at = await stage({
    aws: { ...aws, endpoint: proxy.url },
    env: pulumi.env,
    ...(person === undefined ? {} : { person }),
  });
  return {
    at,
    aws,
    pulumi,
    proxy,
    takeover: (...flags) => at.run('takeover', ...flags),
    async [Symbol.asyncDispose]() {
      await at[Symbol.asyncDispose]();
      await proxy[Symbol.asyncDispose]();
    },
  };
}

async function createReferenceScene(person?: Person): Promise<Scene> {
  const made = await createScene(person);
  await installReference(made.aws, { parameters: PARAMETERS, pin: PIN });
  return made;
}

function tokenFile({ at }: Scene, name: string): string | null {
  const file = path.join(at.folder, name);
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : null;
}

/** Returns the values that are neither in the account nor at their new place. */
async function findLostValues(made: Scene): Promise<readonly string[]> {
  const { values } = await remaining(made.aws);
  const config = made.pulumi.config();
  const kept: Readonly<Record<string, string | null | undefined>> = {
    FYERS_CLIENT_ID: config['clientId'],
    FYERS_SECRET_KEY: config['secretKey'],
    FYERS_PIN: config['pin'],
    FYERS_ACCESS_TOKEN: tokenFile(made, 'access_token.txt'),
    FYERS_REFRESH_TOKEN: tokenFile(made, 'refresh_token.txt'),
  };
  return Object.entries(EVERYTHING.values).flatMap(([name, value]) =>
    [values[name], kept[name]].includes(value) ? [] : [name],
  );
}

function createAnsweringPerson(answer: boolean, asked: string[] = []): Person {
  return {
    ask: () => Promise.reject(new Error('nothing is to be asked')),
    confirm: (question) => {
      asked.push(question);
      return Promise.resolve(answer);
    },
  };
}

describe('fyers takeover', () => {
  test('moves every value, asks once, and removes everything that the reference created', async () => {
    const asked: string[] = [];
    await using made = await createReferenceScene(createAnsweringPerson(true, asked));
    const { code, out, err } = await made.takeover();
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(await remaining(made.aws)).toEqual(NOTHING);
    expect(made.pulumi.config()).toEqual(CONFIG);
    expect(tokenFile(made, 'access_token.txt')).toBe(ACCESS);
    expect(tokenFile(made, 'refresh_token.txt')).toBe(REFRESH);
    for (const name of ['access_token.txt', 'daily_token.txt', 'refresh_token.txt']) {
      expect(statSync(path.join(made.at.folder, name)).mode & 0o777).toBe(0o600);
    }
    expect(asked).toHaveLength(1);
    expect(out).toMatch(/^EventBridge rule +FyersTokenRefreshDaily +present +enabled$/m);
    expect(out).toMatch(/^Lambda function +FyersTokenRefresh +present +python3\.10$/m);
    expect(out).toContain(displayFingerprint(ACCESS));
    expect(out.trim()).toMatch(/Taken over\. Next: `pulumi up`\.$/);
  });

  test('prints no secret, and passes none to Pulumi as an argument', async () => {
    await using made = await createReferenceScene();
    const { out, err } = await made.takeover('--yes', '--debug');
    const secrets = { access: ACCESS, refresh: REFRESH, secret: 'SECRETKEY1', pin: PIN };
    expect(out.length).toBeGreaterThan(500);
    expect(made.pulumi.calls()).toContain('config set --secret --stack dev pin');
    expect(leaksOf(`${out}${err}${made.pulumi.calls()}`, secrets)).toEqual([]);
  });

  test('disables the rule before any other change', async () => {
    await using made = await createReferenceScene();
    made.proxy.cutAt(2, 'before');
    expect((await made.takeover('--yes')).code).toBe(4);
    expect(await remaining(made.aws)).toEqual({ ...EVERYTHING, rule: 'DISABLED' });
  });

  test('loses no value if the connection is cut at any change, and continues in the next run', async () => {
    // A cut before another change leaves the account as a cut after the change before it does.
    const cuts = Array.from({ length: CHANGES }, (_, before) => [before + 1, 'after'] as const);
    await Promise.all(
      [[1, 'before'] as const, ...cuts].map(async ([nth, when]) => {
        await using made = await createReferenceScene();
        made.proxy.cutAt(nth, when);
        const cut = await made.takeover('--yes');
        expect({ nth, code: cut.code }).toEqual({ nth, code: 4 });
        expect(cut.err).toContain('run `./fyers takeover` again');
        expect({ nth, lost: await findLostValues(made) }).toEqual({ nth, lost: [] });
        const again = await made.takeover('--yes');
        expect({ nth, code: again.code, err: again.err }).toEqual({ nth, code: 0, err: '' });
        expect(await remaining(made.aws)).toEqual(NOTHING);
        expect(await findLostValues(made)).toEqual([]);
      }),
    );
  }, 120_000);

  test('makes exactly as many changes as the test above cuts', async () => {
    await using made = await createReferenceScene();
    made.proxy.cutAt(CHANGES + 1, 'before');
    expect((await made.takeover('--yes')).code).toBe(0);
    expect(made.proxy.changes()).toBe(CHANGES);
  });

  test('keeps a newer token file and replaces an older one', async () => {
    await using made = await createReferenceScene();
    made.at.write('daily_token.txt', NEWER);
    expect((await made.takeover('--yes')).out).toContain('the newer token next to .env was kept');
    expect(tokenFile(made, 'daily_token.txt')).toBe(NEWER);
    await using other = await createReferenceScene();
    other.at.write('access_token.txt', OLDER);
    expect((await other.takeover('--yes')).code).toBe(0);
    expect(tokenFile(other, 'access_token.txt')).toBe(ACCESS);
  });

  test('changes nothing with --dry-run', async () => {
    await using made = await createReferenceScene(createAnsweringPerson(true));
    const { code, out } = await made.takeover('--dry-run');
    expect(code).toBe(0);
    expect(out).toContain('Nothing was changed.');
    expect(await remaining(made.aws)).toEqual(EVERYTHING);
    expect([made.pulumi.config(), tokenFile(made, 'access_token.txt')]).toEqual([{}, null]);
  });

  test('removes nothing if the answer is no, and prints how to enable the rule again', async () => {
    await using made = await createReferenceScene(createAnsweringPerson(false));
    const { code, out } = await made.takeover();
    expect(code).toBe(0);
    expect(await remaining(made.aws)).toEqual({ ...EVERYTHING, rule: 'DISABLED' });
    expect(made.pulumi.config()).toEqual(CONFIG);
    expect(out).toContain('aws events enable-rule --name FyersTokenRefreshDaily');
  });

  test.each<[string, { secretKey?: string; token?: string }, readonly string[], RegExp]>([
    ['there is no terminal and no --yes', {}, [], /^operator\.usage: There is no terminal .*--yes/],
    [
      'the configuration has another value',
      { secretKey: 'ANOTHER1' },
      ['--yes'],
      /^operator\.takeover: secretKey .*pulumi config rm --stack dev secretKey/,
    ],
    ['a token file is malformed', { token: 'abc' }, ['--yes'], /^operator\.token-file: /],
  ])('stops before any change if %s', async (_what, { secretKey, token }, flags, words) => {
    await using made = await createReferenceScene();
    if (secretKey !== undefined) made.pulumi.configure('secretKey', secretKey);
    if (token !== undefined) made.at.write('access_token.txt', token);
    const { code, out, err } = await made.takeover(...flags);
    expect(code).toBe(2);
    expect(err).toMatch(words);
    expect(`${out}${err}`).not.toContain('ANOTHER1');
    expect(await remaining(made.aws)).toEqual(EVERYTHING);
  });

  test('reports that the account has no leftovers, and does not call Pulumi', async () => {
    await using made = await createScene();
    const { code, out } = await made.takeover();
    expect(code).toBe(0);
    expect(out).toContain(
      'This account has no resources of the Python original. Next: `pulumi up`.',
    );
    expect(made.pulumi.calls()).toBe('');
  });

  test('changes nothing if the function belongs to our stack', async () => {
    await using made = await createScene();
    await installFunction(made.aws, { runtime: 'nodejs24.x', handler: 'index.handler' });
    const before = await remaining(made.aws);
    const { code, out } = await made.takeover('--yes');
    expect(code).toBe(0);
    expect(out).toContain('The stack already owns these names');
    expect(await remaining(made.aws)).toEqual(before);
  });

  test('fails if an old rule would start our function', async () => {
    await using made = await createScene();
    await installFunction(made.aws, { runtime: 'nodejs24.x', handler: 'index.handler' });
    await schedule(made.aws, '');
    const { code, err } = await made.takeover('--yes');
    expect(code).toBe(2);
    expect(err).toMatch(/^operator\.takeover: .*aws events disable-rule --name FyersTokenRefresh/);
    expect((await remaining(made.aws)).rule).toBe('ENABLED');
  });

  test('changes nothing if the stack owns a parameter but its function is missing', async () => {
    await using made = await createReferenceScene();
    made.pulumi.owns('FYERS_CLIENT_ID');
    made.proxy.cutAt(1, 'before');
    expect((await made.takeover('--yes')).code).toBe(2);
    expect(made.proxy.changes()).toBe(0);
    expect(await remaining(made.aws)).toEqual(EVERYTHING);
  });

  test('never removes a foreign function of the same name', async () => {
    await using made = await createScene();
    await installFunction(made.aws, { runtime: 'python3.10', handler: 'mine.handler' });
    const { code, err } = await made.takeover('--yes');
    expect(code).toBe(2);
    expect(err).toMatch(/^operator\.takeover: .*aws lambda get-function/);
    expect((await remaining(made.aws)).lambda).toBe('python3.10');
  });
});
