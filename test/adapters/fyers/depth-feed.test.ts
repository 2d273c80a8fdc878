import { describe, expect, test } from 'vitest';
import { restDepth } from '../../../adapters/fyers/depth-feed.ts';
import { parseAccessToken } from '../../../core/config/values.ts';
import { SECOND, plus } from '../../../core/time.ts';
import { OPENS_AT, shortSession } from '../../support/depth.ts';
import { type Script, depthOf, refusal } from '../../support/depth-server.ts';
import {
  APP,
  SYMBOLS,
  TOKEN,
  memoryStrikes,
  must,
  observe,
  outcome,
  outcomes,
} from '../../support/rest-feed.ts';
import { virtualClock } from '../../support/virtual-clock.ts';

describe('The REST feed', () => {
  test('requests every symbol in every slot of the session', async () => {
    const { batches, calls } = await observe({});
    expect(outcomes(batches)).toEqual(Array.from({ length: 12 }, () => 'book book'));
    expect(batches.map((batch) => batch[0]?.slot)).toEqual(
      Array.from({ length: 12 }, (_, index) => plus(OPENS_AT, index * 5 * SECOND)),
    );
    expect(calls).toHaveLength(24);
    expect(new Set(calls.map(({ authorization }) => authorization))).toEqual(
      new Set([`${APP}:${TOKEN}`]),
    );
  });

  test('begins at the next slot if the session has begun', async () => {
    const startsAt = plus(OPENS_AT, 51 * SECOND);
    const { batches } = await observe({ startsAt });
    expect(batches.map((batch) => batch[0]?.slot)).toEqual([plus(OPENS_AT, 55 * SECOND)]);
  });

  test('encodes an ampersand in a symbol', async () => {
    const { batches } = await observe({ symbols: ['NSE:M&M-EQ'], slots: 1 });
    expect(outcomes(batches)).toEqual(['book']);
  });

  test('spreads a slot of many symbols over bursts of five a second', async () => {
    const symbols = Array.from({ length: 12 }, (_, index) => `NSE:S${String(index)}-EQ`);
    const { batches, jumps } = await observe({ symbols, slots: 1 });
    expect(jumps).toEqual([OPENS_AT, plus(OPENS_AT, SECOND), plus(OPENS_AT, 2 * SECOND)]);
    expect(batches[0]?.map(({ sentAt }) => Number(sentAt) - OPENS_AT)).toEqual([
      0, 0, 0, 0, 0, 1_000, 1_000, 1_000, 1_000, 1_000, 2_000, 2_000,
    ]);
  });

  test('records an unknown symbol as a hole, continues with the others, and requests it again after a minute', async () => {
    const { batches, calls } = await observe({
      script: ({ symbol }) => (symbol === 'NSE:INFY-EQ' ? refusal(400, -300) : depthOf(symbol)),
      minutes: 2,
    });
    expect(new Set(outcomes(batches))).toEqual(new Set(['book unknown-symbol']));
    expect(calls.filter(({ symbol }) => symbol === 'NSE:INFY-EQ')).toHaveLength(2);
  });

  test.each([
    [refusal(401, -1), 'token-refused'],
    [refusal(400, -15), 'token-refused'],
    [refusal(200, -8), 'token-refused'],
    [refusal(400, -16), 'token-refused'],
    [refusal(403, -17), 'token-refused'],
    [refusal(500, -50), 'broker-error'],
    [{ status: 403, body: '<html>1010</html>' }, 'broker-error'],
    [{ status: 200, body: '{"s":"ok","d":{' }, 'malformed-answer'],
    [depthOf('NSE:OTHER-EQ'), 'malformed-answer'],
    [null, 'timeout'],
  ])('records for the answer %j a hole with the reason %s', async (answer, reason) => {
    const { batches } = await observe({
      script: () => answer,
      symbols: ['NSE:SBIN-EQ'],
      deadlineMs: 50,
      slots: 1,
    });
    expect(outcomes(batches)).toEqual([reason]);
  });

  test('does not call with a refused token for a minute, and calls at once with another token', async () => {
    const other = must(parseAccessToken('d.e.f'));
    const { batches, calls } = await observe({
      script: ({ symbol, authorization }) =>
        authorization.endsWith(other) ? depthOf(symbol) : refusal(401, -15),
      symbols: ['NSE:SBIN-EQ'],
      token: (taken) => (taken < 5 ? TOKEN : other),
    });
    expect(outcomes(batches)).toEqual([
      ...Array.from({ length: 5 }, () => 'token-refused'),
      ...Array.from({ length: 7 }, () => 'book'),
    ]);
    expect(calls).toHaveLength(1 + 7);
  });

  test('does not call without a token', async () => {
    const { batches, calls } = await observe({ token: () => null, slots: 1 });
    expect(outcomes(batches)).toEqual(['no-token no-token']);
    expect(calls).toEqual([]);
  });

  test('does not call for the rest of the day after the second strike, also after a restart', async () => {
    const strikes = memoryStrikes();
    const script: Script = () => refusal(429, 429);
    const first = await observe({ script, strikes, symbols: ['NSE:SBIN-EQ'], minutes: 3 });
    expect(first.calls).toHaveLength(2);
    expect(outcomes(first.batches).at(-1)).toBe('blocked-for-the-day');
    const second = await observe({ script, strikes, symbols: ['NSE:SBIN-EQ'] });
    expect(second.calls).toEqual([]);
    expect(new Set(outcomes(second.batches))).toEqual(new Set(['blocked-for-the-day']));
  });

  test('records a hole with the reason unreachable if nothing listens', async () => {
    const feed = restDepth({
      apiUrl: 'http://127.0.0.1:1',
      appId: () => APP,
      sampling: { symbols: SYMBOLS, everySeconds: 5 },
      clock: virtualClock(OPENS_AT),
      strikes: memoryStrikes(),
    });
    for await (const batch of feed.observe(
      shortSession(),
      () => TOKEN,
      new AbortController().signal,
    )) {
      expect(outcomes([batch])).toEqual(['unreachable unreachable']);
      break;
    }
  });
});

