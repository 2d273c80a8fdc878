// Finds the harvester's bucket, and replaces or extends the next step of an error.
import { FyersError } from '../../core/errors.ts';
import { ENVIRONMENT } from '../../core/config/names.ts';
import { asSentence } from '../../core/text.ts';
import type { Session } from './io.ts';
import { pulumiIn } from './pulumi.ts';
import { settingsOf } from './settings.ts';

const NEXT_STEPS: Parameters<typeof withNextStep>[1] = {
  'operator.prerequisite':
    'Name the bucket, as `./fyers check 2026-11-25 --bucket BUCKET` or in FYERS_BUCKET; or install the Pulumi CLI (https://www.pulumi.com/docs/install/), which knows it.',
};

/**
 * Returns FYERS_BUCKET, else the stack's output.
 * @throws FyersError `operator.config` if the stack has no harvester; errors of `pulumiIn`
 */
export async function bucketOf({ io }: Session): Promise<string> {
  const named = settingsOf(io.cwd, io.env)(ENVIRONMENT.bucket);
  if (named !== null) return named;
  const pulumi = pulumiIn({ folder: io.cwd, env: io.env });
  const output = await pulumi(['stack', 'output', 'bucket'], '').catch((caught: unknown) => {
    throw withNextStep(caught, NEXT_STEPS);
  });
  const bucket = output.trim();
  if (!bucket.startsWith('none')) return bucket;
  throw new FyersError(
    'operator.config',
    'This stack has no harvester.',
    'Name the bucket of another with --bucket, or run `pulumi config set harvester true` and `pulumi up`.',
  );
}

/**
 * Replaces the next step of an error if `nextSteps` has one for its code. Keeps a step that is specific to one cause;
 * only general steps are replaced.
 */
export function withNextStep(
  caught: unknown,
  nextSteps: Readonly<Partial<Record<FyersError['code'], string>>>,
): unknown {
  if (!(caught instanceof FyersError) || !caught.isGeneral) return caught;
  const nextStep = nextSteps[caught.code];
  return nextStep === undefined ? caught : withStep(caught, nextStep);
}

/** Appends a further step to the error's own. */
export function withMoreToDo(caught: FyersError, more: string): FyersError {
  return withStep(caught, `${asSentence(caught.nextStep)} ${more}`);
}

function withStep(caught: FyersError, nextStep: string): FyersError {
  const problem = caught.message.slice(0, -caught.nextStep.length).trim();
  const { code, isGeneral } = caught;
  return new FyersError(code, problem, nextStep, { cause: caught, isGeneral });
}
