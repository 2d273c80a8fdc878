import { describe, expect, test } from 'vitest';
import { FyersError } from '../../../core/errors.ts';
import { istDate } from '../../../core/time.ts';
import { shown } from '../../../functions/login/answer.ts';
import type { LoginOutcome, LoginProblem } from '../../../keeper/login.ts';
import { SEVEN } from '../../support/keeper-world.ts';

const PROBLEMS: readonly LoginProblem[] = [
  'forged',
  'expired',
  'used',
  'cancelled',
  'wrong-app',
  'wrong-account',
  'app-secret',
  'code',
  'silent',
  'unreachable',
  'bad-token',
  'busy',
  'unrecognised',
  'not-registered',
];
const next = istDate('2026-11-26');
const OUTCOMES: readonly LoginOutcome[] = [
  { kind: 'home' },
  {
    kind: 'link',
    date: istDate('2026-11-25'),
    until: SEVEN,
    url: 'https://fyers.example/?a=1&b="2"',
  },
  { kind: 'sent' },
  { kind: 'too-soon', at: SEVEN },
  { kind: 'too-soon', at: null },
  { kind: 'done', validUntil: SEVEN, already: false },
  { kind: 'done', validUntil: SEVEN, already: true },
  { kind: 'no-login', day: { kind: 'too-early' } },
  { kind: 'no-login', day: { kind: 'closed', why: 'weekend', next } },
  { kind: 'no-login', day: { kind: 'over', why: 'over', next } },
  { kind: 'failed', failure: new FyersError('platform.store', '<b>Down.</b>', 'Try again.') },
  ...PROBLEMS.map((why) => ({ kind: 'refused', why }) as const),
];
const pages = OUTCOMES.map((outcome) => ({ outcome, ...shown(outcome, 'GET') }));

describe('Every page', () => {
  test.each(pages)(
    '$outcome is kept by nobody, framed by nobody and indexed by nobody',
    ({ headers }) => {
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
    },
  );

  test.each(pages)(
    '$outcome has no script and nothing from elsewhere, and fits a phone',
    ({ body = '' }) => {
      expect(body).not.toMatch(/<script|<img|<link|<iframe|\bon\w+=|src=|url\(/i);
      expect(body).toContain('name="viewport" content="width=device-width, initial-scale=1"');
      expect(body).toContain('color-scheme:light dark');
    },
  );

  test('says something of its own', () => {
    const titled = pages.map(({ body = '' }) => /<h1>[\s\S]*<\/main>/.exec(body)?.[0]);
    expect(new Set(titled).size).toBe(pages.length);
  });

  test('lets nothing through that could be taken for markup', () => {
    const bodies = pages.map(({ body = '' }) => body).join('');
    expect(bodies).not.toContain('<b>Down.</b>');
    expect(bodies).toContain('&#60;b&#62;Down.');
    expect(bodies).toContain('href="https://fyers.example/?a=1&#38;b=&#34;2&#34;"');
  });

  test.each(PROBLEMS)(
    'about %s ends with what to do, and says that nothing was published',
    (why) => {
      const { body = '' } = shown({ kind: 'refused', why }, 'GET');
      expect(body).toContain('Nothing was published.');
      expect(body).toMatch(
        /Press the link|today’s message|myapi\.fyers\.in|npx --no-install fyers/,
      );
    },
  );

  test('that does not exist is bare', () => {
    expect(shown({ kind: 'unknown' }, 'GET')).toEqual({ statusCode: 404 });
  });
});
