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

const EVERYTHING = /./;
const EXCHANGE = /validate-authcode/;
const READS = /profile|depth/;

describe('fyers tokens', () => {
  test.each([
    ['no permission', 403, NO_PERMISSION, 'broker.refused', 2],
    ['an IP address that is not whitelisted', 403, NOT_WHITELISTED, 'broker.refused', 1],
    ['the rate limit', 429, RATE_LIMIT, 'broker.rate-limit', 1],
    ['an HTML page', 200, '<html>Wi-Fi login</html>', 'broker.foreign-answer', 1],
  ])(
    'prints the error code and the message of %s without a retry',
    async (_title, status, body, code, calls) => {
      await using fyers = await startSimulatedFyers();
      const faults = await startFaults(fyers.url);
      const count = faults.add(buildAnswerFault(status, body, EVERYTHING));
      await using at = await createFolder({ ...fyers, url: faults.url });
      at.write('access_token.txt', TOKEN);
      const ran = await at.run('tokens');
      await faults.close();
      expect(ran.code).toBe(3);
      expect(ran.err).toContain(`${code}:`);
      const words = typeof body === 'string' ? body : body.message;
      for (const shown of [ran.out, ran.err]) expect(shown).toContain(words);
      expect(count()).toBe(calls);
    },
  );

  test('reports good: false if Fyers refuses market depth, unless the harvester is off', async () => {
    await using fyers = await startSimulatedFyers();
    const refusal = buildAnswerFault(403, NO_PERMISSION, /depth/);
    const faults = await startFaults(fyers.url, [refusal]);
    await using at = await createFolder({ ...fyers, url: faults.url });
    at.write('access_token.txt', TOKEN);
    const ran = await at.run('tokens', '--json');
    expect(JSON.parse(ran.out)).toMatchObject({
      good: false,
      accessToken: {
        state: 'live',
        depthRefused: 'HTTP 403, code -373: No permission for the app',
      },
    });
    expect(ran.code).toBe(2);

    await using other = await createFolder(
      { ...fyers, url: faults.url },
      {},
      'FYERS_HARVESTER=false\n',
    );
    other.write('access_token.txt', TOKEN);
    expect((await other.run('tokens')).code).toBe(0);
    await faults.close();
  });
});

describe('fyers login', () => {
  test.each([
    ['a rate limit without a retry time', EXCHANGE, 429, RATE_LIMIT, 'broker.rate-limit', 1],
    ['a firewall', EXCHANGE, 403, 'error code: 1010', 'broker.foreign-answer', 1],
    ['an app without permission', READS, 403, NO_PERMISSION, 'broker.refused', 2],
    ['a machine that is not whitelisted', READS, 403, NOT_WHITELISTED, 'broker.refused', 1],
  ])('fails without a retry on %s', async (_title, path, status, body, code, calls) => {
    await using fyers = await startSimulatedFyers();
    const faults = await startFaults(fyers.url);
    const count = faults.add(buildAnswerFault(status, body, path));
    await using at = await createFolder({ ...fyers, url: faults.url }, createPerson());
    const ran = await at.run('login');
    await faults.close();
    expect(ran.code).toBe(3);
    expect(ran.err).toContain(`${code}:`);
    expect(ran.err).toContain(typeof body === 'string' ? body : body.message);
    expect(count()).toBe(calls);
  });

  test('warns that market depth does not work if the token is live and market depth is refused', async () => {
    await using fyers = await startSimulatedFyers();
    const refusal = buildAnswerFault(403, NO_PERMISSION, /depth/);
    const faults = await startFaults(fyers.url, [refusal]);
    await using at = await createFolder({ ...fyers, url: faults.url }, createPerson());
    const ran = await at.run('login');
    await faults.close();
    expect(ran.code).toBe(0);
    expect(ran.out).toContain('market depth does not work');
    expect(ran.out).toContain('No permission for the app');
  });
});
