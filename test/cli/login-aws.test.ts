import { beforeEach, describe, expect, test } from 'vitest';
import { registeredUrl } from '../../cli/commands/login/context.ts';
import { settingsIn } from '../../cli/shared/settings.ts';
import { PLACEHOLDER } from '../../core/config/names.ts';
import type { AppId, LinkKey } from '../../core/config/values.ts';
import { istDate, parseInstant } from '../../core/time.ts';
import { displayFingerprint } from '../../core/token/digest.ts';
import { linkPath } from '../../core/token/login/link.ts';
import { mintToken } from '../../sandbox/fyers/tokens.ts';
import { APP, NOON, SEED, SEVEN } from '../sandbox/fyers/simulator.ts';
import { type AwsStub, awsStub } from './aws-stub.ts';
import {
  SECRET_APP,
  contentOf,
  expectNoSecret,
  createFolder,
  modeOf,
  pageIn,
  startSimulatedFyers,
  STORED,
  LOGIN_URL,
  buildAdoptedAnswer,
  createPerson,
} from './login-stage.ts';
import { stage } from './cli-harness.ts';

const LINK_KEY = '1f'.repeat(32) as LinkKey;
const KEYED = { ...STORED, FYERS_LINK_KEY: LINK_KEY };
const GOOD = mintToken(SEED, APP, 'access_token', SEVEN);
const NEWER = mintToken(SEED, APP, 'access_token', NOON, 5);
const REFRESH = mintToken(SEED, APP, 'refresh_token', NOON, 6);
const LINK = linkPath({ id: SECRET_APP.id as AppId, secret: LINK_KEY }, istDate('2026-11-25'));
const ONE_TAP = `FYERS_REDIRECT_URI=loginUrl\n`;

let aws: AwsStub;
let fyers: Awaited<ReturnType<typeof startSimulatedFyers>>;
beforeEach(async () => {
  fyers = await startSimulatedFyers();
  aws = await awsStub(KEYED);
  return async () => {
    await fyers.close();
    await aws[Symbol.asyncDispose]();
  };
});

/** Publishes a token at the nth read of it. @returns the number of reads */
function publishAtRead(nth: number, access: string, refresh: string = PLACEHOLDER): () => number {
  let reads = 0;
  aws.onRead = (name) => {
    if (name !== 'FYERS_ACCESS_TOKEN' || (reads += 1) !== nth) return;
    aws.parameters.set('FYERS_ACCESS_TOKEN', access).set('FYERS_REFRESH_TOKEN', refresh);
  };
  return () => reads;
}

describe('fyers login --aws', () => {
  test('hands both proven tokens to FyersTokenRefresh and writes no file', async () => {
    aws.answer = buildAdoptedAnswer('published');
    await using at = await createFolder(fyers, { ...createPerson(), aws: aws.options });
    const { code, out, err } = await at.run('login', '--aws');
    expect({ code }).toEqual({ code: 0 });
    const [, name, event] = /^(\S+) (.*)$/.exec(aws.invocations[0] ?? '') ?? [];
    const { adopt } = JSON.parse(event ?? '') as {
      readonly adopt: { readonly accessToken: string; readonly refreshToken: string };
    };
    expect({ name, count: aws.invocations.length }).toEqual({
      name: 'FyersTokenRefresh',
      count: 1,
    });
    expect(out).toContain(displayFingerprint(adopt.accessToken));
    expect(out).toContain(displayFingerprint(adopt.refreshToken));
    expect(out).toContain('FYERS_ACCESS_TOKEN: published\nFYERS_REFRESH_TOKEN: stored');
    expect(() => contentOf(at, 'access_token.txt')).toThrow('ENOENT');
    expectNoSecret(`${out}${err}`, [adopt.accessToken, adopt.refreshToken]);
  });

  test('uses the app in Parameter Store if .env has none, and the stack of --suffix', async () => {
    const stored = Object.entries(KEYED).map(([name, value]) => [`${name}_PAPER`, value] as const);
    await using paper = await awsStub(Object.fromEntries(stored));
    paper.answer = buildAdoptedAnswer('published');
    const env = { FYERS_API_URL: fyers.url };
    await using at = await stage({ ...createPerson(), aws: paper.options, env });
    expect((await at.run('login', '--aws', '--suffix', 'paper')).code).toBe(0);
    expect(paper.invocations[0]).toMatch(/^FyersTokenRefresh-paper /);
  });

  test('does nothing while the stored token is live', async () => {
    aws.parameters.set('FYERS_ACCESS_TOKEN', GOOD);
    await using at = await createFolder(fyers, { aws: aws.options });
    const { code, out } = await at.run('login', '--aws');
    expect(code).toBe(0);
    expect(out).toContain('Already good until 26 Nov 2026, 06:00 IST, in Parameter Store');
    expect(aws.invocations).toEqual([]);
  });
});

