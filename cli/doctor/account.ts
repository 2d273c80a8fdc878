// Who the operator is to AWS, and what the account allows.
import { REGION } from '../../core/names.ts';
import { asOperator } from '../aws.ts';
import { type Finding, type Patient, WITHOUT_AWS, ok, problem } from './finding.ts';

/** What AWS gives a new account; enough for three functions that run a few times a day. */
const SMALL_QUOTA = 10;

export async function identityFinding({ session, identity }: Patient): Promise<Finding> {
  const { account, arn } = await identity();
  const elsewhere = session.io.env['AWS_REGION'] ?? REGION;
  const note = elsewhere === REGION ? '' : `, whatever AWS_REGION says (${elsewhere})`;
  return ok(`${arn}, account ${account}; region ${REGION}${note}`);
}

export async function quotaFinding({ session, hasAws }: Patient): Promise<Finding> {
  if (!(await hasAws())) return WITHOUT_AWS;
  const { LambdaClient } = await import('@aws-sdk/client-lambda');
  const { concurrencyOf } = await import('../../adapters/aws/deployed-function.ts');
  const client = new LambdaClient(session.io.aws);
  const { limit, unreserved } = await asOperator(concurrencyOf(client));
  if (unreserved < 1) {
    return problem(
      `other functions have reserved all ${String(limit)} runs at a time of the account`,
      `Ask for more at https://${REGION}.console.aws.amazon.com/servicequotas/home/services/lambda/quotas (Concurrent executions), or take reservations back.`,
    );
  }
  return ok(
    limit <= SMALL_QUOTA
      ? `${String(limit)} runs at a time: enough while reserved concurrency is off, as it is by default`
      : `${String(limit)} runs at a time, ${String(unreserved)} of them free`,
  );
}
