// Tests which place a problem of the settings names, and which fix it suggests for it.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readSettings } from '../../infra/config/load.ts';
import { makeFolderPerTest } from '../support/temporary-folder.ts';

const folder = makeFolderPerTest();

interface Given {
  readonly config?: Readonly<Record<string, string>>;
  readonly env?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

function problems({ config = {}, env, environment = {} }: Given): readonly string[] {
  if (env !== undefined) writeFileSync(path.join(folder.path, '.env'), env);
  const result = readSettings({ config, secretKeys: null, environment, root: folder.path });
  return result.ok ? [] : result.problems;
}

describe('Problems of the settings', () => {
  test('include every invalid line of .env', () => {
    const env = 'FYERS_SYMBOL=SBIN\nFYERS_PIN=1234\nFYERS_PIN=\nhello\n';
    expect(problems({ env })).toEqual([
      expect.stringMatching(/\.env line 1: FYERS_SYMBOL .*FYERS_SYMBOLS/),
      expect.stringMatching(/\.env lines 2 and 3: FYERS_PIN is given more than once/),
      expect.stringMatching(/\.env line 4: this line is not KEY=value/),
    ]);
  });

  test.each<[string, Given, RegExp]>([
    [
      'Pulumi',
      { config: { symbols: 'A*' } },
      /^symbols in the Pulumi .*`pulumi config set symbols VALUE`\.$/,
    ],
    [
      '.env',
      { env: '\nFYERS_SYMBOLS=A*\n' },
      /^FYERS_SYMBOLS in \S+\.env line 2: .* Correct that line\.$/,
    ],
    [
      'the environment',
      { environment: { FYERS_SYMBOLS: 'A*' } },
      /^FYERS_SYMBOLS in the environment: .*`unset FYERS_SYMBOLS`\.$/,
    ],
  ])('name only %s for a symbol, with the fix for that place', (_where, given, words) => {
    const messages = problems({ ...given, config: { everySeconds: '5', ...given.config } });
    expect(messages).toEqual([expect.stringMatching(words)]);
    expect(messages[0]).not.toContain('everySeconds');
  });

  test('name the place of the seconds, also for several harvesters', () => {
    const env = 'FYERS_EVERY_SECONDS=7\n';
    const expected = [expect.stringMatching(/^FYERS_EVERY_SECONDS in .*\.env line 1: seconds/)];
    expect(problems({ env })).toEqual(expected);
    const harvesters = '[{"symbols": "SBIN"}, {"symbols": "INFY"}]';
    expect(problems({ env, config: { harvesters } })).toEqual(expected);
  });

  test('name both places for too many calls', () => {
    const env = 'FYERS_EVERY_SECONDS=1\n';
    const [messages] = problems({ env, config: { symbols: 'A,B,C' } });
    expect(messages).toMatch(
      /^symbols in the Pulumi configuration and FYERS_EVERY_SECONDS in .* line 1: 3/,
    );
    expect(messages).toMatch(/`pulumi config set symbols VALUE`\. Or: Correct that line\.$/);
  });
});
