import { describe, expect, test } from 'vitest';
import { FyersError } from '../../core/errors.ts';
import { environmentName, rowOf } from '../../core/config/keys.ts';
import { parseSymbol } from '../../core/config/values.ts';
import { parseInstant } from '../../core/time.ts';
import { type Environment, parseSettings } from '../../harvester/settings.ts';
import { OTHER_VALUES } from '../support/other-values.ts';
import { must } from '../support/rest-feed.ts';

function problemOf(argv: readonly string[], env: Environment = {}): FyersError {
  try {
    parseSettings(argv, env);
  } catch (caught) {
    if (caught instanceof FyersError) return caught;
  }
  throw new Error('parseSettings did not throw');
}

describe('parseSettings', () => {
  test("returns the reference's settings without arguments and environment", () => {
    expect(parseSettings([], {})).toMatchObject({
      kind: 'harvest',
      sampling: { everySeconds: 5, symbols: { length: 5 } },
      suffix: '',
      apiUrl: 'https://api-t1.fyers.in',
      broker: null,
      dataDir: 'harvested_data',
      shard: 0,
      tokensFolder: '.',
      bucket: null,
      sessions: null,
      until: null,
    });
  });

  test('reads the environment of the instance', () => {
    const env = {
      FYERS_SUFFIX: 'paper',
      FYERS_API_URL: 'http://127.0.0.1:1',
      FYERS_SYMBOLS: 'NSE:SBIN-EQ,NSE:M&M-EQ',
      FYERS_EVERY_SECONDS: '10',
      FYERS_BUCKET: 'bucket',
      FYERS_DATA_DIR: '/var/lib/fyers-harvester',
      FYERS_SHARD: '3',
    };
    expect(parseSettings(['--use-ssm'], env)).toMatchObject({
      sampling: { everySeconds: 10, symbols: ['NSE:SBIN-EQ', 'NSE:M&M-EQ'] },
      suffix: 'paper',
      apiUrl: 'http://127.0.0.1:1',
      broker: '127.0.0.1',
      dataDir: '/var/lib/fyers-harvester',
      shard: 3,
      tokensFolder: null,
      bucket: 'bucket',
    });
  });

  test.each(OTHER_VALUES)('reads %s from the environment, such as %s', (key, text) => {
    const name = environmentName(key);
    expect(parseSettings([], {})).toHaveProperty(key, rowOf(key).default);
    expect(String(Reflect.get(parseSettings([], { [name]: text }), key))).toBe(text);
    expect(problemOf([], { [name]: '?' }).message).toContain(`${name} in the environment must be`);
  });

  test.each([
    ['https://api.fyers.in/x', null],
    ['https://fyers.in.example.com', 'fyers.in.example.com'],
    ['https://notfyers.in', 'notfyers.in'],
  ])('returns the host of %s as the broker only if it is not one of Fyers', (url, broker) => {
    expect(parseSettings([], { FYERS_API_URL: url })).toMatchObject({ broker });
  });

  test('accepts a feed, and refuses more symbols than its streams carry', () => {
    expect(parseSettings([], {})).toMatchObject({ feed: 'rest' });
    expect(parseSettings([], { FYERS_FEED: 'hsm' })).toMatchObject({ feed: 'hsm' });
    expect(parseSettings(['--feed', 'tbt'], { FYERS_FEED: 'hsm' })).toMatchObject({ feed: 'tbt' });
    expect(problemOf(['--feed', 'sse']).message).toContain('--feed must be one of rest, tbt, hsm');
    const symbols = Array.from({ length: 16 }, (_, n) => `NSE:S${String(n)}-EQ`).join();
    expect(problemOf(['--feed', 'tbt', '--symbols', symbols]).message).toContain('= 4 sockets');
    // A stream makes no call for a slot, so the call limit does not apply.
    expect(parseSettings(['--feed', 'hsm', '--symbols', symbols], {})).toMatchObject({
      sampling: { symbols: { length: 16 } },
    });
  });

  test('looks for the symbol master on the host of the API unless FYERS_MASTER_URL is set', () => {
    const masterUrl = 'https://public.fyers.in/sym_details';
    expect(parseSettings([], {})).toMatchObject({ masterUrl });
    const env = { FYERS_API_URL: 'http://127.0.0.1:1' };
    expect(parseSettings([], env)).toMatchObject({
      masterUrl: 'http://127.0.0.1:1/sym_details',
    });
    expect(parseSettings([], { ...env, FYERS_MASTER_URL: masterUrl })).toMatchObject({
      masterUrl,
    });
  });

  test('prefers arguments to the environment', () => {
    const until = '2026-11-25T16:00:00+05:30';
    const argv = ['--symbols', 'sbin', '--every', '2s', '--until', until, '--days', '3'];
    expect(parseSettings(argv, { FYERS_SYMBOLS: 'NSE:INFY-EQ' })).toMatchObject({
      sampling: { everySeconds: 2, symbols: ['NSE:SBIN-EQ'] },
      until: parseInstant(until),
      sessions: 3,
    });
  });

  test('reports all problems at once', () => {
    const argv = [
      '--symbols',
      'FUT:,NSE:X-EQ',
      '--every',
      '7s',
      '--days',
      'two',
      '--until',
      'noon',
    ];
    const problem = problemOf(argv, { FYERS_SUFFIX: 'UPPER', FYERS_SHARD: '-1' });
    expect(problem.code).toBe('operator.config');
    for (const wrong of ['"FUT:"', '"7"', '--days', '--until', 'FYERS_SUFFIX', 'FYERS_SHARD']) {
      expect(problem.message).toContain(wrong);
    }
  });

  test('names the help command if an argument is unknown', () => {
    expect(problemOf(['--sybmols', 'X'])).toMatchObject({ code: 'operator.usage' });
    expect(problemOf(['record']).message).toContain('fyers harvest --help`');
    // Node's message for an ambiguous argument has a second line.
    const { message } = problemOf(['--symbols', '--every', '5s']);
    expect(message).toMatch(/^Option '--symbols' argument is ambiguous\. See [^\n]*$/);
  });

  test('returns date, folder and shard for compact', () => {
    const argv = ['compact', '--data', 'd', '--date', '2026-11-25', '--shard', '1'];
    const expected = { kind: 'compact', dataDir: 'd', date: '2026-11-25', shard: 1 };
    expect(parseSettings(argv, {})).toEqual(expected);
    expect(problemOf(['compact', '--date', '2026-02-30']).message).toContain('--date');
  });

  test('counts the members of lists on a laptop, and not on AWS, where they are in the bucket', () => {
    const argv = ['--feed', 'tbt', '--symbols', 'INDEX:MINE', '--tokens', 'mine'];
    const asked: unknown[] = [];
    const problemsOf = (count: number, env: Environment = {}): string => {
      const names = Array.from({ length: count }, (_, n) =>
        must(parseSymbol(`NSE:S${String(n)}-EQ`)),
      );
      try {
        parseSettings(argv, env, undefined, (...about) => {
          asked.push(about);
          return {
            lists: new Map([['MINE', names]]),
            problems: count === 0 ? ['It is gone.'] : [],
          };
        });
        return '';
      } catch (caught) {
        return caught instanceof FyersError ? caught.message : String(caught);
      }
    };
    expect(problemsOf(15)).toBe('');
    expect(problemsOf(16)).toContain('16 / 5 = 4');
    expect(problemsOf(0)).toContain('It is gone. See');
    expect(asked).toEqual(Array(3).fill(['mine', ['MINE']]));
    expect(problemsOf(16, { FYERS_BUCKET: 'bucket' })).toBe('');
    expect(asked).toHaveLength(3);
  });
});
