// Checks that findViolations reports each violation, by changes to the evidence of three good days.
import { expect, test } from 'vitest';
import { type Instant, istDate, istInstant } from '../../core/time.ts';
import type { LoggedRequest } from '../../sandbox/fyers/state.ts';
import { type Evidence, findViolations } from './invariants.ts';

const FRIDAY = istDate('2026-11-20');
const SATURDAY = istDate('2026-11-21');
const MONDAY = istDate('2026-11-23');
const on = (date: typeof FRIDAY, time: string): Instant => istInstant(date, time);

function pinCall(at: Instant, input: string, answer: Partial<LoggedRequest> = {}): LoggedRequest {
  const path = '/api/v3/validate-refresh-token';
  return { at, method: 'POST', path, symbol: null, status: 200, code: null, input, ...answer };
}

const REFUSED_PIN = { status: 400, code: -502 };
const SWITCHED_OFF = { status: 400, code: -16 };
const WRONG_SECRET = { status: 400, code: -371 };
const UNAVAILABLE = { status: 503, code: null };

/** A refresh on Friday, silence on Saturday, a login in time on Monday. */
const GOOD: Evidence = {
  days: [
    { date: FRIDAY, trades: true, storeFailed: false, cut: 0 },
    { date: SATURDAY, trades: false, storeFailed: false, cut: 0 },
    { date: MONDAY, trades: true, storeFailed: false, cut: 0 },
  ],
  account: 'XA00001',
  requests: [
    pinCall(on(FRIDAY, '07:00'), 'a'),
    pinCall(on(MONDAY, '07:00'), 'a', UNAVAILABLE),
    pinCall(on(MONDAY, '07:00:05'), 'a', SWITCHED_OFF),
  ],
  published: [
    { at: on(FRIDAY, '07:01'), version: 2, live: true, owner: 'XA00001' },
    { at: on(MONDAY, '09:20'), version: 3, live: true, owner: 'XA00001' },
  ],
  tokenChecks: [
    { at: on(FRIDAY, '06:30'), live: false },
    { at: on(FRIDAY, '07:01'), live: true },
    { at: on(MONDAY, '07:01'), live: false },
    { at: on(MONDAY, '09:20'), live: true },
  ],
  messages: ['07:01', '08:45', '09:06'].map((time) => ({
    at: on(MONDAY, time),
    subject: 'Fyers login',
  })),
  alarms: [{ at: on(MONDAY, '08:45'), code: 'operator.login' }],
  acts: [],
};

function withDay(date: typeof FRIDAY, change: Partial<Evidence['days'][number]>): Evidence['days'] {
  return GOOD.days.map((day) => (day.date === date ? { ...day, ...change } : day));
}

test('findViolations returns nothing for good days', () => {
  expect(findViolations(GOOD)).toEqual([]);
});

const FLAWS: Readonly<Record<string, readonly [Partial<Evidence>, RegExp]>> = {
  'a refused input that is repeated': [
    {
      requests: [pinCall(on(FRIDAY, '07:00'), 'a', REFUSED_PIN), pinCall(on(MONDAY, '07:00'), 'a')],
    },
    /with an input that was refused before/,
  ],
  'a call while refresh is switched off': [
    { requests: [...GOOD.requests, pinCall(on(MONDAY, '07:30'), 'b', SWITCHED_OFF)] },
    /while refresh tokens are switched off/,
  ],
  'a second call with a refused app secret': [
    {
      requests: [
        pinCall(on(FRIDAY, '07:00'), 'a', WRONG_SECRET),
        pinCall(on(FRIDAY, '07:30'), 'b'),
      ],
    },
    /with the app secret that was refused before/,
  ],
  'two mints of one day': [
    { requests: [pinCall(on(FRIDAY, '07:00'), 'a'), pinCall(on(FRIDAY, '07:00'), 'a')] },
    /after the day's token was minted/,
  ],
  'a third call after two lost answers': [
    {
      days: withDay(FRIDAY, { cut: 3 }),
      requests: ['07:00', '07:01', '07:30'].map((time) => pinCall(on(FRIDAY, time), 'a')),
    },
    /number 3 of one input/,
  ],
  'a locked account': [
    { requests: [pinCall(on(FRIDAY, '07:00'), 'a', { status: 403, code: -99 })] },
    /found the account locked/,
  ],
  'a dead token': [
    { published: GOOD.published.map((version) => ({ ...version, live: false })) },
    /version 2 was dead/,
  ],
  'a foreign token': [
    { published: GOOD.published.map((version) => ({ ...version, owner: 'XB00002' })) },
    /version 3 is XB00002's/,
  ],
  'a morning without token and message': [
    { messages: [{ at: on(FRIDAY, '07:01'), subject: 'Fyers login' }] },
    /2026-11-23: at 09:00 there is no live token, and no message was sent/,
  ],
  'a message after 08:59': [
    { messages: [{ at: on(MONDAY, '09:00'), subject: 'Fyers login' }] },
    /2026-11-23: at 09:00 there is no live token, and no message was sent/,
  ],
  'a token that expired before 09:00 without a message': [
    { tokenChecks: [...GOOD.tokenChecks.slice(0, 2), { at: on(FRIDAY, '08:59'), live: false }] },
    /2026-11-20: at 09:00 there is no live token/,
  ],
  'a watch without token and message': [
    { messages: GOOD.messages.filter(({ at }) => at < on(MONDAY, '09:00')) },
    /2026-11-23: the watch of 09:05 found no live token, and sent no message/,
  ],
  'a message on a day off': [
    { messages: [...GOOD.messages, { at: on(SATURDAY, '07:00'), subject: 'Fyers login' }] },
    /"Fyers login" on a day off/,
  ],
  'an alarm on a day off': [
    { alarms: [{ at: on(SATURDAY, '07:00'), code: 'broker.unreachable' }] },
    /an alarm \(broker.unreachable\) on a day off/,
  ],
  'days without an observation': [{ tokenChecks: [] }, /There are no tokenChecks/],
};

test.for(Object.entries(FLAWS))('findViolations reports %s', ([, [doctored, violation]]) => {
  expect(findViolations({ ...GOOD, ...doctored }).join('\n')).toMatch(violation);
});

test('findViolations allows a repeated call after a lost answer, a probe, a corrected app secret and an alarm', () => {
  const allowed: readonly Partial<Evidence>[] = [
    // One more call after a lost answer.
    {
      days: withDay(FRIDAY, { cut: 1 }),
      requests: [pinCall(on(FRIDAY, '07:00'), 'a'), pinCall(on(FRIDAY, '07:00:09'), 'a')],
    },
    // The operator's probe, and a corrected app secret.
    {
      requests: [...GOOD.requests, pinCall(on(MONDAY, '10:00'), 'a', SWITCHED_OFF)],
      acts: [{ at: on(MONDAY, '10:00'), did: 'probe' }],
    },
    {
      requests: [
        pinCall(on(FRIDAY, '07:00'), 'a', WRONG_SECRET),
        pinCall(on(FRIDAY, '08:15'), 'a'),
      ],
      acts: [{ at: on(FRIDAY, '08:00'), did: 'app-secret' }],
    },
    // A failing store raises an alarm instead of a message.
    {
      messages: [],
      alarms: ['08:45', '09:05'].map((time) => ({ at: on(MONDAY, time), code: 'platform.store' })),
    },
  ];
  for (const record of allowed) {
    const violations = findViolations({ ...GOOD, ...record });
    expect(violations.filter((text) => !text.startsWith('There are no'))).toEqual([]);
  }
});
