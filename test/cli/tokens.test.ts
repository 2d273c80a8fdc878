import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PLACEHOLDER } from '../../core/config/names.ts';
import { instant, parseInstant } from '../../core/time.ts';
import { displayFingerprint } from '../../core/token/digest.ts';
import { startFyers, type FyersSimulator } from '../../sandbox/fyers/server.ts';
import { mintToken } from '../../sandbox/fyers/tokens.ts';
import { APP, NOON, SEED, SEVEN } from '../sandbox/fyers/simulator.ts';
import { stage, type Stage, type StageOptions } from './cli-harness.ts';

const CLOSE = Date.parse('2026-11-25T16:00:00+05:30');
const DAY_MS = 86_400_000;
const GOOD = mintToken(SEED, APP, 'access_token', SEVEN);
const YESTERDAYS = mintToken(SEED, APP, 'access_token', SEVEN - DAY_MS);
const REFRESH = mintToken(SEED, APP, 'refresh_token', SEVEN);

let fyers: FyersSimulator;
beforeEach(async () => {
  fyers = await startFyers({ seed: SEED, apps: [APP], refresh: 'refused', startsAt: NOON });
  fyers.setClock(NOON);
});
afterEach(() => fyers.close());

type Files = Readonly<Record<string, string>>;

async function stageWithFiles(files: Files, options: StageOptions = {}): Promise<Stage> {
  const made = await stage(options);
  const env = `FYERS_CLIENT_ID=${APP.id}\nFYERS_SECRET_KEY=${APP.secret}\nFYERS_PIN=${APP.pin}\nFYERS_API_URL=${fyers.url}\n`;
  for (const [name, content] of Object.entries({ '.env': env, ...files }))
    made.write(name, content);
  return made;
}

function parseJson(text: string): unknown {
  return JSON.parse(text);
}

