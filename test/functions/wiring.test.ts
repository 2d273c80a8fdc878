import { describe, expect, test } from 'vitest';
import { wiringOf } from '../../functions/wiring.ts';

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
