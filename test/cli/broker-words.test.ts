// What a person reads when Fyers, or something in its place, says no: its own words, at once, after one call.
import { describe, expect, test } from 'vitest';
import { type Fault, startFaults } from '../../sandbox/faults.ts';
import { mintToken } from '../../sandbox/fyers/tokens.ts';
import { NOON, SEED } from '../sandbox/fyers/simulator.ts';
import { instant } from '../../core/time.ts';
import { SECRET_APP, folderFor, human, simulatedFyers } from './login-stage.ts';

const HOUR_MS = 3_600_000;
const TOKEN = mintToken(SEED, SECRET_APP, 'access_token', instant(NOON - 5 * HOUR_MS));

const answerWith = (status: number, body: object | string, path: RegExp): Fault => ({
  match: { path },
  effect: {
    kind: 'answer',
    status,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  },
});
const error = (code: number, message: string) => ({ s: 'error', code, message });

const EVERYTHING = /./;
const EXCHANGE = /validate-authcode/;
const READS = /profile|depth/;

describe('fyers tokens', () => {
  test.each([
    ['no permission', 403, error(-373, 'No permission for the app'), 'broker.refused', 2],
    ['another machine', 403, error(-1, 'IP address is not whitelisted'), 'broker.refused', 1],
    ['a refusal under 200', 200, error(-50, 'Invalid input'), 'broker.refused', 1],
    ['the rate limit', 429, error(429, 'request limit reached'), 'broker.rate-limit', 1],
    ['a firewall', 403, 'error code: 1010', 'broker.foreign-answer', 1],
    ['a page in place of an answer', 200, '<html>Wi-Fi login</html>', 'broker.foreign-answer', 1],
  ])('repeats what it heard of %s, after few calls', async (_title, status, body, code, calls) => {
    await using fyers = await simulatedFyers();
    const faults = await startFaults(fyers.url);
    const count = faults.add(answerWith(status, body, EVERYTHING));
    await using at = await folderFor({ ...fyers, url: faults.url });
    at.write('access_token.txt', TOKEN);
    const ran = await at.run('tokens');
    await faults.close();
    expect(ran.code).toBe(3);
    expect(ran.err).toContain(`${code}:`);
    const words = typeof body === 'string' ? body : body.message;
    for (const shown of [ran.out, ran.err]) expect(shown).toContain(words);
    expect(count()).toBe(calls);
  });

  test('is not good for the session if Fyers refuses market depth, unless nothing is recorded here', async () => {
    await using fyers = await simulatedFyers();
    const refusal = answerWith(403, error(-373, 'No permission for the app'), /depth/);
    const faults = await startFaults(fyers.url, [refusal]);
    await using at = await folderFor({ ...fyers, url: faults.url });
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

    await using other = await folderFor(
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
    [
      'the rate limit without a time',
      EXCHANGE,
      429,
      error(429, 'request limit reached'),
      'broker.rate-limit',
      1,
    ],
    ['the rate limit as a page', EXCHANGE, 429, 'Too Many Requests', 'broker.rate-limit', 1],
    ['a firewall', EXCHANGE, 403, 'error code: 1010', 'broker.foreign-answer', 1],
    ['a refused app', READS, 403, error(-373, 'No permission for the app'), 'broker.refused', 2],
    [
      'a refused machine',
      READS,
      403,
      error(-1, 'IP address is not whitelisted'),
      'broker.refused',
      1,
    ],
  ])('stops at once at %s', async (_title, path, status, body, code, calls) => {
    await using fyers = await simulatedFyers();
    const faults = await startFaults(fyers.url);
    const count = faults.add(answerWith(status, body, path));
    await using at = await folderFor({ ...fyers, url: faults.url }, human());
    const ran = await at.run('login');
    await faults.close();
    expect(ran.code).toBe(3);
    expect(ran.err).toContain(`${code}:`);
    expect(ran.err).toContain(typeof body === 'string' ? body : body.message);
    expect(count()).toBe(calls);
  });

  test('says what does not work if the token is live and market depth is refused', async () => {
    await using fyers = await simulatedFyers();
    const refusal = answerWith(403, error(-373, 'No permission for the app'), /depth/);
    const faults = await startFaults(fyers.url, [refusal]);
    await using at = await folderFor({ ...fyers, url: faults.url }, human());
    const ran = await at.run('login');
    await faults.close();
    expect(ran.code).toBe(0);
    expect(ran.out).toContain('market depth does not work');
    expect(ran.out).toContain('No permission for the app');
  });
});
