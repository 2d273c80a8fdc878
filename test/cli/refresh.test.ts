import { readdirSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { REFRESHED_BODY } from '../../core/config/names.ts';
import { instant } from '../../core/time.ts';
import { mintToken } from '../../sandbox/fyers/tokens.ts';
import { APP, SEED, SEVEN } from '../sandbox/fyers/simulator.ts';
import { type AwsStub, awsStub } from './aws-stub.ts';
import {
  SECRET_APP,
  contentOf,
  expectNoSecret,
  createFolder,
  modeOf,
  startSimulatedFyers,
} from './login-stage.ts';
import { type Stage, stage } from './cli-harness.ts';

const DAY_MS = 86_400_000;
const GOOD = mintToken(SEED, APP, 'access_token', SEVEN);
const YESTERDAYS = mintToken(SEED, APP, 'access_token', SEVEN - DAY_MS);
const REFRESH = mintToken(SEED, APP, 'refresh_token', SEVEN - DAY_MS);
const PIN = `FYERS_PIN=${SECRET_APP.pin}\n`;
const STATE = '.fyers-token-state.json';

let fyers: Awaited<ReturnType<typeof startSimulatedFyers>>;
beforeEach(async () => {
  fyers = await startSimulatedFyers({}, 'accepted');
  return () => fyers.close();
});

const countPinCalls = (broker = fyers) =>
  broker.requests().filter(({ path }) => path.endsWith('validate-refresh-token')).length;

function writeFiles(at: Stage, files: Readonly<Record<string, string>>): Stage {
  for (const [name, content] of Object.entries(files)) at.write(name, content);
  return at;
}

const OLD = { 'access_token.txt': YESTERDAYS, 'refresh_token.txt': REFRESH };
const LIVE = { ...OLD, 'access_token.txt': GOOD };

describe('fyers refresh --local', () => {
  test('creates a token from the refresh token and the PIN, in files with mode 600', async () => {
    await using at = writeFiles(await createFolder(fyers, {}, PIN), OLD);
    const { code, out, err } = await at.run('refresh', '--local');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const access = contentOf(at, 'access_token.txt');
    expect(access).not.toBe(YESTERDAYS);
    expect(contentOf(at, 'daily_token.txt')).toBe(access);
    expect(contentOf(at, 'refresh_token.txt')).toBe(REFRESH);
    expect(out).toContain('Refreshed: good until 26 Nov 2026, 06:00 IST');
    expect(out).not.toContain('has switched refresh tokens off');
    const kept = ['access_token.txt', 'daily_token.txt', STATE, '.fyers-token-claim-2026-11-25-1'];
    expect(kept.map((name) => modeOf(at, name))).toEqual(['600', '600', '600', '600']);
    expect(readdirSync(at.folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    expectNoSecret(`${out}${contentOf(at, STATE)}`, [access, REFRESH]);
    expect(countPinCalls()).toBe(1);
  });

  test('keeps a live token and sends no PIN', async () => {
    await using at = writeFiles(await createFolder(fyers, {}, PIN), LIVE);
    const { code, out } = await at.run('refresh', '--local');
    expect(code).toBe(0);
    expect(out).toContain('Already good until 26 Nov 2026, 06:00 IST');
    expect({ pins: countPinCalls(), file: contentOf(at, 'access_token.txt') }).toEqual({
      pins: 0,
      file: GOOD,
    });
  });

  test('remembers that refreshing is off, and sends the PIN again only with --probe', async () => {
    await using other = await startSimulatedFyers();
    await using at = writeFiles(await createFolder(other, {}, PIN), OLD);
    const flags = [[], [], ['--probe'], []];
    const counts: number[] = [];
    for (const extra of flags) {
      const { code, out, err } = await at.run('refresh', '--local', ...extra);
      expect({ code, out }).toEqual({ code: 2, out: '' });
      expect(err).toContain(
        'operator.login: The access token could not be refreshed: Fyers has switched',
      );
      expect(err).toContain('Run `./fyers login`.');
      counts.push(countPinCalls(other));
    }
    expect(counts).toEqual([1, 1, 2, 2]);
    expect(contentOf(at, 'access_token.txt')).toBe(YESTERDAYS);
  });

  test('reports the answer to a probe while the token is live', async () => {
    await using other = await startSimulatedFyers();
    await using at = writeFiles(await createFolder(other, {}, PIN), LIVE);
    const { code, out, err } = await at.run('refresh', '--local', '--probe');
    expect(code).toBe(0);
    expect(err).toContain('Probe refused: Fyers has switched refresh tokens off');
    expect(out).toContain('Already good');
  });

  test('never sends a refused PIN again', async () => {
    await using at = writeFiles(await createFolder(fyers, {}, 'FYERS_PIN=9999\n'), OLD);
    for (const _time of [1, 2]) {
      const { code, err } = await at.run('refresh', '--local');
      expect(code).toBe(2);
      expect(err).toContain('Fyers refused the PIN');
    }
    expect(countPinCalls()).toBe(1);
  });

  test('asks for a login if there is no PIN and no terminal', async () => {
    await using at = writeFiles(await createFolder(fyers), OLD);
    const { code, err } = await at.run('refresh', '--local');
    expect(code).toBe(2);
    expect(err).toContain('could not be refreshed: no PIN is configured.');
    expect(countPinCalls()).toBe(0);
  });

  function createPersonWithPin(answer: string = SECRET_APP.pin) {
    const asked: (boolean | undefined)[] = [];
    const ask = (_question: string, options?: { readonly hidden?: boolean }) => {
      asked.push(options?.hidden);
      return Promise.resolve(answer);
    };
    return { asked, person: { ask, confirm: () => Promise.resolve(false) } };
  }

  test('asks once for a PIN that is not in .env, with hidden input', async () => {
    const { asked, person } = createPersonWithPin();
    await using at = writeFiles(await createFolder(fyers, { person }), OLD);
    const { code, out, err } = await at.run('refresh', '--local');
    expect({ code, asked }).toEqual({ code: 0, asked: [true] });
    expectNoSecret(`${out}${err}${contentOf(at, STATE)}`);
  });

  test('does not ask for a PIN that it would not send', async () => {
    await using other = await startSimulatedFyers();
    const { asked, person } = createPersonWithPin();
    await using at = writeFiles(await createFolder(other, { person }), LIVE);
    expect((await at.run('refresh', '--local')).code).toBe(0);
    expect(asked).toEqual([]);
    writeFiles(at, OLD);
    expect((await at.run('refresh', '--local')).err).toContain('Fyers has switched');
    expect((await at.run('refresh', '--local')).err).toContain('Fyers has switched');
    expect(asked).toEqual([true]);
  });

  test('rejects an invalid PIN without repeating it', async () => {
    const { person } = createPersonWithPin('48211');
    await using at = writeFiles(await createFolder(fyers, { person }), OLD);
    const { code, err } = await at.run('refresh', '--local');
    expect(code).toBe(2);
    expect(err).toContain('The PIN must be exactly four digits');
    expect(err).not.toContain('48211');
  });

  test('names .env and not the stack if the app secret is wrong', async () => {
    await using other = await startSimulatedFyers({ secret: 'ROTATED12345' }, 'accepted');
    await using at = writeFiles(await createFolder(other, {}, PIN), OLD);
    const { code, err } = await at.run('refresh', '--local');
    expect(code).toBe(2);
    expect(err).toContain('operator.app-secret: ');
    expect(err).toContain('into .env, and repeat the command');
    expect(err).not.toContain('pulumi');
  });

  test('sends the PIN once if two runs start at the same time', async () => {
    await using at = writeFiles(await createFolder(fyers, {}, PIN), OLD);
    const ran = await Promise.all([1, 2].map(() => at.run('refresh', '--local')));
    expect(ran.filter(({ code }) => code === 0).length).toBeGreaterThan(0);
    expect(countPinCalls()).toBe(1);
  });

  test.each([
    ['an invalid state file', STATE, '{"version":9}', 'platform.integrity', `rm `],
    ['an invalid refresh token', 'refresh_token.txt', 'rubbish', 'operator.token-file', 'rm '],
  ])('stops at %s and sends no PIN', async (_what, name, content, error, step) => {
    await using at = writeFiles(await createFolder(fyers, {}, PIN), { ...OLD, [name]: content });
    const { err } = await at.run('refresh', '--local');
    expect(err).toContain(`${error}: `);
    expect(err).toContain(`${step}${at.folder}/${name}`);
    expect(countPinCalls()).toBe(0);
  });

  test('works on a Sunday at 22:00', async () => {
    const sunday = Date.parse('2026-11-22T22:00:00+05:30');
    fyers.setClock(sunday);
    await using at = writeFiles(await createFolder(fyers, { now: instant(sunday) }, PIN), {
      'refresh_token.txt': mintToken(SEED, APP, 'refresh_token', sunday - DAY_MS),
    });
    expect((await at.run('refresh', '--local')).out).toContain('good until 23 Nov 2026, 06:00 IST');
  });
});

describe('fyers refresh --local if Fyers is unreachable', () => {
  test('exits with 3 and does not ask for a login', async () => {
    await using at = writeFiles(await stage(), {
      ...OLD,
      '.env': `FYERS_CLIENT_ID=${SECRET_APP.id}\nFYERS_SECRET_KEY=${SECRET_APP.secret}\n${PIN}FYERS_API_URL=http://127.0.0.1:9\n`,
    });
    const { code, err } = await at.run('refresh', '--local');
    expect(code).toBe(3);
    expect(err).toMatch(/broker\.unreachable: Fyers could not be reached; nothing was changed\./);
    expect(err).not.toMatch(/login/);
  });
});

describe('fyers refresh --aws', () => {
  async function refreshOnAws(stub: Partial<AwsStub>, ...flags: readonly string[]) {
    await using aws = await awsStub();
    Object.assign(aws, stub);
    await using at = await stage({ aws: aws.options });
    return { ...(await at.run('refresh', '--aws', ...flags)), invocations: aws.invocations };
  }

  test.each([
    [[], '{}'],
    [['--probe'], '{"probe":true}'],
  ])('invokes the function and prints its message (%j)', async (flags, event) => {
    const answer = { statusCode: 200, body: REFRESHED_BODY };
    expect(await refreshOnAws({ answer }, ...flags)).toMatchObject({
      ...{ code: 0, err: '', out: '✅ Token refresh completed successfully!' },
      invocations: [`FyersTokenRefresh ${event}`],
    });
  });

  test('exits with 2 if a login is needed', async () => {
    const answer = { statusCode: 202, body: '{"message":"Login link sent."}' };
    const { code, out, err } = await refreshOnAws({ answer }, '--suffix', 'paper', '--json');
    expect(code).toBe(2);
    expect(JSON.parse(out)).toEqual({
      ...{ function: 'FyersTokenRefresh-paper', statusCode: 202, message: 'Login link sent.' },
    });
    expect(err).toContain('./fyers login --aws');
  });

  test.each([
    ['operator.app-secret: Fyers refused it.', 2],
    ['broker.unreachable: Fyers is away.', 3],
    ['platform.busy: Another run.', 4],
    ['an unknown failure', 70, 'bug.unexpected: FyersTokenRefresh failed: an unknown failure'],
  ])('exits with the code of the function’s failure: %s', async (failed, exit, words?: string) => {
    const { code, err } = await refreshOnAws({ failed });
    expect(code).toBe(exit);
    expect(err).toContain(words ?? failed.replace(': ', ': FyersTokenRefresh failed: '));
  });

  test('prints the next step if the function does not exist', async () => {
    const { code, err } = await refreshOnAws({ hasFunctions: false });
    expect(code).toBe(2);
    expect(err).toMatch(/^operator\.prerequisite: There is no function FyersTokenRefresh /);
    expect(err).toContain('Run `pulumi up`, or name the stack with --suffix.');
  });

  test('rejects an answer that it cannot parse', async () => {
    const { err } = await refreshOnAws({ answer: { neither: 'one' } });
    expect(err).toContain('platform.integrity: ');
  });
});

describe('fyers refresh', () => {
  test.each([[[]], [['--local', '--aws']]])(
    'rejects flags that do not name one place: %j',
    async (flags) => {
      await using at = await stage();
      const { code, err } = await at.run('refresh', ...flags);
      expect(code).toBe(2);
      expect(err).toContain('operator.usage: ');
    },
  );
});
