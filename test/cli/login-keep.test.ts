import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { displayFingerprint } from '../../core/token/digest.ts';
import { mintToken } from '../../sandbox/fyers/tokens.ts';
import { APP, NOON, SEED, SEVEN } from '../sandbox/fyers/simulator.ts';
import { awsStub } from './aws-stub.ts';
import {
  contentOf,
  expectNoSecret,
  createFolder,
  createPerson,
  modeOf,
  startSimulatedFyers,
  tokensIn,
  TOKEN_FILES,
  STORED,
  buildAdoptedAnswer,
} from './login-stage.ts';

describe('A login whose token cannot be handed over', () => {
  test.each([
    ['the function fails', 'platform.store: Parameter Store is away. Wait.', {}],
    ['the function is too slow', '1-2 Task timed out after 120.00 seconds', {}],
    ['the function returns an unknown answer', null, { statusCode: 200, body: '{}' }],
    ['the function reports it as dead', null, buildAdoptedAnswer('dead')],
  ])(
    'keeps the token in files with mode 600 if %s, and the next run hands it over',
    async (_what, failed, answer) => {
      await using fyers = await startSimulatedFyers();
      await using aws = await awsStub(STORED);
      aws.failed = failed;
      aws.answer = answer;
      const me = createPerson();
      await using at = await createFolder(fyers, { ...me, aws: aws.options });
      const first = await at.run('login', '--aws');
      expect(first.code).toBeGreaterThan(0);
      expect(tokensIn(at)).toEqual(TOKEN_FILES);
      expect(TOKEN_FILES.map((name) => modeOf(at, name))).toEqual(['600', '600', '600']);
      const access = contentOf(at, 'access_token.txt');
      expect(first.err).toContain(path.join(at.folder, 'access_token.txt'));
      expect(first.err).toContain('`./fyers login --aws` hands it over');
      expectNoSecret(`${first.out}${first.err}`, [access, contentOf(at, 'refresh_token.txt')]);

      aws.failed = null;
      aws.answer = buildAdoptedAnswer('published');
      const again = await at.run('login', '--aws');
      expect({ code: again.code, logins: me.questions.length }).toEqual({ code: 0, logins: 1 });
      expect(aws.invocations.at(-1)).toContain(access);
      expect(again.out).toContain(displayFingerprint(access));
      expect(again.out).toContain('FYERS_ACCESS_TOKEN: published');
    },
  );

  test('does not keep a token of another account', async () => {
    await using fyers = await startSimulatedFyers();
    await using aws = await awsStub(STORED);
    aws.answer = buildAdoptedAnswer('foreign');
    await using at = await createFolder(fyers, { ...createPerson(), aws: aws.options });
    expect((await at.run('login', '--aws')).code).toBe(2);
    expect(tokensIn(at)).toEqual([]);
  });

  test('logs in with --again even if the folder has a live token', async () => {
    await using fyers = await startSimulatedFyers();
    await using aws = await awsStub(STORED);
    aws.answer = buildAdoptedAnswer('published');
    const me = createPerson();
    await using at = await createFolder(fyers, { ...me, aws: aws.options });
    at.write('access_token.txt', mintToken(SEED, APP, 'access_token', SEVEN));
    expect((await at.run('login', '--aws', '--again')).code).toBe(0);
    expect(me.questions).toHaveLength(1);
  });

  test('does not hand over an expired token of the folder', async () => {
    await using fyers = await startSimulatedFyers();
    await using aws = await awsStub(STORED);
    aws.answer = buildAdoptedAnswer('published');
    const me = createPerson();
    await using at = await createFolder(fyers, { ...me, aws: aws.options });
    at.write('access_token.txt', mintToken(SEED, APP, 'access_token', NOON - 24 * 3_600_000));
    expect((await at.run('login', '--aws')).code).toBe(0);
    expect(me.questions).toHaveLength(1);
  });
});

describe('A login into files', () => {
  test('keeps a token that could not be proven', async () => {
    await using fyers = await startSimulatedFyers();
    const me = createPerson();
    await using at = await createFolder(fyers, me);
    // Fyers goes down right after it has exchanged the code.
    fyers.state.requests.push = function (...entries) {
      if (entries.some(({ path: asked }) => asked === '/api/v3/validate-authcode')) {
        fyers.state.isDown = true;
      }
      return Array.prototype.push.apply(this, entries);
    };
    const { code, err } = await at.run('login');
    expect(code).toBe(3);
    expect(tokensIn(at)).toEqual(TOKEN_FILES);
    expect(err).toContain('`./fyers tokens` proves it without another login');
  });

  test('names the file that it could not write', async () => {
    await using fyers = await startSimulatedFyers();
    const me = createPerson();
    const person = {
      ...me.person,
      async ask(question: string) {
        mkdirSync(path.join(at.folder, 'access_token.txt'));
        return me.person.ask(question);
      },
    };
    await using at = await createFolder(fyers, { ...me, person });
    const { code, err } = await at.run('login');
    expect(code).toBe(4);
    expect(err).toContain('The new access token could not be kept: ');
    expect(err).toMatch(/^platform\.disk: /m);
  });
});
