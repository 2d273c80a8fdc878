// Maps the reason for a missing slot to one of five colours by responsibility; the colours also differ in lightness.
import type { HoleReason, PlannedSlot } from '../../../core/recording/coverage.ts';

export type Tone = 'received' | 'token' | 'broker' | 'ours' | 'unexplained';

const TONES: Readonly<Record<HoleReason, Tone>> = {
  'no-token': 'token',
  'token-refused': 'token',
  'unknown-symbol': 'broker',
  'rate-limited': 'broker',
  'blocked-for-the-day': 'broker',
  timeout: 'broker',
  unreachable: 'broker',
  'broker-error': 'broker',
  'malformed-answer': 'broker',
  late: 'ours',
  'not-running': 'ours',
  stopped: 'ours',
  'clock-jump': 'ours',
  disk: 'ours',
  'socket-closed': 'broker',
  'no-snapshot': 'broker',
  'sequence-gap': 'broker',
  silent: 'broker',
  'stream-refused': 'broker',
};

export const TONE_WORDS: Readonly<Record<Tone, string>> = {
  received: 'recorded',
  token: 'no valid token',
  broker: 'the broker or the network',
  ours: 'the harvester or its machine',
  unexplained: 'unexplained',
};

export function toneOf(state: PlannedSlot['state']): Tone {
  return state === 'received' || state === 'unexplained' ? state : TONES[state];
}
