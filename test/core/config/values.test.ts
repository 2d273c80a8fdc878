import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  parseAppId,
  parseAppSecret,
  parseEndpoint,
  parseFyId,
  parseSampling,
  parseSymbols,
} from '../../../core/config/values.ts';
import { ROOT } from '../../support/source-tree.ts';

describe('The parsers of app and account values', () => {
  const parsers = {
    FYERS_CLIENT_ID: parseAppId,
    FYERS_SECRET_KEY: parseAppSecret,
    FYERS_FY_ID: parseFyId,
  };

  test.each(['deploy', 'laptop'])('refuse the example values of docs/%s.md', (page) => {
    const text = readFileSync(path.join(ROOT, 'docs', `${page}.md`), 'utf8');
    const problems = Object.entries(parsers).flatMap(([name, parse]) => {
      const value = new RegExp(`^${name}=(.+)$`, 'm').exec(text)?.[1];
      const parsed = value === undefined ? null : parse(value);
      return parsed === null ? [] : [parsed.ok ? 'accepted' : parsed.problem];
    });
    expect(problems.length).toBeGreaterThanOrEqual(2);
    for (const problem of problems) expect(problem).toContain('the example of the documents');
  });
});

describe('parseEndpoint', () => {
  test.each([
    ['https://api-t1.fyers.in', 'https://api-t1.fyers.in'],
    ['https://api-t1.fyers.in/', 'https://api-t1.fyers.in'],
    ['HTTPS://API-T1.fyers.in//', 'https://api-t1.fyers.in'],
    ['https://proxy.example.com:8443/fyers/', 'https://proxy.example.com:8443/fyers'],
    ['http://127.0.0.1:4000', 'http://127.0.0.1:4000'],
    ['http://127.8.9.10:4000/x', 'http://127.8.9.10:4000/x'],
    ['http://localhost:4000', 'http://localhost:4000'],
    ['http://[::1]:4000/', 'http://[::1]:4000'],
  ])('accepts %s', (text, value) => {
    expect(parseEndpoint(text)).toEqual({ ok: true, value });
  });

  test.each([
    'http://somewhere',
    'http://api-t1.fyers.in',
    'http://10.0.0.1:80',
    'http://127.0.0.1.example.com',
    'http://localhost.example.com',
    'http://127.0.0.1@example.com',
    'http://[::2]',
    'http://0.0.0.0:4000',
    'https://user:CANARY@api-t1.fyers.in',
    'https://CANARY@api-t1.fyers.in',
    'https://api-t1.fyers.in/?x=1',
    'https://api-t1.fyers.in/#x',
    'https://api-t1.fyers.in?',
    'https:/api-t1.fyers.in',
    'https:\\\\api-t1.fyers.in',
    'https://',
    'https://a b',
    'ftp://example.com',
    '//example.com',
    'api-t1.fyers.in',
    '',
  ])('refuses "%s", and shows no credentials', (text) => {
    const parsed = parseEndpoint(text);
    expect(parsed).toMatchObject({ ok: false });
    expect(parsed.ok ? '' : parsed.problem).not.toContain('CANARY');
  });
});

describe('parseSymbols', () => {
  test.each([
    ['SBIN', ['NSE:SBIN-EQ']],
    ['sbin, M&M  bajaj-auto', ['NSE:SBIN-EQ', 'NSE:M&M-EQ', 'NSE:BAJAJ-AUTO-EQ']],
    ['SBIN-EQ,IDEA-BE', ['NSE:SBIN-EQ', 'NSE:IDEA-BE']],
    ['nse:sbin-eq\nfut:nifty', ['NSE:SBIN-EQ', 'FUT:NIFTY']],
    ['FUT:M&M+1,ATM:BAJAJ-AUTO-2PE', ['FUT:M&M+1', 'ATM:BAJAJ-AUTO-2PE']],
  ])('accepts %j', (text, symbols) => {
    expect(parseSymbols(text)).toEqual({ symbols, problems: [] });
  });

  test('names a refused symbol as it was written, and refuses the same symbol under two names', () => {
    expect(parseSymbols('SBIN NSE:SBIN-EQ FUT: S*').problems).toEqual([
      'symbol "NSE:SBIN-EQ" is named twice',
      expect.stringContaining('symbol "FUT:" must be'),
      expect.stringContaining('symbol "S*" must be'),
    ]);
    expect(parseSymbols(' , ').problems).toEqual(['no symbol is named']);
  });

  test('parseSampling attributes a problem to the symbols, the seconds or both', () => {
    const about = (symbols: string, every: string) =>
      parseSampling(symbols, every).faults.map((fault) => fault.about);
    expect(about('FUT:', '5')).toEqual(['symbols']);
    expect(about('SBIN', '7')).toEqual(['everySeconds']);
    expect(about('A,B,C', '1')).toEqual(['both']);
  });
});
