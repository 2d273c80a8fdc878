// Slots expected, received and explained. The list of reasons is closed: a hole with none of them is a red day.

export const HOLE_REASONS = [
  'no-token',
  'token-refused',
  'unknown-symbol',
  'rate-limited',
  'blocked-for-the-day',
  'timeout',
  'unreachable',
  'broker-error',
  'malformed-answer',
  'late',
  'not-running',
  'stopped',
  'clock-jump',
  'disk',
] as const;

export type HoleReason = (typeof HOLE_REASONS)[number];
