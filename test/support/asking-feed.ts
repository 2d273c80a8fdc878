// Makes the feed that really sends requests, for the symbols of `recorded-session.ts`.
import { restDepth } from '../../adapters/fyers/depth-feed.ts';
import { parseAppId, parseSampling } from '../../core/config/values.ts';
import type { Clock, DepthFeed } from '../../core/ports.ts';
import { SYMBOLS } from './recorded-session.ts';

interface AskingFeedOptions {
  readonly apiUrl: string;
  readonly clock: Clock;
  readonly everySeconds: number;
  readonly deadlineMs?: number;
}

export function askingFeed(options: AskingFeedOptions): DepthFeed {
  const sampling = parseSampling(SYMBOLS.join(), String(options.everySeconds));
  const app = parseAppId('ABCD1234EF-100');
  if (!sampling.ok || !app.ok) throw new Error('the test has wrong settings');
  const { apiUrl, clock, deadlineMs = 4_000 } = options;
  return restDepth({
    apiUrl,
    appId: () => app.value,
    sampling: sampling.value,
    clock,
    strikes: { read: () => Promise.resolve(0), write: () => Promise.resolve() },
    deadlineMs,
  });
}