describe('fyers login with the login function’s URL', () => {
  test('opens the day’s link, waits for the new token, and writes it to the files', async () => {
    aws.parameters.set('FYERS_ACCESS_TOKEN', 'not a token');
    aws.loginUrl = LOGIN_URL;
    const reads = publishAtRead(4, NEWER, REFRESH);
    const opened: string[] = [];
    const open = (url: string) => Promise.resolve(void opened.push(url));
    await using at = await createFolder(fyers, { open, aws: aws.options }, ONE_TAP);
    const { code, out, err } = await at.run('login');
    expect({ code, opened }).toEqual({ code: 0, opened: [`${LOGIN_URL}${LINK}`] });
    expect(reads()).toBe(4);
    expect(contentOf(at, 'access_token.txt')).toBe(NEWER);
    expect(contentOf(at, 'refresh_token.txt')).toBe(REFRESH);
    expect(modeOf(at, 'access_token.txt')).toBe('600');
    expect(err).toContain('Waiting for the token from the login function, up to 10 more minutes.');
    expectNoSecret(`${out}${err}`, [NEWER, REFRESH]);
  });

  test('with --aws waits for the token and invokes no function', async () => {
    publishAtRead(5, NEWER);
    const env = `FYERS_REDIRECT_URI=${LOGIN_URL}\nFYERS_LOGIN_URL=${LOGIN_URL}\n`;
    await using at = await createFolder(fyers, { aws: aws.options }, env);
    const { code, out } = await at.run('login', '--aws');
    expect({ code, invocations: aws.invocations }).toEqual({ code: 0, invocations: [] });
    expect(out).toContain(displayFingerprint(NEWER));
    expect(() => contentOf(at, 'access_token.txt')).toThrow('ENOENT');
  });

  test('copies a live token of the stack to the files without a login', async () => {
    aws.parameters.set('FYERS_ACCESS_TOKEN', GOOD);
    aws.loginUrl = LOGIN_URL;
    let opened = 0;
    const open = () => Promise.resolve(void (opened += 1));
    await using at = await createFolder(fyers, { open, aws: aws.options }, ONE_TAP);
    expect((await at.run('login')).code).toBe(0);
    expect({ opened, file: contentOf(at, 'access_token.txt') }).toEqual({ opened: 0, file: GOOD });
  });

  test('rejects the previous token and an older one, and gives up after ten minutes', async () => {
    const older = mintToken(SEED, APP, 'access_token', SEVEN - 1_000);
    aws.parameters.set('FYERS_ACCESS_TOKEN', GOOD);
    aws.loginUrl = LOGIN_URL;
    const reads = publishAtRead(9, older);
    await using at = await createFolder(fyers, { aws: aws.options }, ONE_TAP);
    const { code, err } = await at.run('login', '--aws', '--again');
    expect(code).toBe(2);
    expect(err).toMatch(/^operator\.login: The login function has published no token/m);
    expect(reads()).toBe(202);
    expect(err.match(/Waiting for the token/g)).toHaveLength(10);
  });

  test('does not write a token that Fyers refuses', async () => {
    aws.loginUrl = LOGIN_URL;
    const dead = mintToken('another seed', APP, 'access_token', NOON);
    publishAtRead(3, dead);
    await using at = await createFolder(fyers, { aws: aws.options }, ONE_TAP);
    const { code, err } = await at.run('login');
    expect(code).toBe(3);
    expect(err).toContain('broker.bad-token: ');
    expect(() => contentOf(at, 'access_token.txt')).toThrow('ENOENT');
  });

  test.each([
    ['--paste', ONE_TAP, ['--paste'], 'operator.usage: '],
    [
      'a missing login function',
      ONE_TAP,
      [],
      'operator.prerequisite: There is no function FyersLogin',
    ],
  ])('refuses %s', async (what, extra, flags, words) => {
    if (what === '--paste') aws.loginUrl = LOGIN_URL;
    await using at = await createFolder(fyers, { aws: aws.options }, extra);
    const { code, err } = await at.run('login', ...flags);
    expect(code).toBe(2);
    expect(err).toContain(words);
  });

  test.each([
    ['15:59:59.999', 'The login function has published no token'],
    ['16:00:00.000', "Today's session is over"],
    ['05:59:59.999', 'expires at 06:00'],
    ['06:00:00.000', 'The login function has published no token'],
  ])('reports at %s whether the day’s link is valid', async (time, words) => {
    aws.loginUrl = LOGIN_URL;
    const now = parseInstant(`2026-11-25T${time}+05:30`);
    await using at = await createFolder(fyers, { aws: aws.options, now }, ONE_TAP);
    expect((await at.run('login')).err).toContain(words);
  });

  test('asks for a pasted address if the redirect URL is the login function of another stack', async () => {
    aws.loginUrl = LOGIN_URL;
    const extra = 'FYERS_REDIRECT_URI=https://other.lambda-url.ap-south-1.on.aws/\n';
    await using at = await createFolder(fyers, { aws: aws.options }, extra);
    expect((await at.run('login')).err).toContain('The address is empty.');
  });
});

const OTHER_PAGE = 'https://me.example/cb';

/**
 * Runs the login until it opens a page. @returns that page, without the parts that change from run
 * to run
 */
