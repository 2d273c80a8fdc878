// Makes the feed that really sends requests, for the symbols of `recorded-session.ts`.
import { restDepth } from '../../adapters/fyers/depth-feed.ts';
import { parseSampling } from '../../core/config/values.ts';
import type { Clock, DepthFeed } from '../../core/ports.ts';
import { SYMBOLS } from './recorded-session.ts';
import { APP, must } from './rest-feed.ts';

interface AskingFeedOptions {
  readonly apiUrl: string;
  readonly clock: Clock;
  readonly everySeconds: number;
  readonly deadlineMs?: number;
}

export function askingFeed(options: AskingFeedOptions): DepthFeed {
  const { apiUrl, clock, deadlineMs = 4_000 } = options;
  const sampling = must(parseSampling(SYMBOLS.join(), String(options.everySeconds)));
  const strikes = { read: () => Promise.resolve(0), write: () => Promise.resolve() };
  return restDepth({ apiUrl, appId: () => APP, sampling, clock, strikes, deadlineMs });
}
