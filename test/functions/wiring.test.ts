import { describe, expect, test } from 'vitest';
import { wiringOf } from '../../functions/wiring.ts';

describe('The environment of a function', () => {
  test.each(['FYERS_API_URL', 'FYERS_TELEGRAM_API_URL'])(
    'cannot make it send a token in clear text: %s',
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