async function runLogin(
  settings: AwsStub['settings'],
  env: string,
  flags: readonly string[] = ['--aws'],
  own: Readonly<Record<string, string>> = {},
) {
  for (const [name, value] of Object.entries(KEYED)) aws.parameters.set(name, value);
  aws.settings = settings;
  aws.loginUrl = LOGIN_URL;
  const opened: string[] = [];
  const open = (url: string) => {
    opened.push(url);
    aws.parameters.set('FYERS_ACCESS_TOKEN', NEWER);
    return Promise.resolve();
  };
  await using at = await createFolder(fyers, { open, aws: aws.options, env: own }, env);
  const { code, err } = await at.run('login', ...flags);
  const [page = ''] = opened;
  const redirectUri = pageIn(err) === '' ? null : new URL(page).searchParams.get('redirect_uri');
  return { code, err, page: redirectUri ?? page.replace(/go\/.*/, 'go/…') };
}

describe('The redirect URL of fyers login --aws', () => {
  test.each([
    ['the keyword loginUrl', { FYERS_REDIRECT_URI: 'loginUrl', FYERS_LOGIN_URL: LOGIN_URL }],
    ['the login function’s URL', { FYERS_REDIRECT_URI: LOGIN_URL, FYERS_LOGIN_URL: LOGIN_URL }],
    [
      'the login function’s URL without the slash',
      { FYERS_REDIRECT_URI: LOGIN_URL.slice(0, -1), FYERS_LOGIN_URL: LOGIN_URL },
    ],
    ['the keyword loginUrl, but no FYERS_LOGIN_URL', { FYERS_REDIRECT_URI: 'loginUrl' }],
  ])(
    'opens the day’s link if the stack has %s and .env has no redirect URL',
    async (_what, stack) => {
      const { code, err, page } = await runLogin(stack, '');
      expect({ code, page }).toEqual({ code: 0, page: `${LOGIN_URL}go/…` });
      expect(err).not.toContain('FYERS_REDIRECT_URI');
    },
  );

  test('uses the stack’s URL if .env has another one, and reports the difference', async () => {
    const stack = { FYERS_REDIRECT_URI: 'loginUrl', FYERS_LOGIN_URL: LOGIN_URL };
    const { page, err } = await runLogin(stack, `FYERS_REDIRECT_URI=${OTHER_PAGE}\n`);
    expect(page).toBe(`${LOGIN_URL}go/…`);
    expect(err).toContain(`FYERS_REDIRECT_URI is ${OTHER_PAGE} here and loginUrl in the stack.`);
    const back = await runLogin(
      { FYERS_REDIRECT_URI: OTHER_PAGE },
      'FYERS_REDIRECT_URI=loginUrl\n',
    );
    expect(back).toMatchObject({ page: OTHER_PAGE });
    expect(back.err).toContain(
      `FYERS_REDIRECT_URI is loginUrl here and ${OTHER_PAGE} in the stack.`,
    );
  });

  test('does not report a difference if the URLs differ only by notation', async () => {
    const stack = { FYERS_REDIRECT_URI: 'loginUrl', FYERS_LOGIN_URL: LOGIN_URL };
    const { page, err } = await runLogin(stack, `FYERS_REDIRECT_URI=${LOGIN_URL.slice(0, -1)}\n`);
    expect(page).toBe(`${LOGIN_URL}go/…`);
    expect(err).not.toContain('FYERS_REDIRECT_URI is');
  });

  test.each([
    ['there is no stack', null, ''],
    ['IAM forbids the read', 'denied' as const, "The stack's redirect URL is not known"],
  ])('uses the URL of .env if %s', async (_why, settings, words) => {
    const { page, err } = await runLogin(settings, `FYERS_REDIRECT_URI=${OTHER_PAGE}\n`);
    expect(page).toBe(OTHER_PAGE);
    expect(err).toContain(words);
  });
});

describe('The redirect URL of fyers login into files', () => {
  const stack = { FYERS_REDIRECT_URI: 'loginUrl', FYERS_LOGIN_URL: LOGIN_URL };

  test('does not ask the stack if .env has the URL or no AWS profile is chosen', async () => {
    const chosen = { AWS_PROFILE: 'me' };
    const named = await runLogin(stack, `FYERS_REDIRECT_URI=${OTHER_PAGE}\n`, [], chosen);
    expect(named.page).toBe(OTHER_PAGE);
    expect((await runLogin(stack, '', [])).page).toBe(APP.redirectUri);
  });

  test('asks the stack if an AWS profile is chosen and .env has no URL', async () => {
    expect((await runLogin(stack, '', [], { AWS_PROFILE: 'me' })).page).toBe(`${LOGIN_URL}go/…`);
    const denied = await runLogin('denied', '', [], { AWS_PROFILE: 'me' });
    expect(denied.page).toBe(APP.redirectUri);
    expect(denied.err).not.toContain('not known');
  });
});

test('registeredUrl returns the documented URL by default', () => {
  expect(
    registeredUrl(settingsIn({ values: {}, places: {}, problems: [] }, {}), null),
  ).toMatchObject({
    uri: APP.redirectUri,
    loginUrl: null,
    notice: null,
  });
});
