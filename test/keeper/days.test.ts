import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Proof } from '../../core/ports.ts';
import { HOUR, brokerDay, plus } from '../../core/time.ts';
import {
  EARLIER,
  LAST,
  LIVE,
  OPERATOR,
  accessToken,
  keeperWorld,
  run,
} from '../support/keeper-fixture.ts';

describe('The keeper on random days', () => {
  const answer = fc.constantFrom(
    'minted',
    'silent',
    'unreachable',
    'rate-limited',
    'not-fyers',
    'pin',
    'refresh-token',
    'policy',
    'unrecognised',
  );
  const step = fc.record({
    answers: fc.array(answer, { maxLength: 3 }),
    proof: fc.constantFrom<Proof>(
      LIVE,
      { kind: 'dead' },
      { kind: 'unreachable' },
      { kind: 'refused', detail: 'HTTP 403' },
      { kind: 'rate-limited', retryAfterMs: null, detail: 'HTTP 429' },
      { kind: 'not-fyers', detail: 'HTTP 403' },
    ),
    trigger: fc.constantFrom(EARLIER, LAST, OPERATOR),
    afterHours: fc.constantFrom(0, 1, 4, 24),
    losesToken: fc.boolean(),
  });

  test('sends one input at most twice a broker day and never after a refusal, and stores only live tokens', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 6 }), async (steps) => {
        const world = keeperWorld({ settings: { days: 'all' } });
        const sentOn = new Map<string, number>();
        let refused = false;
        let serial = 1;
        for (const { answers, proof, trigger, afterHours, losesToken } of steps) {
          world.clock.set(plus(world.clock.now(), afterHours * HOUR));
          if (losesToken) world.parameters.delete('FYERS_ACCESS_TOKEN');
          world.answers.length = 0;
          for (const kind of answers) {
            if (kind === 'minted') {
              const token = accessToken(world.clock.now(), (serial += 1));
              world.answers.push({ kind, accessToken: token });
              world.proofs.set(token, proof);
            } else if (kind === 'silent' || kind === 'unreachable') world.answers.push({ kind });
            else if (kind === 'not-fyers') world.answers.push({ kind, detail: '' });
            else if (kind === 'rate-limited') {
              world.answers.push({ kind, retryAfterMs: null, detail: '' });
            } else world.answers.push({ kind: 'refused', by: kind, detail: '' });
          }
          world.duringRefresh = () => {
            expect(refused).toBe(false);
            const next = world.answers[0]?.kind ?? 'silent';
            if (next === 'refused') refused = true;
            if (['unreachable', 'rate-limited', 'not-fyers'].includes(next)) return;
            const day = brokerDay(world.clock.now());
            sentOn.set(day, (sentOn.get(day) ?? 0) + 1);
          };
          world.beforeWrite = (name, value) => {
            if (name === 'FYERS_ACCESS_TOKEN') expect(world.proofs.get(value)).toEqual(LIVE);
          };
          await run(world, trigger).catch((caught: unknown) => {
            expect(caught).toMatchObject({ name: 'FyersError' });
          });
        }
        for (const count of sentOn.values()) expect(count).toBeLessThanOrEqual(2);
      }),
      { numRuns: 60 },
    );
  });
});
