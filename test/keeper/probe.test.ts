import { describe, expect, test } from 'vitest';
import { DAY, MINUTE, brokerDay, istDate, istDateAt, plus } from '../../core/time.ts';
import { appFingerprint, inputFingerprint } from '../../core/token/digest.ts';
import { type ProbeRefresh, isProbeDue } from '../../core/token/decide.ts';
import { NEW_STATE, formatTokenState, parseTokenState } from '../../core/token/state.ts';
import {
  APP,
  EARLIER,
  LAST,
  LINK_KEY,
  NEW,
  OPERATOR,
  PIN,
  PIN_KEY,
  SEVEN,
  type World,
  accepting,
  keeperWorld,
  refreshToken,
  run,
  sent,
  stateOf,
} from '../support/keeper-fixture.ts';

const SILENT = { kind: 'silent' } as const;
const UNREACHABLE = { kind: 'unreachable', detail: 'connection refused' } as const;
const RATE_LIMITED = { kind: 'rate-limited', detail: 'HTTP 429', retryAfterMs: null } as const;
const TODAY = brokerDay(SEVEN);
const POLICY = {
  kind: 'refused',
  by: 'policy',
  detail: 'HTTP 400, code -16: currently disabled to comply with SEBI regulations',
} as const;

/**
 * Creates a stack whose refreshes are off. @param probedDaysAgo null for an older state without the
 * field
 */
function createSwitchedOffWorld(probeRefresh: ProbeRefresh, probedDaysAgo: number | null): World {
  const world = keeperWorld({ settings: { probeRefresh } });
  world.parameters.set('FYERS_REFRESH_TOKEN', refreshToken(plus(SEVEN, -DAY)));
  const probedOn = probedDaysAgo === null ? null : istDateAt(plus(SEVEN, -probedDaysAgo * DAY));
  const state = { ...NEW_STATE, policyOff: true, probedOn };
  world.parameters.set('FYERS_TOKEN_STATE', formatTokenState(state));
  return world;
}

const listEvents = (world: World) => world.events.map(({ event }) => event);

