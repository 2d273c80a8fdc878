// Every function reports a failure in one form.
import { describe, expect, test } from 'vitest';
import { createLog } from '../../adapters/process/log.ts';
import { FyersError } from '../../core/errors.ts';
import { reportFailure, thrownFailure } from '../../functions/wiring.ts';
import { SEVEN } from '../support/keeper-fixture.ts';

const SECRET = 'CANARYSECRETVALUE';

function logged() {
  const lines: string[] = [];
  const log = createLog({ clock: { now: () => SEVEN }, write: (line) => lines.push(line) });
  log.hide(SECRET);
  return { log, lines };
}

describe('A failure', () => {
  test.each(['refresh', 'watch', 'login'] as const)(
    'thrown by %s begins with its code, once',
    (actor) => {
      const { log, lines } = logged();
      const error = new FyersError('platform.store', `It holds ${SECRET}.`, 'Look.');
      const failure = thrownFailure(error, log, actor);
      expect(failure.message).toBe('platform.store: It holds [hidden]. Look.');
      expect(lines.join('')).toContain('"message":"It holds [hidden]. Look."');
      expect(lines.join('')).toContain('"code":"platform.store"');
    },
  );

  test.each(['It stopped', 'It stopped.', 'It stopped. ', 'It stopped.\n'])(
    'that was unforeseen (%j) ends its sentence in one full stop',
    (message) => {
      const { log } = logged();
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
])('A problem that ends in words from elsewhere: %j', (problem, message) => {
  expect(new FyersError('bug.unexpected', problem, 'Look.').message).toBe(message);
});
