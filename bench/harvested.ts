// Records days with our harvester in this process: its loop, feed and files, on the slow broker's
// clock.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { dayFolders } from '../adapters/recordings/data-folder.ts';
import { restDepth } from '../adapters/fyers/depth-feed.ts';
import { type SamplingPlan, parseSampling } from '../core/config/values.ts';
import { keyOf } from '../core/recording/observed.ts';
import { REFERENCE_SYMBOLS } from '../core/config/names.ts';
import { type Instant, type IstDate, SECOND } from '../core/time.ts';
import { harvest } from '../harvester/loop.ts';
import { holdToken } from '../harvester/token.ts';
import { type Manners, slowBroker } from './slow-broker.ts';

export interface Harvested {
  /** The slots of the rows in each day's file. */
  readonly slots: ReadonlyMap<IstDate, readonly Instant[]>;
  readonly calls: number;
}

export interface Harvest extends Omit<Manners, 'together'> {
  readonly from: Instant;
  readonly sessions: number;
  /** When the stored token was issued; it expires the next morning. */
  readonly tokenAt: (now: Instant) => Instant;
}

const QUIET = { log: () => undefined };

export async function harvested(wanted: Harvest): Promise<Harvested> {
  const dir = await mkdtemp(path.join(tmpdir(), 'fyers-bench-days-'));
  try {
    return await inFolder(dir, wanted);
  } finally {
    await rm(dir, { recursive: true });
  }
}

async function inFolder(dir: string, wanted: Harvest): Promise<Harvested> {
  const sampling = fiveSeconds();
  const days = dayFolders(dir);
  await using broker = await slowBroker(wanted.from, {
    ...wanted,
    together: sampling.symbols.length,
  });
  const { clock } = broker;
  const read = (name: string) =>
    name === 'FYERS_CLIENT_ID' ? APP : jwt(wanted.tokenAt(clock.now()));
  const token = holdToken({
    clock,
    events: QUIET,
    fingerprint: () => '',
    store: {
      read: (name) => Promise.resolve(read(name)),
      write: () => Promise.reject(new Error('the harvester stores no token')),
    },
  });
  await using feed = restDepth({
    apiUrl: broker.url,
    appId: token.appId,
    sampling,
    clock,
    strikes: { read: () => Promise.resolve(0), write: () => Promise.resolve() },
  });
  await harvest({
    clock,
    signal: new AbortController().signal,
    feed,
    token,
    events: QUIET,
    metrics: { measure: () => undefined, flush: () => Promise.resolve() },
    sampling,
    days,
    compact: () => Promise.resolve(),
    objects: null,
    shard: 0,
    calendar: {},
    sessions: wanted.sessions,
    until: null,
  });
  const slots = new Map<IstDate, readonly Instant[]>();
  for (const date of await days.dates()) slots.set(date, await slotsIn(days.folder(date)));
  return { slots, calls: broker.calls() };
}

async function slotsIn(folder: ReturnType<ReturnType<typeof dayFolders>['folder']>) {
  const slots: Instant[] = [];
  for await (const block of folder.rows()) {
    for (const row of block) if (row !== null) slots.push(keyOf(row).slot);
  }
  return slots;
}

export function fiveSeconds(): SamplingPlan {
  const parsed = parseSampling(REFERENCE_SYMBOLS.join(','), '5');
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}

const APP = 'BENCHMARK1-100';

/** A token in Fyers' form with a fake signature. */
function jwt(issuedAt: Instant): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const iat = Math.floor(issuedAt / SECOND);
  const claims = { sub: 'access_token', iat, exp: iat + 24 * 60 * 60 };
  return `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}.c2lnbmF0dXJl`;
}