describe('A slot that begins late', () => {
  test.each([
    // Symbols, interval, how late the first slot begins, and when its bursts go out.
    [12, 5, 3_000, [3_000, 4_000]],
    [12, 5, 2_999, [2_999, 3_999, 4_999]],
    [12, 5, 4_999, [4_999]],
    [37, 15, 9_000, [9_000, 10_000, 11_000, 12_000, 13_000, 14_000]],
    [8, 4, 3_500, [3_500]],
  ])(
    'spreads %i symbols every %i s over the rest of a slot that begins %i ms late, and marks the others late',
    async (count, everySeconds, lateMs, bursts) => {
      const symbols = Array.from({ length: count }, (_, index) => `NSE:S${String(index)}-EQ`);
      const { batches } = await observe({ symbols, everySeconds, lateMs, slots: 2 });
      const taken = (batches[0] ?? []).filter(({ kind }) => kind === 'book');
      expect(taken.map(({ sentAt }) => Number(sentAt) - OPENS_AT)).toEqual(
        symbols.slice(0, 5 * bursts.length).map((_, index) => bursts[Math.floor(index / 5)]),
      );
      expect((batches[0] ?? []).map(({ symbol }) => symbol)).toEqual(symbols);
      expect((batches[0] ?? []).slice(taken.length).map(outcome)).toEqual(
        symbols.slice(taken.length).map(() => 'late'),
      );
      // The next slot begins a second after the last burst, and is complete.
      const next = Math.max(everySeconds * SECOND, (bursts.at(-1) ?? 0) + SECOND);
      expect((batches[1] ?? [])[0]?.sentAt).toBe(plus(OPENS_AT, next));
      expect(new Set(outcomes(batches.slice(1)))).toEqual(
        new Set([symbols.map(() => 'book').join(' ')]),
      );
    },
  );

  test('returns to the grid by one burst a minute if the minute limit delays the next slot', async () => {
    const { batches } = await observe({
      symbols: Array.from({ length: 150 }, (_, index) => `NSE:S${String(index)}-EQ`),
      everySeconds: 60,
      lateMs: 3_000,
      minutes: 5,
    });
    expect(new Set(batches.flat().map(outcome))).toEqual(new Set(['book']));
    const delays = batches.map((batch) =>
      [0, 5, 10, 15].map((index) => {
        const { sentAt, slot } = batch[index] ?? { sentAt: 0, slot: 0 };
        return Number(sentAt) - slot - index * 200;
      }),
    );
    expect(delays).toEqual([
      [3_000, 3_000, 3_000, 3_000],
      [0, 2_000, 2_000, 2_000],
      [0, 0, 1_000, 1_000],
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ]);
  });

  test('marks the calls of a slot as clock-jump if the machine slept between two bursts', async () => {
    const symbols = Array.from({ length: 12 }, (_, index) => `NSE:S${String(index)}-EQ`);
    const { batches } = await observe({
      symbols,
      onJump: (now, clock) => {
        if (now === plus(OPENS_AT, SECOND)) clock.set(plus(OPENS_AT, 8 * SECOND));
      },
      slots: 3,
    });
    const five = (reason: string) => Array.from({ length: 5 }, () => reason);
    expect(batches.map((batch) => batch.map(outcome))).toEqual([
      [...five('book'), ...five('clock-jump'), 'clock-jump', 'clock-jump'],
      [...five('book'), ...five('book'), 'late', 'late'],
      [...five('book'), ...five('book'), 'book', 'book'],
    ]);
  });

  test('marks slots as clock-jump if the machine slept through them, and continues on the grid', async () => {
    const { batches } = await observe({
      symbols: SYMBOLS.slice(0, 1),
      onJump: (now, clock) => {
        if (now === plus(OPENS_AT, 5 * SECOND)) clock.set(plus(now, 12 * SECOND));
      },
      slots: 5,
    });
    expect(outcomes(batches)).toEqual(['book', 'clock-jump', 'clock-jump', 'book', 'book']);
  });
});
