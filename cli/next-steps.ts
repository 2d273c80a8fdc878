import { FyersError } from '../core/errors.ts';

/** The same error with what is to do here, where the code has something to do here that it has not elsewhere. */
export function withNextStep(
  caught: unknown,
  nextSteps: Readonly<Partial<Record<FyersError['code'], string>>>,
): unknown {
  if (!(caught instanceof FyersError)) return caught;
  const nextStep = nextSteps[caught.code];
  if (nextStep === undefined) return caught;
  const problem = caught.message.slice(0, -caught.nextStep.length).trim();
  return new FyersError(caught.code, problem, nextStep, { cause: caught });
}
