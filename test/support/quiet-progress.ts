// Progress for tests that look at results and not at words.
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
