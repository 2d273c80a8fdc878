import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type BrokerAnswer,
  classifyAnswer,
  cleanWords,
  describeAnswer,
} from '../../core/broker-answer.ts';

const answer = (status: number, body: unknown, retryAfterMs: number | null = null): BrokerAnswer =>
  typeof body === 'string'
    ? { status, body: null, rest: body, retryAfterMs }
    : { status, body, rest: '', retryAfterMs };
const error = (code: unknown, message = 'No') => ({ s: 'error', code, message });

describe('classifyAnswer', () => {
  test.each([
    ['ok', 200, { s: 'ok', code: 200 }],
    ['ok', 200, { s: 'OK' }],
    ['ok', 201, { s: 'ok' }],
    ['malformed', 400, { s: 'ok' }],
    ['unanswered', 502, { s: 'ok' }],
    ['refused', 403, error(-373, 'No permission for the app')],
    ['refused', 403, error(-1, 'IP address is not whitelisted')],
    ['refused', 400, error(-16, 'Refresh token API is currently disabled')],
    ['refused', 401, error(-16)],
    ['refused', 200, error(-300)],
    ['refused', 400, error('-300')],
    ['refused', 400, { s: 'error', message: 'no code' }],
    ['refused', 500, error(-371)],
    ['refused', 503, error(-502)],
    ['rate-limited', 429, error(429, 'request limit reached')],
    ['rate-limited', 429, '<html>Too Many Requests</html>'],
    ['rate-limited', 429, ''],
    ['rate-limited', 400, error(-353)],
    ['rate-limited', 200, error(-429)],
    ['rate-limited', 200, { code: 429, message: 'request limit reached' }],
    ['rate-limited', 403, error(-99, 'API rate limit exceeded')],
    ['not-fyers', 403, 'error code: 1010'],
    ['not-fyers', 403, ''],
    ['not-fyers', 403, { message: 'Forbidden' }],
    ['not-fyers', 404, '<html></html>'],
    ['not-fyers', 302, ''],
    ['not-fyers', 200, '<html>Please accept our terms</html>'],
    ['not-fyers', 407, 'Proxy Authentication Required'],
    ['malformed', 200, {}],
    ['malformed', 200, []],
    ['malformed', 200, { s: 'no_data' }],
    ['malformed', 200, { code: 200 }],
    ['malformed', 200, '{"s":"ok","d":{'],
    ['unavailable', 503, 'Service Unavailable'],
    ['unavailable', 503, { s: 'error' }],
    ['unanswered', 500, error(-1)],
    ['unanswered', 502, '<html>Bad gateway</html>'],
    ['unanswered', 504, ''],
    ['unanswered', 520, 'error code: 520'],
  ])('returns %s for HTTP %i %j', (kind, status, body) => {
    expect(classifyAnswer(answer(status, body)).kind).toBe(kind);
  });

  test('returns the wait that the broker asked for', () => {
    expect(classifyAnswer(answer(429, error(429), 7_000))).toEqual({
      kind: 'rate-limited',
      retryAfterMs: 7_000,
    });
  });

  test('knows every mutation of a real answer, and describeAnswer puts it on one short line', () => {
    const real = fc.constantFrom<unknown>(
      { s: 'ok', code: 200, message: '', access_token: 'a.b.c' },
      error(-16, 'Refresh token API is currently disabled to comply with SEBI regulations.'),
      { s: 'ok', d: { 'NSE:SBIN-EQ': { bids: [{ price: 1 }], ask: [] } }, message: '' },
      { message: 'request limit reached', code: 429, s: 'error' },
    );
    const mutated = fc.oneof(
      real,
      real.map((body) => [body]),
      fc
        .tuple(real, fc.constantFrom('s', 'code', 'message', 'd'), fc.jsonValue())
        .map(([body, key, value]) => ({ ...(body as object), [key]: value })),
      fc.tuple(real, fc.nat(80)).map(([body, length]) => JSON.stringify(body).slice(0, length)),
      fc.jsonValue(),
      fc.string(),
    );
    const knownKinds = new Set(
      'ok refused rate-limited not-fyers malformed unavailable unanswered'.split(' '),
    );
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), mutated, (status, body) => {
        expect(knownKinds).toContain(classifyAnswer(answer(status, body)).kind);
        const words = describeAnswer(answer(status, body));
        expect(words.length).toBeLessThanOrEqual(250);
        expect(words).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
      }),
      { seed: 20261128, numRuns: 2_000 },
    );
  });
});

describe('The text of a broker answer', () => {
  test('contains status and code, without line breaks, escape sequences and direction marks', () => {
    const message = 'No\r\n permission\u001b[31m for\u202e the app';
    expect(describeAnswer(answer(403, error(-373, message)))).toBe(
      'HTTP 403, code -373: No permission [31m for the app',
    );
    expect(describeAnswer(answer(502, '<html>\n Bad</html>'))).toBe(
      'HTTP 502, not JSON: <html> Bad</html>',
    );
    expect(describeAnswer(answer(401, ''))).toBe('HTTP 401, not JSON');
  });

  test('hides values that the request contained, and tokens', () => {
    const token = `eyJ${'a'.repeat(30)}.${'b'.repeat(30)}.${'c'.repeat(40)}`;
    const words = cleanWords(`pin 4711 for ${token} failed`, ['4711', '']);
    expect(words).not.toContain('4711');
    expect(words).not.toMatch(/aaa|bbb|ccc/);
    expect(words).toMatch(/^pin \[hidden\] for .* failed$/);
  });
});
