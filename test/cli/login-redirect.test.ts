import { describe, expect, test } from 'vitest';
import { registeredUrl } from '../../cli/commands/login/context.ts';
import { settingsIn } from '../../cli/shared/settings.ts';
import { mintToken } from '../../sandbox/fyers/tokens.ts';
import { APP, NOON, SEED } from '../sandbox/fyers/simulator.ts';
import { type AwsStub, awsStub } from './aws-stub.ts';
import { createFolder, pageIn, startSimulatedFyers, STORED, LOGIN_URL } from './login-stage.ts';

const OTHER_PAGE = 'https://me.example/cb';
const NEWER = mintToken(SEED, APP, 'access_token', NOON, 5);

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
  await using fyers = await startSimulatedFyers();
  await using aws = await awsStub(STORED);
  aws.settings = settings;
  aws.loginUrl = LOGIN_URL;
  aws.parameters.set('FYERS_LINK_KEY', 'ab'.repeat(32));
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

describe('fyers login --aws', () => {
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

describe('fyers login into files', () => {
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
