import { describe, expect, test } from 'vitest';
import { renderOutcome } from '../../../functions/login/router.ts';
import { OUTCOMES, PROBLEMS } from '../../support/login-outcomes.ts';

const pages = OUTCOMES.map((outcome) => ({ outcome, ...renderOutcome(outcome, 'GET') }));

describe('Every page', () => {
  test.each(pages)('$outcome must not be stored, framed or indexed', ({ headers }) => {
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'x-robots-tag': expect.stringContaining('noindex') as unknown,
    });
    const policy = String(headers?.['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|script-src|https?:/);
  });

  test.each(pages)(
    '$outcome has no script and no external resource, and fits a phone',
    ({ body = '' }) => {
      expect(body).not.toMatch(/<script|<img|<link|<iframe|\bon\w+=|src=|url\(/i);
      expect(body).toContain('name="viewport" content="width=device-width, initial-scale=1"');
      expect(body).toContain('color-scheme:light dark');
    },
  );

  test('has its own content', () => {
    const titled = pages.map(({ body = '' }) => /<h1>[\s\S]*<\/main>/.exec(body)?.[0]);
    expect(new Set(titled).size).toBe(pages.length);
  });

  test('escapes the address of a link', () => {
    const bodies = pages.map(({ body = '' }) => body).join('');
    expect(bodies).toContain('href="https://fyers.example/?a=1&#38;b=&#34;2&#34;"');
  });

  test.each(PROBLEMS)(
    'about %s states that nothing was published, and names a next step',
    (why) => {
      const { body = '' } = renderOutcome({ kind: 'refused', why }, 'GET');
      expect(body).toContain('Nothing was published.');
      expect(body).toMatch(/Press the link|today’s message|myapi\.fyers\.in|\.\/fyers/);
    },
  );

  test('that does not exist is an empty 404', () => {
    expect(renderOutcome({ kind: 'unknown' }, 'GET')).toEqual({ statusCode: 404 });
  });
});
