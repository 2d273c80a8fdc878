// Parameter Store as the operator's own identity sees it, with the operator's way out of each fault.
import { FyersError } from '../core/errors.ts';
import { type Names, type ParameterName, REGION } from '../core/names.ts';
import type { TokenStore } from '../core/ports.ts';
import type { Session } from './io.ts';
import { withNextStep } from './next-steps.ts';

export type ReadParameter = (name: ParameterName) => Promise<string | null>;

/** AWS's names for what is not there, each service its own. */
const ABSENT: ReadonlySet<string> = new Set([
  'ResourceNotFoundException',
  'NoSuchEntityException',
  'NoSuchEntity',
  'ParameterNotFound',
  'NotFound',
  'NotFoundException',
]);

const NEXT_STEPS: Readonly<Partial<Record<FyersError['code'], string>>> = {
  'operator.credentials':
    'Run `aws configure` or choose a profile with AWS_PROFILE, check it with `aws sts get-caller-identity`, and repeat the command.',
  'platform.permission':
    'Allow your own AWS identity that action on that resource (`aws sts get-caller-identity` names it), or use one that may.',
  'platform.store': `Check the connection to AWS (${REGION}) with \`npx --no-install fyers doctor\`, and try again in a few minutes.`,
};

/**
 * Null where there is no such parameter.
 * Errors: `operator.credentials`, `platform.permission` naming action and resource, `platform.store`.
 */
export async function parameterReader(session: Session, names: Names): Promise<ReadParameter> {
  const store = await parametersOf(session, names);
  return (name) => store.read(name);
}

/**
 * Errors: `operator.credentials`, `platform.permission` naming action and resource, `platform.store`.
 *
 * @param keyId the key that encrypts what is written; default: the account's own for parameters
 */
export async function parametersOf(
  session: Session,
  names: Names,
  keyId?: string,
): Promise<TokenStore> {
  const { SSMClient } = await import('@aws-sdk/client-ssm');
  const client = new SSMClient(session.io.aws);
  const { parameterStore } = await import('../adapters/aws/parameters.ts');
  const store = parameterStore({ client, names, keyId, onSecret: session.hide });
  return {
    read: (name) => asOperator(store.read(name)),
    write: (name, value) => asOperator(store.write(name, value)),
  };
}

/** What AWS answered to the operator's own identity: its faults get the operator's way out. */
export async function asOperator<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (caught) {
    throw forTheOperator(caught);
  }
}

/** Runs one call of the operator's. Errors: as {@link parameterReader}, naming what was being done, such as "Reading the alarms". */
export async function awsCall<T>(doing: string, call: () => Promise<T>): Promise<T> {
  const { awsFault } = await import('../adapters/aws/fault.ts');
  try {
    return await call();
  } catch (caught) {
    throw forTheOperator(awsFault(caught, doing));
  }
}

/** The same, null where AWS says that there is no such thing. */
export function ifThere<T>(doing: string, call: () => Promise<T>): Promise<T | null> {
  return awsCall(doing, async () => {
    try {
      return await call();
    } catch (caught) {
      if (caught instanceof Error && ABSENT.has(caught.name)) return null;
      throw caught;
    }
  });
}

/** The adapter's next steps are for a role of the program; here it is a person who asks. */
export function forTheOperator(caught: unknown): unknown {
  return withNextStep(caught, NEXT_STEPS);
}
