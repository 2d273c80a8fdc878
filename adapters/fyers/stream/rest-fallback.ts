// Requests symbols over REST whose stream has had no sound book for more than two slots. The number
// of calls is limited by `fallbackPlan`, which the sum of the account's calls includes; symbols
// take turns. A row from REST has the feed `rest`. A symbol without an answer keeps the reason of
// its stream.
import type { SamplingPlan } from '../../../core/config/values.ts';
import type { DepthFeed, SlotResult } from '../../../core/ports.ts';
import type { Instant } from '../../../core/time.ts';
import type { RestFeed } from '../depth-feed.ts';

/** The broker's stream usually returns within two slots. */
const MAX_HOLES = 2;

interface FallbackOptions {
  readonly stream: DepthFeed;
  readonly rest: RestFeed;
  /** The number of its symbols limits the requests of a slot. */
  readonly plan: SamplingPlan;
}

export function withRestFallback({ stream, rest, plan }: FallbackOptions): DepthFeed {
  return {
    ...stream,
    async *observe(session, token, signal, symbols, facts) {
      const takeSlot = rest.slotTaker(session, token, signal);
      const choose = startChoosing(plan.symbols.length);
      for await (const batch of stream.observe(session, token, signal, symbols, facts)) {
        const chosen = choose(batch);
        const [first] = batch;
        if (first === undefined || chosen.length === 0 || signal.aborted) yield batch;
        else yield replaceHoles(batch, await takeSlot(chosen, first.slot));
      }
    },
  };
}

/** Returns the symbols to ask for: those that were asked the longest ago first. */
function startChoosing(atMost: number): (batch: readonly SlotResult[]) => readonly string[] {
  const holes = new Map<string, number>();
  const askedAt = new Map<string, Instant>();
  return (batch) => {
    const due: SlotResult[] = [];
    for (const result of batch) {
      const count = result.kind === 'book' ? 0 : (holes.get(result.symbol) ?? 0) + 1;
      holes.set(result.symbol, count);
      // Without a token, REST cannot be used either.
      if (result.kind === 'hole' && count > MAX_HOLES && result.reason !== 'no-token') {
        due.push(result);
      }
    }
    const chosen = due
      .toSorted((a, b) => (askedAt.get(a.symbol) ?? 0) - (askedAt.get(b.symbol) ?? 0))
      .slice(0, atMost);
    for (const { symbol, slot } of chosen) askedAt.set(symbol, slot);
    return chosen.map(({ symbol }) => symbol);
  };
}

function replaceHoles(
  batch: readonly SlotResult[],
  answers: readonly SlotResult[],
): readonly SlotResult[] {
  const books = new Map(
    answers.flatMap((answer) => (answer.kind === 'book' ? [[answer.symbol, answer] as const] : [])),
  );
  return batch.map((result) => {
    const book = books.get(result.symbol);
    return book === undefined ? result : { ...book, feed: 'rest' };
  });
}
