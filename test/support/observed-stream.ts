// Runs the stream feed with the simulator, on a clock that jumps.
import { streamDepth } from '../../adapters/fyers/stream/feed.ts';
import { parseAccessToken, parseAppId } from '../../core/config/values.ts';
import { nextSession } from '../../core/market/calendar.ts';
import type { FrameSink, SlotResult, StreamNote } from '../../core/ports.ts';
import { type Instant, type IstDate, MINUTE, parseInstant, plus, SECOND } from '../../core/time.ts';
import { startFyers, type FyersSimulator } from '../../sandbox/fyers/server.ts';
import { mintToken } from '../../sandbox/fyers/tokens.ts';
import { APP as SIMULATED } from '../sandbox/fyers/simulator.ts';
import { must } from './rest-feed.ts';
import { virtualClock } from './virtual-clock.ts';

const OPENS_AT = parseInstant('2026-11-25T09:30:00+05:30');
const SEED = 'stream';
const APP = must(parseAppId(SIMULATED.id));
const tokenOf = (mintedAt: Instant) =>
  must(parseAccessToken(mintToken(SEED, SIMULATED, 'access_token', mintedAt)));
export const TOKEN = tokenOf(plus(OPENS_AT, -150 * MINUTE));
const SYMBOLS = ['NSE:SBIN-EQ', 'NSE:INFY-EQ'];
interface Setup {
  readonly kind: 'tbt' | 'hsm';
  readonly symbols?: readonly string[];
  readonly seconds?: number;
  /** Stores the frames. */
  readonly frames?: (date: IstDate, clock: { now(): Instant }) => FrameSink;
  readonly hasToken?: (at: number) => boolean;
  /** 09:30 by default. */
  readonly opensAt?: Instant;
  /** When the token of an instant was made; 07:00 by default. */
  readonly mintedAt?: (now: Instant) => Instant;
  /** What the consumer does before it asks for the next batch; `wait` lets the market go on meanwhile. */
  readonly onBatch?: (slots: number, wait: (seconds: number) => Promise<void>) => Promise<void>;
  readonly onJump?: (secondsIn: number, simulator: FyersSimulator) => void | Promise<void>;
}

export async function observe({ kind, symbols = SYMBOLS, seconds = 60, frames, ...setup }: Setup) {
  const { opensAt = OPENS_AT } = setup;
  const startsAt = plus(opensAt, -15 * SECOND);
  const simulator = await startFyers({
    ...{ seed: SEED, apps: [SIMULATED], refresh: 'refused', startsAt, symbols },
  });
  simulator.setClock(startsAt);
  const { streams } = simulator;
  const clock = virtualClock(startsAt, async (now) => {
    simulator.setClock(now);
    await setup.onJump?.((now - opensAt) / SECOND, simulator);
    // A connection is a few round trips, which take real time.
    for (let turn = 0; turn < 3; turn += 1) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      await streams.settled();
    }
  });
  const feed = streamDepth({
    ...{ kind, apiUrl: simulator.url, appId: () => APP, clock, random: () => 0 },
    sampling: { symbols: [], everySeconds: 5 },
    ...(frames === undefined ? {} : { frames: (date: IstDate) => frames(date, clock) }),
  });
  const session = {
    ...nextSession(OPENS_AT),
    opensAt,
    closesAt: plus(opensAt, seconds * SECOND),
  };
  const facts = symbols.map((symbol) => ({
    symbol,
    fyToken: simulator.state.instrumentOf(symbol, startsAt)?.fyToken ?? null,
  }));
  const token = () => {
    if (setup.hasToken?.(clock.now() - opensAt) === false) return null;
    return setup.mintedAt === undefined ? TOKEN : tokenOf(setup.mintedAt(clock.now()));
  };
  const batches: (readonly SlotResult[])[] = [];
  const notes: StreamNote[] = [];
  let silent: readonly string[] = [];
  const { signal } = new AbortController();
  const wait = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second += 1) {
      clock.set(plus(clock.now(), SECOND));
      simulator.setClock(clock.now());
      await streams.settled();
    }
  };
  for await (const batch of feed.observe(session, token, signal, symbols, facts)) {
    batches.push(batch);
    notes.push(...(feed.stream?.takeNotes() ?? []));
    silent = feed.stream?.silentSymbols() ?? [];
    await setup.onBatch?.(batches.length, wait);
  }
  await simulator.close();
  return { batches, notes, silent, streams, simulator };
}
