import { describe, expect, test } from 'vitest';
import { verdictOf } from './tests.ts';

const FOLDER = '/copy';

function report(
  status: string,
  message: string,
  ...titles: readonly (readonly string[])[]
): string {
  const assertionResults = titles.map(([fullName, of]) => ({ fullName, status: of }));
  const one = { name: `${FOLDER}/test/a.test.ts`, status, message, assertionResults };
  return JSON.stringify({ success: status === 'passed', testResults: [one] });
}

describe('verdictOf', () => {
  test('returns the failed test, not a skipped one', () => {
    const text = report('failed', '', ['Good', 'passed'], ['Bad', 'failed'], ['Late', 'skipped']);
    expect(verdictOf(text, FOLDER)).toEqual({
      kind: 'red',
      file: 'test/a.test.ts',
      title: 'Bad',
    });
  });

  test('returns green if every test passed', () => {
    expect(verdictOf(report('passed', '', ['Good', 'passed']), FOLDER)).toEqual({ kind: 'green' });
  });

  test('returns broken if a test file could not be loaded', () => {
    expect(verdictOf(report('failed', 'Unexpected token\n at x'), FOLDER)).toEqual({
      kind: 'broken',
      why: 'test/a.test.ts: Unexpected token',
    });
  });

  test('returns broken if no test ran', () => {
    for (const text of [report('passed', ''), report('passed', '', ['Skipped', 'skipped'])]) {
      expect(verdictOf(text, FOLDER)).toEqual({ kind: 'broken', why: 'no test ran' });
    }
  });
});
