// Discards the progress of `npm start`, for tests that check results only.
import type { Progress } from '../../sandbox/steps/progress.ts';

export const quietProgress: Progress = {
  step: (_, work) => work(),
  note: () => undefined,
  warn: () => undefined,
  rows: () => undefined,
  details: () => undefined,
  status: () => undefined,
  verdict: () => undefined,
};
