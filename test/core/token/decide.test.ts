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

const LIVE = { kind: 'plausible', proof: 'live' } as const;
const DEAD = { kind: 'plausible', proof: 'dead' } as const;
const UNPROVEN = { kind: 'plausible', proof: null } as const;
const POLICY_OFF = { kind: 'off', why: 'policy' } as const;

type Tried = NonNullable<Facts['tried']>;
const tried = (answer: Tried['answer'], rest: Partial<Tried> = {}): Tried => ({
  ...{ calls: 1, answer, by: null, check: null, ...rest },
});
const minted = (check: Tried['check']) => ({ tried: tried('minted', { check }) });
const refused = (by: Tried['by']) => ({ tried: tried('refused', { by }) });
const SILENT_TWICE = tried('silent', { calls: 2 });
const UNREACHABLE = tried('unreachable', { calls: 0 });

const REFRESH: Decision = { do: 'refresh' };
const PROVE_STORED: Decision = { do: 'prove', what: 'stored' };
const ALREADY_GOOD: Decision = { do: 'rest', why: 'already-good' };
const CLOSED_DAY: Decision = { do: 'rest', why: 'closed-day' };
const ask = (why: Extract<Decision, { do: 'ask' | 'wait' }>['why']) =>
  ({ do: 'ask', why }) as const;
const fail = (code: Extract<Decision, { do: 'fail' }>['code']) => ({ do: 'fail', code }) as const;

type Row = readonly [string, Partial<Facts>, Decision];

const TABLE: readonly Row[] = [
  ['rests in a slot on a closed day', { day: 'closed' }, CLOSED_DAY],
  ['rests on a closed day even with a dead token', { day: 'closed', stored: DEAD }, CLOSED_DAY],
  ['refreshes for an operator on a closed day', { day: 'closed', trigger: OPERATOR }, REFRESH],
  ['proves a minted token', minted(null), { do: 'prove', what: 'minted' }],
  ['publishes a minted token that is live', minted('live'), { do: 'publish' }],
  ['fails for a minted token that is dead', minted('dead'), fail('broker.bad-token')],
  [
    'fails for a minted token with a wrong expiry',
    minted('wrong-expiry'),
    fail('broker.bad-token'),
  ],
  [
    'fails for a minted token of another account',
    minted('wrong-account'),
    fail('operator.account'),
  ],
  [
    'fails for a minted token if the broker is unreachable',
    minted('unreachable'),
    fail('broker.unreachable'),
  ],
  ['proves a plausible stored token', { stored: UNPROVEN }, PROVE_STORED],
  ['rests when the stored token is live', { stored: LIVE }, ALREADY_GOOD],
  [
    'fails if the stored token cannot be checked',
    { stored: { kind: 'plausible', proof: 'unreachable' } },
    fail('broker.unreachable'),
  ],
  ['refreshes when the stored token is dead', { stored: DEAD }, REFRESH],
  ...(['none', 'expired', 'foreign', 'malformed'] as const).map((kind): Row => [
    `refreshes when the stored token is ${kind}`,
    { stored: { kind } },
    REFRESH,
  ]),
  ['refreshes once more after a call without an answer', { tried: tried('silent') }, REFRESH],
  [
    'fails after a second call without an answer before the last slot',
    { tried: SILENT_TWICE },
    fail('broker.unreachable'),
  ],
  [
    'asks after a second call without an answer in the last slot',
    { trigger: LAST, tried: SILENT_TWICE },
    ask('silent'),
  ],
  [
    'fails if the broker is unreachable before the last slot',
    { tried: UNREACHABLE },
    fail('broker.unreachable'),
  ],
  [
    'asks if the broker is unreachable in the last slot',
    { trigger: LAST, tried: UNREACHABLE },
    ask('unreachable'),
  ],
  [
    "treats an operator's run like the last slot",
    { trigger: OPERATOR, tried: UNREACHABLE },
    ask('unreachable'),
  ],
  [
    'fails if the app secret is refused in this run',
    refused('app-secret'),
    fail('operator.app-secret'),
  ],
  ['fails if the app secret is latched', { latched: 'app-secret' }, fail('operator.app-secret')],
  [
    'fails if the app secret is latched and there is no refresh token',
    { latched: 'app-secret', refresh: { kind: 'off', why: 'no-token' } },
    fail('operator.app-secret'),
  ],
  ...(['policy', 'pin', 'refresh-token', 'auth-code', 'unrecognised'] as const).map((by): Row => [
    `asks after a refusal by ${by}`,
    refused(by),
    ask(by),
  ]),
  ...(['no-token', 'expired', 'no-pin', 'policy', 'used'] as const).map((why): Row => [
    `asks while refresh is off: ${why}`,
    { refresh: { kind: 'off', why } },
    ask(why),
  ]),
  ...(['pin', 'refresh-token', 'unrecognised', 'silent'] as const).map((latched): Row => [
    `asks while latched: ${latched}`,
    { latched },
    ask(latched),
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
    ask('pin'),
  ],
  [
    'refreshes for a probe despite a plausible token',
    { trigger: PROBE, stored: UNPROVEN },
    REFRESH,
  ],
  [
    'proves the stored token after a refused probe',
    { trigger: PROBE, stored: UNPROVEN, refresh: POLICY_OFF, ...refused('policy') },
    PROVE_STORED,
  ],
  [
    'keeps a live token after a refused probe',
    { trigger: PROBE, stored: LIVE, refresh: POLICY_OFF, ...refused('policy') },
    ALREADY_GOOD,
  ],
  ['does not probe twice', { trigger: PROBE, tried: tried('silent') }, ask('silent')],
  ['does not probe while latched', { trigger: PROBE, latched: 'pin' }, ask('pin')],
  [
    'proves the stored token if a probe has no PIN to send',
    { trigger: PROBE, stored: UNPROVEN, refresh: { kind: 'off', why: 'no-pin' } },
    PROVE_STORED,
  ],
];

describe('decide', () => {
  test.each(TABLE)('%s', (_title, facts, expected) => {
    expect(decide({ ...BASE, ...facts })).toEqual(expected);
  });
});