describe('fyers tokens', () => {
  test('exits with 0 if the access token is live and valid until the close', async () => {
    await using at = await stageWithFiles({
      'access_token.txt': GOOD,
      'refresh_token.txt': REFRESH,
    });
    const { code, out, err } = await at.run('tokens');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(`App ${APP.id}, tokens in ${at.folder}`);
    const row = out.split('\n').find((line) => line.startsWith('access')) ?? '';
    expect(row.split(/ {2,}/)).toEqual([
      'access',
      'live',
      displayFingerprint(GOOD),
      'XA00001',
      '25 Nov 2026, 07:00 IST',
      '26 Nov 2026, 06:00 IST',
      '18 h 00 min',
    ]);
    expect(out).toContain('the access token is good for it, proven by one live read.');
    expect(out).toContain('not verified');
  });

  test.each([
    ['without a token', {}, CLOSE - 1],
    ['with a token that ends too early', { 'access_token.txt': GOOD }, CLOSE],
    ['with an unreadable file', { 'access_token.txt': 'abc' }, CLOSE - 1],
  ])('prints its verdict only once %s', async (_, files, now) => {
    await using at = await stageWithFiles(files, { now: instant(now) });
    const { code, out, err } = await at.run('tokens', '--offline');
    expect(code).toBe(2);
    const [, problem = ''] = /^operator\.[\w-]+: (.*?[.:])(?: |$)/.exec(err) ?? [];
    expect(problem).not.toBe('');
    expect(out).not.toContain(problem);
    expect(out).not.toMatch(/no access token|good for it|ends before/);
  });

  test('proves a token by reading profile and depth, and sends nothing with --offline', async () => {
    await using at = await stageWithFiles({ 'access_token.txt': GOOD });
    const before = fyers.requests().length;
    expect((await at.run('tokens')).code).toBe(0);
    expect(fyers.requests().length).toBe(before + 2);
    const { code, out } = await at.run('tokens', '--offline');
    expect(code).toBe(0);
    expect(out).toContain('good for it, by its own claims.');
    expect(fyers.requests().length).toBe(before + 2);
  });

  test('prints the same as JSON, with instants and seconds', async () => {
    await using at = await stageWithFiles({ 'access_token.txt': GOOD });
    const { out } = await at.run('tokens', '--json');
    expect(parseJson(out)).toEqual({
      good: true,
      place: `in ${at.folder}`,
      appId: APP.id,
      session: {
        date: '2026-11-25',
        opensAt: '2026-11-25T09:00:00.000+05:30',
        closesAt: '2026-11-25T16:00:00.000+05:30',
        certainty: expect.stringMatching(/^(?:sourced|inferred|provisional)$/) as string,
      },
      signaturesVerified: false,
      accessToken: {
        state: 'live',
        proof: 'live',
        answer: null,
        depthRefused: null,
        fingerprint: displayFingerprint(GOOD),
        account: 'XA00001',
        issuedAt: '2026-11-25T07:00:00.000+05:30',
        expiresAt: '2026-11-26T06:00:00.000+05:30',
        leftSeconds: 18 * 3_600,
      },
      refreshToken: {
        state: 'missing',
        fingerprint: null,
        account: null,
        issuedAt: null,
        expiresAt: null,
        leftSeconds: null,
      },
      notices: [`There is no refresh_token.txt in ${at.folder}.`],
      problems: [],
    });
  });

  test.each([
    ['during the session', CLOSE - 1, 0, '2026-11-25'],
    ['after its close, for the next trading day', CLOSE, 2, '2026-11-26'],
  ])('judges the token for the coming session: %s', async (_when, now, code, date) => {
    await using at = await stageWithFiles({ 'access_token.txt': GOOD }, { now: instant(now) });
    const ran = await at.run('tokens', '--json', '--offline');
    expect(ran.code).toBe(code);
    expect(parseJson(ran.out)).toMatchObject({ good: code === 0, session: { date } });
    if (code === 0) return;
    expect(ran.err).toMatch(/^operator\.credentials: No access token is good/);
    // A login in the evening gives a token that expires before that session.
    expect(ran.err).toContain(
      'Wait until 26 Nov 2026, 06:30 IST: a token of an earlier login ends before that session (`./fyers tokens` shows it). Run',
    );
  });

  test.each([
    ['after a weekend, on its day', '2026-11-27T20:00:00+05:30', /30 Nov 2026, 06:30/],
    ['between 06:00 and that time', '2026-11-26T06:10:00+05:30', /26 Nov 2026, 06:30/],
    ['at that time, no hint', '2026-11-26T06:30:00+05:30', /^(?!.*Wait until)/],
  ])('prints the time from which a login helps: %s', async (_when, now, words) => {
    await using at = await stageWithFiles({}, { now: parseInstant(now) });
    const { err } = await at.run('tokens', '--offline');
    expect(err).toMatch(words);
    expect(err).toContain('no token is stored');
    expect(err).not.toContain("today's tokens");
  });

  test.each([
    ['missing', {}, 'missing', 'operator.credentials'],
    ['expired', { 'access_token.txt': YESTERDAYS }, 'expired', 'operator.credentials'],
    ['malformed', { 'access_token.txt': 'abc' }, 'missing', 'operator.token-file'],
    [
      'of another account',
      { 'access_token.txt': GOOD, '.env': `FYERS_CLIENT_ID=${APP.id}\nFYERS_FY_ID=XB00002\n` },
      'foreign',
      'operator.credentials',
    ],
  ])('exits with 2 and a next step if the token is %s', async (_what, files, state, code) => {
    await using at = await stageWithFiles(files);
    const ran = await at.run('tokens', '--json');
    expect(ran.code).toBe(2);
    expect(parseJson(ran.out)).toMatchObject({ good: false, accessToken: { state } });
    expect(ran.err).toMatch(new RegExp(`^${code.replace('.', '\\.')}: `));
    expect(ran.err).toContain('Run `./fyers login`, which writes ');
  });

  test('exits with 2 if the broker refuses a token that has not expired', async () => {
    const stranger = mintToken('another seed', APP, 'access_token', SEVEN);
    await using at = await stageWithFiles({ 'access_token.txt': stranger });
    const ran = await at.run('tokens', '--json');
    expect(ran.code).toBe(2);
    expect(parseJson(ran.out)).toMatchObject({ accessToken: { state: 'refused', proof: 'dead' } });
  });

  test('exits with 3 if the broker is unreachable', async () => {
    const env = `FYERS_CLIENT_ID=${APP.id}\nFYERS_API_URL=http://127.0.0.1:9\n`;
    await using at = await stageWithFiles({ 'access_token.txt': GOOD, '.env': env });
    const ran = await at.run('tokens', '--json');
    expect(ran.code).toBe(3);
    expect(ran.err).toMatch(/^broker\.unreachable: .*ECONNREFUSED.*fyers tokens/);
    expect(parseJson(ran.out)).toMatchObject({ good: false, accessToken: { state: 'unproven' } });
  });

  test('reports a missing app id and suggests --offline', async () => {
    await using at = await stageWithFiles({ 'access_token.txt': GOOD, '.env': '' });
    const ran = await at.run('tokens');
    expect(ran.code).toBe(2);
    expect(ran.err).toContain(`FYERS_CLIENT_ID in ${at.folder} is missing`);
    expect(ran.err).toContain('--offline');
  });

  test('reads another folder with --dir', async () => {
    await using at = await stageWithFiles({ 'access_token.txt': GOOD });
    await using elsewhere = await stage();
    expect((await elsewhere.run('tokens')).code).toBe(2);
    expect((await elsewhere.run('tokens', '--dir', at.folder)).code).toBe(0);
  });

  test('reads the parameters of the stack with --use-ssm, and treats a placeholder as missing', async () => {
    const parameters = {
      FYERS_CLIENT_ID_PAPER: APP.id,
      FYERS_ACCESS_TOKEN_PAPER: GOOD,
      FYERS_REFRESH_TOKEN_PAPER: PLACEHOLDER,
    };
    await using at = await stageWithFiles({ 'access_token.txt': YESTERDAYS }, { parameters });
    const ran = await at.run('tokens', '--use-ssm', '--suffix', 'paper', '--json');
    expect(ran.code).toBe(0);
    expect(parseJson(ran.out)).toMatchObject({
      place: 'in Parameter Store (ap-south-1)',
      accessToken: { state: 'live', fingerprint: displayFingerprint(GOOD) },
      refreshToken: { state: 'missing' },
    });
    expect((await at.run('tokens', '--use-ssm')).err).toContain('Run `./fyers login --aws`.');
  });

  test('uses colours only on a terminal', async () => {
    const files = { 'access_token.txt': GOOD };
    await using plain = await stageWithFiles(files);
    await using coloured = await stageWithFiles(files, { colour: true });
    expect((await plain.run('tokens')).out).not.toContain('\u001B');
    expect((await coloured.run('tokens')).out).toContain('\u001B[32mlive');
  });

  test('prints no token, secret or PIN', async () => {
    const files = { 'access_token.txt': GOOD, 'refresh_token.txt': REFRESH };
    const parameters = { FYERS_CLIENT_ID: APP.id, FYERS_ACCESS_TOKEN: GOOD };
    await using at = await stageWithFiles(files, { parameters });
    const variants = [[], ['--json'], ['--use-ssm'], ['--use-ssm', '--json', '--debug']];
    for (const flags of variants) {
      const { out, err } = await at.run('tokens', ...flags);
      const printed = `${out}${err}`;
      expect(printed).toContain(displayFingerprint(GOOD));
      const parts = [GOOD, REFRESH].flatMap((token) => token.split('.').slice(1));
      for (const secret of [...parts, APP.secret]) expect(printed).not.toContain(secret);
      expect(printed).not.toMatch(new RegExp(`\\b${APP.pin}\\b`));
    }
  });
});
