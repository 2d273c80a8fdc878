import { describe, expect, test } from 'vitest';
import { hideTokens } from '../../core/text.ts';

const LONG = 'a'.repeat(16);

describe('hideTokens', () => {
  test.each([
    [`${LONG}.b`, '[hidden]'],
    [`${LONG}.b.c`, '[hidden]'],
    [`token ${LONG}.b-_.c, code 1`, 'token [hidden], code 1'],
    [`${LONG}.b.c and ${LONG}.d`, '[hidden] and [hidden]'],
    [`app:${LONG}.b`, 'app:[hidden]'],
    [`host.${LONG}.b`, 'host.[hidden]'],
    [`${LONG}.b..c`, '[hidden]..c'],
    [`${LONG}.b.`, '[hidden].'],
    [`${LONG}.b\u00e9${LONG}.c`, '[hidden]\u00e9[hidden]'],
    // Tokens that are cut before their first dot.
    ['eyJ0eXAiOiJKV1QiLCJhbGciOi', '[hidden]'],
    ['token=eyJ0eXAiOiJKV1QiLCJhbGciOi', 'token=[hidden]'],
  ])('changes %j to %j', (text, clean) => {
    expect(hideTokens(text)).toBe(clean);
  });

  test.each([
    '',
    'no reason',
    LONG,
    `${'a'.repeat(15)}.b`,
    `${LONG}.`,
    `${LONG}..b`,
    `.${LONG}`,
    'api-t1.fyers.in',
    'Please provide valid auth_code. (code -413)',
  ])('does not change %j', (text) => {
    expect(hideTokens(text)).toBe(text);
  });

  test('agrees with the regular expression that it replaces', () => {
    const pieces = ['a', LONG, '.', '-', '_', ' ', '..', '%', '\u200b', `${LONG}${LONG}`];
    for (let n = 0; n < 10_000; n += 1) {
      const text = Array.from(
        { length: 4 },
        (_, digit) => pieces[Math.floor(n / 10 ** digit) % 10],
      );
      const joined = text.join('');
      expect(hideTokens(joined)).toBe(joined.replace(/[\w-]{16,}(?:\.[\w-]+)+/g, '[hidden]'));
    }
  });
});
