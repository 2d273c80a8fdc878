// Five-second slots that a day's collector fills when the broker is slow: our feed beside the reference's loop.
import { restDepth } from '../adapters/fyers/rest-depth.ts';
import { type SamplingPlan, parseAccessToken, parseAppId, parseSampling } from '../core/config.ts';
import { REFERENCE_SYMBOLS } from '../core/names.ts';
import { dayOf } from '../core/market/calendar.ts';
import type { SessionPlan } from '../core/market/phases.ts';
import { type Instant, SECOND, istDate, plus } from '../core/time.ts';
import type { Measure } from './measure.ts';
import { referenceStamps } from './reference-harvester.ts';
import { slowBroker } from './slow-broker.ts';

const EVERY_SECONDS = 5;
const CALL_MS = 300;
/** A day on which continuous trading was from 09:15 to 15:30, the hours that the reference knows. */
const DAY = istDate('2026-01-05');

export async function slotsMeasure(): Promise<Measure> {
  const session = continuousTrading();
  const sampling = given(parseSampling(REFERENCE_SYMBOLS.join(','), String(EVERY_SECONDS)));
  return {
    what: `slots filled 09:15–15:30, ${String(sampling.symbols.length)} symbols, ${String(CALL_MS)} ms a call`,
    unit: 'slots',
    ours: await filledByUs(session, sampling),
    beside: filledByTheReference(session, sampling),
    aim: { exactly: (session.closesAt - session.opensAt) / (EVERY_SECONDS * SECOND) },
  };
}

function continuousTrading(): SessionPlan {
  const day = dayOf(DAY);
  const plan = day.kind === 'open' ? day.plan : null;
  const phase = plan?.phases.find(({ name }) => name === 'CONTINUOUS');
  if (plan === null || phase === undefined) throw new Error(`no continuous trading on ${DAY}`);
  return { ...plan, opensAt: phase.from, closesAt: phase.to, phases: [phase] };
}

/** Slots that have a book of every symbol, asked for and received inside the slot. */
async function filledByUs(session: SessionPlan, sampling: SamplingPlan): Promise<number> {
  const appId = given(parseAppId('BENCHMARK1-100'));
  const token = given(parseAccessToken(jwt()));
  await using broker = await slowBroker(session.opensAt, CALL_MS, sampling.symbols.length);
  await using feed = restDepth({
    apiUrl: broker.url,
    appId: () => appId,
    sampling,
    clock: broker.clock,
    strikes: { read: () => Promise.resolve(0), write: () => Promise.resolve() },
  });
  let filled = 0;
  for await (const batch of feed.observe(session, () => token, new AbortController().signal)) {
    const inside = batch.filter(
      ({ kind, slot, sentAt, receivedAt }) =>
        kind === 'book' && sentAt >= slot && receivedAt < plus(slot, EVERY_SECONDS * SECOND),
    );
    if (inside.length === sampling.symbols.length) filled += 1;
  }
  return filled;
}

/** Slots in which one of its rounds begins; that the round may end in the next slot is not held against it. */
function filledByTheReference(session: SessionPlan, { symbols }: SamplingPlan): number {
  const stamps = referenceStamps(session.opensAt, session.closesAt, symbols.length, CALL_MS);
  const slotOf = (at: Instant) => Math.floor((at - session.opensAt) / (EVERY_SECONDS * SECOND));
  return new Set(stamps.map(slotOf)).size;
}

function jwt(): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: 'access_token' })}.c2lnbmF0dXJl`;
}

function given<T>(parsed: { readonly ok: true; readonly value: T } | { readonly ok: false }): T {
  if (!parsed.ok) throw new Error('a constant of the benchmark is not valid');
  return parsed.value;
}
