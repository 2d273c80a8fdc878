import { describe, expect, test } from 'vitest';
import { masterRowOf } from '../../../core/market/symbol-master.ts';

const line = (symbol: string) =>
  `101000000001234,A SHARE,0,1,0.05,INE001A01018,0915-1530,2026-11-25,,${symbol},10,10,1,S,1,-1,XX,,None,0,0`;

describe('masterRowOf', () => {
  test.each([
    'NSE:SBIN-EQ',
    'NSE:M&M-EQ',
    'NSE:NIFTY50-INDEX',
    'BSE:SENSEX-INDEX',
    'NSE:0MOFSL27-N1',
  ])('accepts the symbol %s', (symbol) => {
    expect(masterRowOf('NSE_CM', line(symbol))?.symbol).toBe(symbol);
  });

  test.each([
    'NSE:=cmd()',
    'NSE:SBIN-EQ\u001b[2J',
    'NSE:SBIN\u202e-EQ',
    'NSE:../../x',
    'NSE:<b>',
    'NSE:sbin-eq',
    `NSE:${'A'.repeat(41)}`,
    'MCX:GOLD',
    'NSE:',
    '=NSE:SBIN-EQ',
  ])('returns null for the symbol %j, which no request could contain', (symbol) => {
    expect(masterRowOf('NSE_CM', line(symbol))).toBeNull();
  });
});
