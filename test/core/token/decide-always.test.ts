import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Facts, type LatchReason, decide } from '../../../core/token/decide.ts';

const FIRST = { kind: 'slot', slot: '07:00', last: false } as const;
const LAST = { kind: 'slot', slot: '08:15', last: true } as const;
const OPERATOR = { kind: 'operator', probe: false } as const;
const PROBE = { kind: 'operator', probe: true } as const;

const proof = fc.constantFrom('live' as const, 'dead' as const, 'unreachable' as const);
const anyFacts: fc.Arbitrary<Facts> = fc.record({
  trigger: fc.constantFrom(FIRST, LAST, OPERATOR, PROBE),
  day: fc.constantFrom('open', 'over', 'closed'),
  stored: fc.oneof(
    fc.record({ kind: fc.constantFrom('none', 'expired', 'foreign', 'malformed') }),
    fc.record({ kind: fc.constant('plausible' as const), proof: fc.option(proof) }),
  ),
  refresh: fc.oneof(
    fc.record({ kind: fc.constant('on' as const) }),
    fc.record({
      kind: fc.constant('off' as const),
      why: fc.constantFrom('no-token', 'expired', 'no-pin', 'policy', 'used'),
    }),
  ),
  latched: fc.option(
    fc.constantFrom<LatchReason[]>('pin', 'refresh-token', 'app-secret', 'unrecognised', 'silent'),
  ),
  tried: fc.option(
    fc.oneof(
      fc.record({
        calls: fc.integer({ min: 1, max: 3 }),
        answer: fc.constant('minted' as const),
        by: fc.constant(null),
        check: fc.option(
          fc.oneof(proof, fc.constantFrom('wrong-account' as const, 'wrong-expiry' as const)),
        ),
      }),
      fc.record({
        calls: fc.integer({ min: 1, max: 3 }),
        answer: fc.constant('refused' as const),
        by: fc.constantFrom('policy', 'pin', 'refresh-token', 'app-secret', 'unrecognised'),
        check: fc.constant(null),
      }),
      fc.record({
        calls: fc.integer({ min: 0, max: 3 }),
        answer: fc.constantFrom('silent' as const, 'unreachable' as const),
        by: fc.constant(null),
        check: fc.constant(null),
      }),
    ),
  ),
  askedThisSlot: fc.boolean(),
});

describe('decide, for any facts', () => {
  test('publishes only a minted token that was checked live', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const publishes = decide(facts).do === 'publish';
        expect(publishes && facts.tried?.check !== 'live').toBe(false);
      }),
    );
  });

  test('does not refresh after two calls or a refusal, while latched, or if refresh is off', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        if (decide(facts).do !== 'refresh') return;
        expect(facts.refresh.kind).toBe('on');
        expect(facts.latched).toBeNull();
        expect([null, 'silent']).toContain(facts.tried?.answer ?? null);
        expect(facts.tried?.calls ?? 0).toBeLessThan(2);
      }),
    );
  });

  test('refreshes despite a plausible token only if it is dead or an operator probes', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        if (decide(facts).do !== 'refresh' || facts.stored.kind !== 'plausible') return;
        const probes = facts.trigger.kind === 'operator' && facts.trigger.probe;
        expect(probes || facts.stored.proof === 'dead').toBe(true);
      }),
    );
  });

  test('rests with already-good only if the stored token is proven live', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const decision = decide(facts);
        if (decision.do !== 'rest' || decision.why !== 'already-good') return;
        expect(facts.stored).toEqual({ kind: 'plausible', proof: 'live' });
      }),
    );
  });

  test('rests in a slot of a closed day, and never asks for a login if the app secret is latched', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const decision = decide(facts);
        if (facts.day === 'closed' && facts.trigger.kind === 'slot') {
          expect(decision).toEqual({ do: 'rest', why: 'closed-day' });
        }
        if (decision.do === 'ask' || decision.do === 'wait') {
          expect(facts.latched).not.toBe('app-secret');
          expect(decision.why).not.toBe('app-secret');
        }
      }),
    );
  });
});
