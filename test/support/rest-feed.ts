// Runs the REST feed with a scripted broker on a virtual clock.
import { callFyers } from '../../adapters/fyers/http.ts';
import { restDepth } from '../../adapters/fyers/depth-feed.ts';
import type { StrikeStore, Strikes } from '../../adapters/fyers/rate-guard.ts';
import {
  type AccessToken,
  parseAccessToken,
  parseAppId,
  parseSymbol,
} from '../../core/config/values.ts';
import type { SlotResult } from '../../core/ports.ts';
import { type Instant, MINUTE, plus } from '../../core/time.ts';
import { OPENS_AT, shortSession } from './depth.ts';
import { depthOf, type Script, startDepthServer } from './depth-server.ts';
import { type VirtualClock, virtualClock } from './virtual-clock.ts';

export function must<T>(
  parsed:
    { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string },
): T {
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}

export const APP = must(parseAppId('ABCD1234EF-100'));
export const TOKEN = must(parseAccessToken('a.b.c'));
export const SYMBOLS = ['NSE:SBIN-EQ', 'NSE:INFY-EQ'].map((name) => must(parseSymbol(name)));

/** For tests that do not concern the guard. */
export const UNGUARDED = { call: callFyers };

interface Setup {
  /** Answers every call with a book by default. */
  readonly script?: Script;
  readonly everySeconds?: number;
  readonly symbols?: readonly string[];
  readonly startsAt?: Instant;
  readonly strikes?: StrikeStore;
  readonly token?: (slotsTaken: number) => AccessToken | null;
  readonly onJump?: (now: Instant, clock: VirtualClock) => void;
  readonly onAnswer?: (nth: number, clock: VirtualClock) => void;
  readonly onBatch?: () => void;
  /** How late the first slot begins. */
  readonly lateMs?: number;
  readonly deadlineMs?: number;
  readonly slots?: number;
  readonly minutes?: number;
}

export function memoryStrikes(): StrikeStore & { readonly kept: Map<string, Strikes> } {
  const kept = new Map<string, Strikes>();
  return {
    kept,
    read: (date) => Promise.resolve(kept.get(date) ?? 0),
    write: (date, strikes) => Promise.resolve(void kept.set(date, strikes)),
  };
}

export async function observe(setup: Setup) {
  await using server = await startDepthServer(setup.script ?? (({ symbol }) => depthOf(symbol)));
  const jumps: Instant[] = [];
  let answers = 0;
  const clock = virtualClock(setup.startsAt ?? plus(OPENS_AT, -MINUTE), (now) => {
    jumps.push(now);
    setup.onJump?.(now, clock);
    if (now === OPENS_AT) clock.set(plus(now, setup.lateMs ?? 0));
  });
  const symbols = (setup.symbols ?? SYMBOLS).map((name) => must(parseSymbol(name)));
  const feed = restDepth({
    apiUrl: server.url,
    appId: () => APP,
    sampling: { symbols, everySeconds: setup.everySeconds ?? 5 },
    clock,
    strikes: setup.strikes ?? memoryStrikes(),
    onAnswer: () => setup.onAnswer?.((answers += 1), clock),
    ...(setup.deadlineMs === undefined ? {} : { deadlineMs: setup.deadlineMs }),
  });
  const batches: (readonly SlotResult[])[] = [];
  const session = {
    ...shortSession(),
    closesAt: plus(OPENS_AT, (setup.minutes ?? 1) * MINUTE),
  };
  const token = () => (setup.token ?? (() => TOKEN))(batches.length);
  for await (const batch of feed.observe(session, token, new AbortController().signal)) {
    batches.push(batch);
    setup.onBatch?.();
    if (batches.length === setup.slots) break;
  }
  return { batches, jumps, calls: server.calls, clock };
}

export const outcome = (taken: SlotResult): string =>
  taken.kind === 'book' ? 'book' : taken.reason;
export const outcomes = (batches: readonly (readonly SlotResult[])[]) =>
  batches.map((batch) => batch.map(outcome).join(' '));
