import { FyersError } from '../core/errors.ts';
import { asSentence } from '../core/text.ts';

/**
 * The same error with what to do here, if its code has a better step here. A step that belongs to one cause is kept:
 * only a general one is replaced.
 */
export function withNextStep(
  caught: unknown,
  nextSteps: Readonly<Partial<Record<FyersError['code'], string>>>,
): unknown {
  if (!(caught instanceof FyersError) || !caught.isGeneral) return caught;
  const nextStep = nextSteps[caught.code];
  return nextStep === undefined ? caught : replaced(caught, nextStep);
}

/** The same error with more to do after its own step. */
export function withMoreToDo(caught: FyersError, more: string): FyersError {
  return replaced(caught, `${asSentence(caught.nextStep)} ${more}`);
}

function replaced(caught: FyersError, nextStep: string): FyersError {
  const problem = caught.message.slice(0, -caught.nextStep.length).trim();
  const { code, isGeneral } = caught;
  return new FyersError(code, problem, nextStep, { cause: caught, isGeneral });
}
