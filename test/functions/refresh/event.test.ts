import { describe, expect, test } from 'vitest';
import { REFRESH_SLOTS } from '../../../core/schedule.ts';
import { answerTo, parseEvent } from '../../../functions/refresh/handler.ts';

describe('An event', () => {
  test.each([
    [
      { trigger: 'slot', slot: '08:15' },
      { kind: 'slot', slot: '08:15', last: true },
    ],
    [
      { trigger: 'slot', slot: '07:00' },
      { kind: 'slot', slot: '07:00', last: false },
    ],
    [{}, { kind: 'operator', probe: false }],
    [null, { kind: 'operator', probe: false }],
    [undefined, { kind: 'operator', probe: false }],
    [{ key1: 'value1' }, { kind: 'operator', probe: false }],
    [{ probe: true }, { kind: 'operator', probe: true }],
  ])('%j starts a refresh', (event, trigger) => {
    expect(parseEvent(event, 'FyersTokenRefresh')).toEqual({ kind: 'refresh', trigger });
  });

  test.each(REFRESH_SLOTS)('of the schedule at %s is accepted', (slot) => {
    expect(parseEvent({ trigger: 'slot', slot }, 'FyersTokenRefresh')).toMatchObject({
      kind: 'refresh',
      trigger: { kind: 'slot', slot },
    });
  });

  test('adopts tokens', () => {
    const offer = { accessToken: 'a', refreshToken: null };
    expect(parseEvent({ adopt: offer }, 'FyersTokenRefresh')).toEqual({ kind: 'adopt', offer });
  });

  test.each([
    { adopt: {} },
    { adopt: { accessToken: 'CANARY' } },
    { adopt: { accessToken: 'CANARY', refreshToken: null, pin: '1234' } },
    { trigger: 'slot' },
    { trigger: 'slot', slot: '' },
    { trigger: 'slot', slot: '07:01' },
    { trigger: 'slot', slot: '7:00' },
    { trigger: 'slot', slot: '08:45' },
    { trigger: 'slot', slot: 'CANARY' },
    { trigger: 'slot', slot: 700 },
    { trigger: 'watch', slot: '07:20' },
    { probe: 'CANARY' },
    'CANARY',
  ])('that is unknown is rejected without being quoted: %j', (event) => {
    const parse = () => parseEvent(event, 'FyersTokenRefresh');
    expect(parse).toThrow(expect.objectContaining({ code: 'operator.usage' }));
    expect(parse).not.toThrow(/CANARY/);
  });
});

describe('answerTo', () => {
  test('returns the exact answer of the reference, whether a token was published or already live', () => {
    for (const published of [true, false]) {
      expect(answerTo({ kind: 'live', published })).toEqual({
        statusCode: 200,
        body: '{"message": "\u2705 Token refresh completed successfully!"}',
      });
    }
  });

  test('contains the message if nothing was done or a login is needed', () => {
    expect(answerTo({ kind: 'rested', message: 'No trading.' })).toEqual({
      statusCode: 200,
      body: '{"message":"No trading."}',
    });
    expect(answerTo({ kind: 'login-needed', why: 'no-pin', message: 'Login.' })).toEqual({
      statusCode: 202,
      body: '{"message":"Login."}',
    });
  });
});
