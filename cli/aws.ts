// Parameter Store as the operator's own identity sees it, with the operator's way out of each fault.
import { FyersError } from '../core/errors.ts';
import { type Names, type ParameterName, REGION } from '../core/names.ts';
import type { Session } from './io.ts';
import { withNextStep } from './next-steps.ts';

export type ReadParameter = (name: ParameterName) => Promise<string | null>;

const NEXT_STEPS: Readonly<Partial<Record<FyersError['code'], string>>> = {
  'operator.credentials':
    'Run `aws configure` or choose a profile with AWS_PROFILE, check it with `aws sts get-caller-identity`, and repeat the command.',
  'platform.permission':
    'Allow your own AWS identity that action on that resource, or use one that may.',
  'platform.store': `Check the connection to AWS (${REGION}), and try again in a few minutes.`,
};

/**
 * Null where there is no such parameter.
 * Errors: `operator.credentials`, `platform.permission` naming action and resource, `platform.store`.
 */
export async function parameterReader(session: Session, names: Names): Promise<ReadParameter> {
  const { SSMClient } = await import('@aws-sdk/client-ssm');
  const client = new SSMClient(session.io.aws);
  const { parameterStore } = await import('../adapters/aws/parameters.ts');
  const store = parameterStore({ client, names, onSecret: session.hide });
  return async (name) => {
    try {
      return await store.read(name);
    } catch (caught) {
      throw forTheOperator(caught);
    }
  };
}

/** The adapter's next steps are for a role of the program; here it is a person who asks. */
export function forTheOperator(caught: unknown): unknown {
  return withNextStep(caught, NEXT_STEPS);
}
