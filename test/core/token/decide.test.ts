import { describe, expect, test } from 'vitest';
import { type Decision, type Facts, decide } from '../../../core/token/decide.ts';

const FIRST = { kind: 'slot', slot: '07:00', last: false } as const;
const LAST = { kind: 'slot', slot: '08:15', last: true } as const;
const OPERATOR = { kind: 'operator', probe: false } as const;
const PROBE = { kind: 'operator', probe: true } as const;

const BASE: Facts = {
  trigger: FIRST,
  day: 'open',
  stored: { kind: 'expired' },
  refresh: { kind: 'on' },
  latched: null,
  tried: null,
  askedThisSlot: false,
};

const live = { kind: 'plausible', proof: 'live' } as const;
const tried = (
  answer: NonNullable<Facts['tried']>['answer'],
  rest: Partial<NonNullable<Facts['tried']>> = {},
) => ({ calls: 1, answer, by: null, check: null, ...rest });

type Row = readonly [string, Partial<Facts>, Decision];

const TABLE: readonly Row[] = [
  ['rests in a slot on a closed day', { day: 'closed' }, { do: 'rest', why: 'closed-day' }],
  [
    'rests on a closed day even with a dead token',
    { day: 'closed', stored: { kind: 'plausible', proof: 'dead' } },
    { do: 'rest', why: 'closed-day' },
  ],
  [
    'refreshes for an operator on a closed day',
    { day: 'closed', trigger: OPERATOR },
    { do: 'refresh' },
  ],
  ['proves a minted token', { tried: tried('minted') }, { do: 'prove', what: 'minted' }],
  [
    'publishes a minted token that is live',
    { tried: tried('minted', { check: 'live' }) },
    { do: 'publish' },
  ],
  [
    'fails for a minted token that is dead',
    { tried: tried('minted', { check: 'dead' }) },
    { do: 'fail', code: 'broker.bad-token' },
  ],
  [
    'fails for a minted token with a wrong expiry',
    { tried: tried('minted', { check: 'wrong-expiry' }) },
    { do: 'fail', code: 'broker.bad-token' },
  ],
  [
    'fails for a minted token of another account',
    { tried: tried('minted', { check: 'wrong-account' }) },
    { do: 'fail', code: 'operator.account' },
  ],
  [
    'fails for a minted token if the broker is unreachable',
    { tried: tried('minted', { check: 'unreachable' }) },
    { do: 'fail', code: 'broker.unreachable' },
  ],
  [
    'proves a plausible stored token',
    { stored: { kind: 'plausible', proof: null } },
    { do: 'prove', what: 'stored' },
  ],
  ['rests when the stored token is live', { stored: live }, { do: 'rest', why: 'already-good' }],
  [
    'fails if the stored token cannot be checked',
    { stored: { kind: 'plausible', proof: 'unreachable' } },
    { do: 'fail', code: 'broker.unreachable' },
  ],
  [
    'refreshes when the stored token is dead',
    { stored: { kind: 'plausible', proof: 'dead' } },
    { do: 'refresh' },
  ],
  ...(['none', 'expired', 'foreign', 'malformed'] as const).map((kind): Row => [
    `refreshes when the stored token is ${kind}`,
    { stored: { kind } },
    { do: 'refresh' },
  ]),
  [
    'refreshes once more after a call without an answer',
    { tried: tried('silent') },
    { do: 'refresh' },
  ],
  [
    'fails after a second call without an answer before the last slot',
    { tried: tried('silent', { calls: 2 }) },
    { do: 'fail', code: 'broker.unreachable' },
  ],
  [
    'asks after a second call without an answer in the last slot',
    { trigger: LAST, tried: tried('silent', { calls: 2 }) },
    { do: 'ask', why: 'silent' },
  ],
  [
    'fails if the broker is unreachable before the last slot',
    { tried: tried('unreachable', { calls: 0 }) },
    { do: 'fail', code: 'broker.unreachable' },
  ],
  [
    'asks if the broker is unreachable in the last slot',
    { trigger: LAST, tried: tried('unreachable', { calls: 0 }) },
    { do: 'ask', why: 'unreachable' },
  ],
  [
    "treats an operator's run like the last slot",
    { trigger: OPERATOR, tried: tried('unreachable', { calls: 0 }) },
    { do: 'ask', why: 'unreachable' },
  ],
  [
    'fails if the app secret is refused in this run',
    { tried: tried('refused', { by: 'app-secret' }) },
    { do: 'fail', code: 'operator.app-secret' },
  ],
  [
    'fails if the app secret is latched',
    { latched: 'app-secret' },
    { do: 'fail', code: 'operator.app-secret' },
  ],
  [
    'fails if the app secret is latched and there is no refresh token',
    { latched: 'app-secret', refresh: { kind: 'off', why: 'no-token' } },
    { do: 'fail', code: 'operator.app-secret' },
  ],
  ...(['policy', 'pin', 'refresh-token', 'auth-code', 'unrecognised'] as const).map((by): Row => [
    `asks after a refusal by ${by}`,
    { tried: tried('refused', { by }) },
    { do: 'ask', why: by },
  ]),
  ...(['no-token', 'expired', 'no-pin', 'policy', 'used'] as const).map((why): Row => [
    `asks while refresh is off: ${why}`,
    { refresh: { kind: 'off', why } },
    { do: 'ask', why },
  ]),
  ...(['pin', 'refresh-token', 'unrecognised', 'silent'] as const).map((latched): Row => [
    `asks while latched: ${latched}`,
    { latched },
    { do: 'ask', why: latched },
  ]),
  [
    'waits if it has asked in this slot',
    { latched: 'pin', askedThisSlot: true },
    { do: 'wait', why: 'pin' },
  ],
  [
    'rests after the close of the session',
    { day: 'over', latched: 'pin' },
    { do: 'rest', why: 'day-over' },
  ],
  [
    'asks an operator after the close',
    { day: 'over', latched: 'pin', trigger: OPERATOR },
    { do: 'ask', why: 'pin' },
  ],
  [
    'refreshes for a probe despite a plausible token',
    { trigger: PROBE, stored: { kind: 'plausible', proof: null } },
    { do: 'refresh' },
  ],
  [
    'proves the stored token after a refused probe',
    {
      trigger: PROBE,
      stored: { kind: 'plausible', proof: null },
      refresh: { kind: 'off', why: 'policy' },
      tried: tried('refused', { by: 'policy' }),
    },
    { do: 'prove', what: 'stored' },
  ],
  [
    'keeps a live token after a refused probe',
    {
      trigger: PROBE,
      stored: live,
      refresh: { kind: 'off', why: 'policy' },
      tried: tried('refused', { by: 'policy' }),
    },
    { do: 'rest', why: 'already-good' },
  ],
  [
    'does not probe twice',
    { trigger: PROBE, tried: tried('silent') },
    { do: 'ask', why: 'silent' },
  ],
  ['does not probe while latched', { trigger: PROBE, latched: 'pin' }, { do: 'ask', why: 'pin' }],
  [
    'proves the stored token if a probe has no PIN to send',
    {
      trigger: PROBE,
      stored: { kind: 'plausible', proof: null },
      refresh: { kind: 'off', why: 'no-pin' },
    },
    { do: 'prove', what: 'stored' },
  ],
];

describe('decide', () => {
  test.each(TABLE)('%s', (_title, facts, expected) => {
    expect(decide({ ...BASE, ...facts })).toEqual(expected);
  });
});
