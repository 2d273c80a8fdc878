// Tests that every function reports a failure in the same format, and refuses an address without encryption.
import { describe, expect, test } from 'vitest';
import { createLog } from '../../adapters/process/log.ts';
import { FyersError } from '../../core/errors.ts';
import { reportFailure, thrownFailure, wiringOf } from '../../functions/wiring.ts';
import { SEVEN } from '../support/keeper-fixture.ts';

const SECRET = 'CANARYSECRETVALUE';

function createTestLog() {
  const lines: string[] = [];
  const log = createLog({ clock: { now: () => SEVEN }, write: (line) => lines.push(line) });
  log.hide(SECRET);
  return { log, lines };
}

describe('A failure', () => {
  test.each(['refresh', 'watch', 'login'] as const)(
    'thrown by %s starts with its code exactly once',
    (actor) => {
      const { log, lines } = createTestLog();
      const error = new FyersError('platform.store', `It holds ${SECRET}.`, 'Look.');
      const failure = thrownFailure(error, log, actor);
      expect(failure.message).toBe('platform.store: It holds [hidden]. Look.');
      expect(lines.join('')).toContain('"message":"It holds [hidden]. Look."');
      expect(lines.join('')).toContain('"code":"platform.store"');
    },
  );

  test.each(['It stopped', 'It stopped.', 'It stopped. ', 'It stopped.\n'])(
    'that is unexpected (%j) ends its sentence with one full stop',
    (message) => {
      const { log } = createTestLog();
      const { message: words } = reportFailure(new TypeError(message), log, 'refresh');
      expect(words).toContain('TypeError: It stopped. Please');
      expect(words).not.toContain('..');
    },
  );
});

test.each([
  ['Fyers said: no..', 'Fyers said: no. Look.'],
  ['Fyers said: no.', 'Fyers said: no. Look.'],
  ['Fyers said: wait...', 'Fyers said: wait... Look.'],
])(
  'FyersError ends a problem with one full stop, but keeps an ellipsis: %j',
  (problem, message) => {
    expect(new FyersError('bug.unexpected', problem, 'Look.').message).toBe(message);
  },
);

describe('wiringOf', () => {
  test.each(['FYERS_API_URL', 'FYERS_TELEGRAM_API_URL'])(
    'throws if %s is an http URL, except on loopback',
    (name) => {
      const environment = { [name]: 'http://somewhere', FYERS_TELEGRAM: 'yes' };
      expect(() => wiringOf(environment)).toThrow(
        expect.objectContaining({
          code: 'operator.config',
          message: expect.stringContaining(name) as unknown,
        }) as Error,
      );
      expect(() => wiringOf({ ...environment, [name]: 'http://127.0.0.1:1' })).not.toThrow();
    },
  );
});