describe('An automatic probe', () => {
  test.each([
    ['weekly', 7, 1],
    ['weekly', 6, 0],
    ['weekly', 30, 1],
    ['weekly', null, 1],
    ['daily', 1, 1],
    ['daily', 0, 0],
    ['never', 30, 0],
    ['never', null, 0],
  ] as const)('%s, %j days after the last probe, costs %i calls', async (probe, daysAgo, calls) => {
    const world = createSwitchedOffWorld(probe, daysAgo);
    world.answers.push(POLICY);
    expect(await run(world, EARLIER)).toMatchObject({ kind: 'login-needed', why: 'policy' });
    expect(sent(world)).toBe(calls);
    expect(world.messages).toHaveLength(1);
    expect(stateOf(world)).toMatchObject({ policyOff: true, latch: null });
  });

  test('changes only its date if it is refused, and later slots do not repeat it', async () => {
    const world = createSwitchedOffWorld('daily', 9);
    world.answers.push(POLICY, POLICY);
    await run(world, EARLIER);
    world.clock.set(plus(SEVEN, 30 * MINUTE));
    await run(world, LAST);
    expect(sent(world)).toBe(1);
    expect(stateOf(world)?.probedOn).toBe(TODAY);
    expect(world.messages).toHaveLength(2);
  });

  test('switches refresh on if it succeeds, and sends a message', async () => {
    const world = accepting(createSwitchedOffWorld('weekly', 7));
    expect(await run(world, EARLIER)).toEqual({ kind: 'live', published: true });
    expect(world.parameters.get('FYERS_ACCESS_TOKEN')).toBe(NEW);
    expect(stateOf(world)).toMatchObject({ policyOff: false });
    expect(listEvents(world)).toContain('refresh-works-again');
    expect(world.messages.map(({ subject }) => subject)).toEqual([
      'Fyers refreshes tokens again: no login is needed',
    ]);
  });

  test('does not run without a PIN, without a live refresh token, or for an operator', async () => {
    const worlds = Array.from({ length: 3 }, () => createSwitchedOffWorld('daily', 9));
    const [withoutPin, expired, operator] = worlds as [World, World, World];
    withoutPin.pin = null;
    expired.parameters.set('FYERS_REFRESH_TOKEN', refreshToken(plus(SEVEN, -30 * DAY)));
    for (const world of worlds) {
      const trigger = world === operator ? OPERATOR : EARLIER;
      expect(await run(world, trigger)).toMatchObject({ kind: 'login-needed' });
      expect(sent(world)).toBe(0);
    }
  });

  const token = refreshToken(plus(SEVEN, -DAY));
  test.each([
    ['pin', inputFingerprint(PIN_KEY, APP, { token, pin: PIN }), 0],
    ['app-secret', appFingerprint(LINK_KEY, APP), 0],
    ['pin', 'another', 1],
  ] as const)('with a latch (%s, %s) costs %i calls', async (reason, input, calls) => {
    const world = createSwitchedOffWorld('daily', 9);
    const state = { ...NEW_STATE, policyOff: true, latch: { reason, input } };
    world.parameters.set('FYERS_TOKEN_STATE', formatTokenState(state));
    world.answers.push(POLICY);
    await run(world, EARLIER).catch((caught: unknown) => {
      expect(caught).toMatchObject({ code: 'operator.app-secret' });
    });
    expect(sent(world)).toBe(calls);
  });

  test('does not run while the stored token is live', async () => {
    const live = createSwitchedOffWorld('daily', 9);
    live.parameters.set('FYERS_ACCESS_TOKEN', NEW);
    live.proofs.set(NEW, { kind: 'live', fyId: 'XA00001' });
    expect(await run(live, EARLIER)).toMatchObject({ kind: 'live' });
    expect(sent(live)).toBe(0);
  });

  test('stores its date if it gets no answer, but not after a rate limit or if Fyers is unreachable', async () => {
    const unanswered = createSwitchedOffWorld('weekly', 9);
    unanswered.answers.push(SILENT);
    expect(await run(unanswered, EARLIER)).toMatchObject({ why: 'policy' });
    expect(sent(unanswered)).toBe(1);
    expect(stateOf(unanswered)?.probedOn).toBe(TODAY);
    for (const answers of [[RATE_LIMITED], Array<typeof UNREACHABLE>(20).fill(UNREACHABLE)]) {
      const world = createSwitchedOffWorld('weekly', 9);
      world.answers.push(...answers);
      expect(await run(world, EARLIER)).toMatchObject({ kind: 'login-needed', why: 'policy' });
      expect(stateOf(world)?.probedOn).not.toBe(TODAY);
      expect(world.messages).toHaveLength(1);
    }
  });

  test('with a wrong PIN is not repeated on the next day', async () => {
    const world = createSwitchedOffWorld('daily', 9);
    world.answers.push({ kind: 'refused', by: 'pin', detail: 'HTTP 400, code -502: invalid pin' });
    expect(await run(world, EARLIER)).toMatchObject({ kind: 'login-needed' });
    world.clock.set(plus(SEVEN, DAY));
    await run(world, EARLIER);
    expect(sent(world)).toBe(1);
  });

  test('is due if the last probe is in the future, for example after a clock error', () => {
    const facts = { trigger: EARLIER, today: TODAY, isAsked: false };
    expect(isProbeDue('weekly', { ...facts, lastProbe: istDate('2027-01-01') })).toBe(true);
    expect(isProbeDue('weekly', { ...facts, lastProbe: null, isAsked: true })).toBe(false);
  });
});

describe('The state of an earlier release', () => {
  test('is parsed without the date of a probe', () => {
    const { probedOn: _probe, ...old } = { ...NEW_STATE, policyOff: true };
    expect(parseTokenState(JSON.stringify(old))).toEqual({ ...NEW_STATE, policyOff: true });
    const odd = JSON.stringify({ ...NEW_STATE, probedOn: 'Monday' });
    expect(parseTokenState(odd)).toEqual(NEW_STATE);
  });
});
