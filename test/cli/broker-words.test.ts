// Tests the output if Fyers, or a proxy in front of it, refuses: the original message, after few
// calls.
import { describe, expect, test } from 'vitest';
import { instant } from '../../core/time.ts';
import { type Fault, startFaults } from '../../sandbox/faults.ts';
import { mintToken } from '../../sandbox/fyers/tokens.ts';
import { NOON, SEED } from '../sandbox/fyers/simulator.ts';
import { SECRET_APP, createFolder, createPerson, startSimulatedFyers } from './login-stage.ts';

const HOUR_MS = 3_600_000;
const TOKEN = mintToken(SEED, SECRET_APP, 'access_token', instant(NOON - 5 * HOUR_MS));

const buildAnswerFault = (status: number, body: object | string, path: RegExp): Fault => ({
  match: { path },
  effect: {
    kind: 'answer',
    status,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  },
});
const error = (code: number, message: string) => ({ s: 'error', code, message });

const NO_PERMISSION = error(-373, 'No permission for the app');
const NOT_WHITELISTED = error(-1, 'IP address is not whitelisted');
const RATE_LIMIT = error(429, 'request limit reached');

const EXCHANGE = /validate-authcode/;
const READS = /profile|depth/;

/** Runs `tokens` with a live token, or `login` with a person, while the fault lasts. */
async function runWithFault(fault: Fault, argv: readonly string[], env = '') {
  await using fyers = await startSimulatedFyers();
  const faults = await startFaults(fyers.url);
  const countFaults = faults.add(fault);
  await using at = await createFolder({ ...fyers, url: faults.url }, createPerson(), env);
  if (argv[0] === 'tokens') at.write('access_token.txt', TOKEN);
  const ran = await at.run(...argv);
  await faults.close();
  return { ...ran, calls: countFaults() };
}

const wordsOf = (body: ReturnType<typeof error> | string) =>
  typeof body === 'string' ? body : body.message;
const NO_DEPTH = buildAnswerFault(403, NO_PERMISSION, /depth/);

describe('fyers tokens', () => {
  test.each([
    ['no permission', 403, NO_PERMISSION, 'broker.refused', 2],
    ['an IP address that is not whitelisted', 403, NOT_WHITELISTED, 'broker.refused', 1],
    ['the rate limit', 429, RATE_LIMIT, 'broker.rate-limit', 1],
    ['an HTML page', 200, '<html>Wi-Fi login</html>', 'broker.foreign-answer', 1],
  ])(
    'prints the error code and the message of %s without a retry',
    async (_title, status, body, error, calls) => {
      const ran = await runWithFault(buildAnswerFault(status, body, /./), ['tokens']);
      expect(ran).toMatchObject({ code: 3, calls });
      expect(ran.err).toContain(`${error}:`);
      for (const shown of [ran.out, ran.err]) expect(shown).toContain(wordsOf(body));
    },
  );

  test('reports good: false if Fyers refuses market depth, unless the harvester is off', async () => {
    const { code, out } = await runWithFault(NO_DEPTH, ['tokens', '--json']);
    const depthRefused = 'HTTP 403, code -373: No permission for the app';
    expect(JSON.parse(out)).toMatchObject({
      ...{ good: false, accessToken: { state: 'live', depthRefused } },
    });
    expect(code).toBe(2);
    const off = await runWithFault(NO_DEPTH, ['tokens'], 'FYERS_HARVESTER=false\n');
    expect(off.code).toBe(0);
  });
});

describe('fyers login', () => {
  test.each([
    ['a rate limit without a retry time', EXCHANGE, 429, RATE_LIMIT, 'broker.rate-limit', 1],
    ['a firewall', EXCHANGE, 403, 'error code: 1010', 'broker.foreign-answer', 1],
    ['an app without permission', READS, 403, NO_PERMISSION, 'broker.refused', 2],
    ['a machine that is not whitelisted', READS, 403, NOT_WHITELISTED, 'broker.refused', 1],
  ])('fails without a retry on %s', async (_title, path, status, body, error, calls) => {
    const ran = await runWithFault(buildAnswerFault(status, body, path), ['login']);
    expect(ran).toMatchObject({ code: 3, calls });
    expect(ran.err).toContain(`${error}:`);
    expect(ran.err).toContain(wordsOf(body));
  });

  test('warns that market depth does not work if the token is live and market depth is refused', async () => {
    const { code, out } = await runWithFault(NO_DEPTH, ['login']);
    expect(code).toBe(0);
    expect(out).toContain('market depth does not work');
    expect(out).toContain('No permission for the app');
  });
});
