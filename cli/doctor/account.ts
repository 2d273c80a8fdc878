// Who the operator is to AWS, and what the account allows.
import { REGION } from '../../core/names.ts';
import { asOperator } from '../aws.ts';
import { type Finding, type Patient, WITHOUT_AWS, ok, problem } from './finding.ts';

/** What Lambda leaves to functions without a reservation (AWS Lambda API, "PutFunctionConcurrency"). */
const UNRESERVED_MIN = 100;

export async function identityFinding({ session, identity }: Patient): Promise<Finding> {
  const { account, arn } = await identity();
  const elsewhere = session.io.env['AWS_REGION'] ?? REGION;
  const note = elsewhere === REGION ? '' : `, whatever AWS_REGION says (${elsewhere})`;
  return ok(`${arn}, account ${account}; region ${REGION}${note}`);
}

export async function quotaFinding({
  session,
  names,
  hasAws,
  deployed,
}: Patient): Promise<Finding> {
  if (!(await hasAws())) return WITHOUT_AWS;
  const { LambdaClient } = await import('@aws-sdk/client-lambda');
  const { concurrencyOf, reservationOf } = await import('../../adapters/aws/deployed-function.ts');
  const client = new LambdaClient(session.io.aws);
  const { limit, unreserved } = await asOperator(concurrencyOf(client));
  if (unreserved < 1) {
    return problem(
      `other functions have reserved all ${String(limit)} runs at a time of the account`,
      `Ask for more at https://${REGION}.console.aws.amazon.com/servicequotas/home/services/lambda/quotas (Concurrent executions), or take reservations back.`,
    );
  }
  const bound =
    (await deployed('login')) === null
      ? null
      : await asOperator(reservationOf(client, names().function('login')));
  if (bound !== null) {
    return ok(`${free(limit, unreserved)}; the login page is bounded to ${String(bound)}`);
  }
  return ok(
    limit <= UNRESERVED_MIN
      ? `${String(limit)} runs at a time: enough while reserved concurrency is off. They are what bounds the login page: Lambda lets a function have a bound of its own where ${String(UNRESERVED_MIN)} runs stay for the others`
      : `${free(limit, unreserved)}; the login page is not bounded: \`pulumi up\` does it where ${String(UNRESERVED_MIN)} stay free, unless \`reservedConcurrency\` is none`,
  );
}

function free(limit: number, unreserved: number): string {
  return `${String(limit)} runs at a time, ${String(unreserved)} of them free`;
}
