// Runs doctor in an operator's folder against a stack in the emulator and the Fyers simulator.
import { chmodSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { nodeFinding } from '../../cli/checks/machine.ts';
import { parseInstant } from '../../core/time.ts';
import { displayFingerprint } from '../../core/token/digest.ts';
import { mintToken } from '../../sandbox/fyers/tokens.ts';
import { APP, SEVEN } from '../sandbox/fyers/simulator.ts';
import { awsFront } from '../support/aws-front.ts';
import { leaksOf } from '../support/canaries.ts';
import {
  type DoctorWorld,
  GOOD,
  LOGIN_URL,
  startDoctorWorld,
  runDoctor,
} from './doctor-fixture.ts';

const TELEGRAM = '123456789:CANARYbotCANARYbotCANARYbotCANARYbo';

let world: DoctorWorld;
beforeAll(async () => {
  world = await startDoctorWorld();
}, 180_000);
afterAll(() => world.close());
beforeEach(() => world.repair());

describe('fyers doctor', () => {
  test('finds no problem in a working stack, and prints a line for each check', async () => {
    await using at = await world.openFolder();
    const { code, out, err } = await at.run('doctor', '--live');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const rows = out.split('\n').map((line) => line.split(/ {2,}/));
    expect(rows.slice(1, -1).map(([state, name]) => `${state ?? ''} ${name ?? ''}`)).toEqual([
      'ok Node',
      'ok Pulumi',
      'ok AWS identity',
      'ok Lambda quota',
      'ok .env',
      'ok File modes',
      'ok App',
      'ok PIN',
      'ok Functions',
      'ok Redirect URL',
      'ok Messages',
      'ok Calendar',
      'ok Access token',
      'ok Live book',
      'skipped Streams',
      'ok Clock',
    ]);
    for (const words of [
      'v3.259.0, stack dev',
      'account 000000000000; region ap-south-1',
      `${APP.id}, with a secret, in .env and Parameter Store`,
      'FyersTokenRefresh, FyersLogin, FyersWatch',
      `to log in with one tap a day, register ${LOGIN_URL}`,
      'email me@example.in',
      'holidays are known until',
      `in Parameter Store (ap-south-1), fingerprint ${displayFingerprint(GOOD)}`,
      /NSE:HDFCBANK-EQ: bid \d+\.\d\d × \d+, ask \d+\.\d\d × \d+, in \d+ ms/,
      'No problems.',
    ]) {
      expect(out).toMatch(words instanceof RegExp ? words : new RegExp(escapeRegExp(words)));
    }
  });

  test('sends no request to Fyers without --live, and prints no secret with or without it', async () => {
    await using at = await world.openFolder();
    at.write('access_token.txt', GOOD);
    await world.put('FYERS_TELEGRAM', `${TELEGRAM}/42`);
    await world.deploy({ FYERS_PIN_SECRET: 'FYERS_PIN' }, { FYERS_TELEGRAM: 'yes' });
    const before = world.fyers.requests().length;
    const quiet = await runDoctor(at);
    expect(world.fyers.requests().length).toBe(before);
    expect(quiet.found['Live book']).toMatchObject({ state: 'skipped' });
    expect(quiet.found['Messages']?.detail).toContain('Telegram chat 42');
    expect(quiet.found['PIN']?.detail).toContain('given in .env and Secrets Manager');
    const live = await runDoctor(at, '--live', '--debug');
    expect(world.fyers.requests().length).toBe(before + 1);
    for (const { all } of [quiet, live]) {
      expect(leaksOf(all, { token: GOOD, secret: APP.secret, bot: TELEGRAM })).toEqual([]);
      expect(all).not.toMatch(new RegExp(`\\b${APP.pin}\\b`));
    }
  });

  test('reads each source once, however many checks use it', async () => {
    await using front = await awsFront(world.aws.endpoint);
    await using at = await world.openFolder('', { aws: { ...world.aws, endpoint: front.url } });
    await runDoctor(at, '--live');
    const texts = front.requests.map((request) => `${request.path} ${request.body}`);
    for (const source of ['"FYERS_ACCESS_TOKEN"', '/FyersTokenRefresh/', 'GetCallerIdentity']) {
      expect(texts.filter((text) => text.includes(source))).toHaveLength(1);
    }
  });

  test('continues if AWS is unreachable, and gives the reason for each skipped check', async () => {
    await using at = await world.openFolder('', {
      aws: { ...world.aws, endpoint: 'http://127.0.0.1:9' },
    });
    at.write('access_token.txt', GOOD);
    const { code, found } = await runDoctor(at, '--live');
    expect(code).toBe(2);
    expect(found['AWS identity']).toMatchObject({ state: 'problem' });
    expect(found['AWS identity']?.fix).toContain('Check the connection to AWS');
    for (const name of ['Lambda quota', 'Functions', 'Messages']) {
      expect(found[name]).toMatchObject({ state: 'skipped' });
      expect(found[name]?.detail).toContain('AWS cannot be reached');
    }
    for (const name of ['Pulumi', 'App', 'Access token', 'Live book']) {
      expect(found[name]).toMatchObject({ state: 'ok' });
    }
  });

  test('continues if no Pulumi stack is selected, and prints the fix', async () => {
    await using at = await world.openFolder('', {}, 'stack:no stack selected;');
    const { code, found } = await runDoctor(at);
    expect(code).toBe(2);
    expect(found['Pulumi']?.fix).toContain('pulumi stack init dev');
    expect(found['Functions']?.state).toBe('ok');
  });

  test.each<[string, string, RegExp, RegExp]>([
    ['FYERS_CLIENT_ID=ABCD1234EF-100', 'App', /FYERS_SECRET_KEY is missing/, /myapi\.fyers\.in/],
    ['FYERS_CLIENT_ID=ABCD\nFYERS_SECRET_KEY=SECRET1234', 'App', /full app id/, /myapi/],
    // The stack has another app.
    [
      'FYERS_CLIENT_ID=OTHER1234-100\nFYERS_SECRET_KEY=SECRET1234',
      'App',
      /not the app of the stack/,
      /npm run configure/,
    ],
    [
      'FYERS_PIN=482',
      'PIN',
      /FYERS_PIN in .*\.env line 1 must be exactly four digits/,
      /Correct that line/,
    ],
    [
      'FYERS_REDIRECT_URI=ftp://x',
      'Redirect URL',
      /\.env line 1 must be an https/,
      /Correct that line/,
    ],
    [
      'FYERS_SUFFIX=NO!',
      'Functions',
      /FYERS_SUFFIX in .*\.env line 1 must be 1 to 16/,
      /Correct that/,
    ],
    ['FYERS_SUFFIX=none', 'Functions', /no FyersTokenRefresh-none/, /`pulumi up`/],
  ])('reports for %j in .env a problem of the check %s', async (env, name, detail, fix) => {
    await using at = await world.openFolder(`${env}\n`);
    const { code, found, all } = await runDoctor(at);
    expect(code).toBe(2);
    expect(found[name]).toMatchObject({ state: 'problem' });
    expect(found[name]?.detail).toMatch(detail);
    expect(found[name]?.fix).toMatch(fix);
    expect(all).not.toMatch(/SECRET1234|\b482\b/);
  });

  test('prints the chmod command for files and folders that other users can access', async () => {
    await using at = await world.openFolder();
    at.write('daily_token.txt', GOOD);
    const env = path.join(at.folder, '.env');
    const token = path.join(at.folder, 'daily_token.txt');
    chmodSync(env, 0o644);
    chmodSync(token, 0o640);
    chmodSync(at.folder, 0o777);
    const loose = (await runDoctor(at)).found['File modes'];
    expect(loose?.state).toBe('problem');
    expect(loose?.fix).toBe(`Run \`chmod 600 ${env} ${token} && chmod o-w ${at.folder}\`.`);
    for (const file of [env, token]) chmodSync(file, 0o600);
    chmodSync(at.folder, 0o775);
    expect((await runDoctor(at)).found['File modes']).toMatchObject({ state: 'ok' });
  });

  test('reports each invalid line of .env once', async () => {
    await using at = await world.openFolder('FYERS_SYMBOL=x\nFYERS_FY_ID\n');
    const { code, found, all } = await runDoctor(at);
    expect(code).toBe(2);
    expect(found['.env']).toMatchObject({ state: 'problem' });
    expect(found['.env']?.detail).toMatch(/line 1: FYERS_SYMBOL .*FYERS_SYMBOLS.*line 2: .*no =/);
    expect(all.split('FYERS_SYMBOL is not').length).toBe(2);
  });

  const OTHERS_URL = LOGIN_URL.replace('abc', 'xyz');
  test.each([
    [
      'the default page',
      null,
      'ok',
      /paste its address into.*; to log in with one tap a day, register/,
    ],
    ['loopback', 'http://127.0.0.1:8080/', 'ok', /received on this machine/],
    ['the keyword loginUrl', 'loginUrl', 'ok', /exactly https:\/\/abcdefghij\./],
    ['the login function', LOGIN_URL.slice(0, -1), 'ok', /one tap a day/],
    [
      'of another stack',
      OTHERS_URL,
      'problem',
      /another stack; this stack's login function is https:\/\/abcdefghij\./,
    ],
  ])('reports the kind of the redirect URL: %s', async (_what, uri, state, detail) => {
    await world.deploy(uri === null ? {} : { FYERS_REDIRECT_URI: uri });
    await using at = await world.openFolder();
    const { found } = await runDoctor(at);
    expect(found['Redirect URL']).toMatchObject({ state });
    expect(found['Redirect URL']?.detail).toMatch(detail);
  });

  test('reports a problem if the topic has no subscription', async () => {
    await world.unsubscribeAll();
    await using at = await world.openFolder();
    const { code, found } = await runDoctor(at);
    expect(code).toBe(2);
    expect(found['Messages']?.fix).toContain('pulumi config set email ADDRESS');
  });

  test.each([
    [10, 10, null, 'ok', '10 runs at a time: enough while reserved concurrency is off'],
    [10, 0, null, 'problem', 'other functions have reserved all 10'],
    [1_000, 995, 5, 'ok', '995 of them free; the login page is limited to 5'],
    [1_000, 1_000, null, 'ok', 'the login page has no limit of its own'],
  ])(
    'reports the bound of the login page: quota %s, unreserved %s, bound %s',
    async (limit, unreserved, bound, state, words) => {
      const quota = {
        AccountLimit: { ConcurrentExecutions: limit, UnreservedConcurrentExecutions: unreserved },
      };
      const reservation = bound === null ? {} : { ReservedConcurrentExecutions: bound };
      await using front = await awsFront(world.aws.endpoint, ({ path }) => {
        if (path.includes('/account-settings')) return { status: 200, body: JSON.stringify(quota) };
        return path.includes('/FyersLogin/concurrency')
          ? { status: 200, body: JSON.stringify(reservation) }
          : null;
      });
      await using at = await world.openFolder('', { aws: { ...world.aws, endpoint: front.url } });
      const { found } = await runDoctor(at);
      expect(found['Lambda quota']).toMatchObject({ state });
      expect(found['Lambda quota']?.detail).toContain(words);
    },
  );

  test.each([
    ['before the first slot', '2026-11-26T06:59:59+05:30', 'skipped', /login link comes at 07:00/],
    [
      'from the first slot on',
      '2026-11-26T07:00:00+05:30',
      'problem',
      /no token is good .*2026-11-26/,
    ],
    ['in the evening', '2026-11-25T20:00:00+05:30', 'skipped', /coming session is on 2026-11-26/],
  ])(
    'reports yesterday’s token as a problem only when a new one is due: %s',
    async (_w, now, state, words) => {
      await using at = await world.openFolder('', { now: parseInstant(now) });
      const { found } = await runDoctor(at);
      expect(found['Access token']).toMatchObject({ state });
      expect(found['Access token']?.detail).toMatch(words);
    },
  );

  test.each([
    ['2026-12-01', 'ok', ''],
    ['2026-12-02', 'problem', ''],
    ['2028-01-03', 'problem', 'every weekday counts as a trading day'],
  ])('warns of the end of the known holidays from thirty days before: %s', async (...row) => {
    const [day, state, words] = row;
    await using at = await world.openFolder('', { now: parseInstant(`${day}T10:00:00+05:30`) });
    const { found } = await runDoctor(at);
    expect(found['Calendar']).toMatchObject({ state });
    expect(found['Calendar']?.detail).toContain(words);
  });

  test('prints the fix for a refused token, and reports an unknown symbol', async () => {
    await world.put('FYERS_ACCESS_TOKEN', mintToken('another seed', APP, 'access_token', SEVEN));
    await using at = await world.openFolder();
    const refused = (await runDoctor(at, '--live')).found['Live book'];
    expect(refused?.detail).toContain('token-refused');
    expect(refused?.fix).toContain('`./fyers login`');
    await world.put('FYERS_ACCESS_TOKEN', GOOD);
    at.write('.env', `FYERS_SYMBOLS=NSE:NOSUCH-EQ\nFYERS_API_URL=${world.fyers.url}\n`);
    expect((await runDoctor(at, '--live')).found['Live book']?.detail).toContain(
      'no book of NSE:NOSUCH-EQ (unknown-symbol)',
    );
  });

  test('reports why Lambda cannot run a function', async () => {
    await using front = await awsFront(world.aws.endpoint, ({ path }) =>
      path.includes('/functions/FyersWatch')
        ? { status: 200, body: '{"State":"Failed","StateReason":"the key is gone"}' }
        : null,
    );
    await using at = await world.openFolder('', { aws: { ...world.aws, endpoint: front.url } });
    const { found } = await runDoctor(at);
    expect(found['Functions']).toMatchObject({ state: 'problem' });
    expect(found['Functions']?.detail).toBe('FyersWatch cannot run: it failed: the key is gone');
  });

  test('requires Node 22.18 or newer', () => {
    expect(nodeFinding('20.19.0')).toMatchObject({
      state: 'problem',
      detail: 'Node 20.19.0 is too old: 22.18 or newer is needed.',
    });
    expect(nodeFinding('22.18.0')).toMatchObject({ state: 'ok', detail: '22.18.0' });
  });
});

function escapeRegExp(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
