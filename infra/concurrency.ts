// How many executions at a time the login function may have: everybody can call it, and each costs the account.
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';

/** For one person's phone; requests that are junk take milliseconds. */
const LOGIN_EXECUTIONS_MAX = 5;
/**
 * What Lambda leaves to functions without a reservation ("PutFunctionConcurrency"). An account whose quota is below that,
 * as that of each new account is with 10, can reserve nothing: its small quota is the bound.
 */
const UNRESERVED_EXECUTIONS_MIN = 100;
/** "Concurrent executions" of AWS Lambda, for the region. */
const QUOTA = { serviceCode: 'lambda', quotaCode: 'L-B99A9384' } as const;

/** What the operator wants: a number for refresh and login each, none, or what the account's quota allows. */
export type Reservation = number | 'none' | 'byQuota';

/** By function; null for no reservation. The watch only looks, and has no need of any. */
export interface Reserved {
  readonly refresh: number | null;
  readonly login: number | null;
}

/** Null where Lambda would refuse it. */
function loginReservation(quota: number): number | null {
  return quota - LOGIN_EXECUTIONS_MAX >= UNRESERVED_EXECUTIONS_MIN ? LOGIN_EXECUTIONS_MAX : null;
}

/** Never fails: an operator who may not read the quota gets the stack without the bound, and a line that says so. */
export async function reservedBy(wanted: Reservation, provider: aws.Provider): Promise<Reserved> {
  if (wanted === 'none') return { refresh: null, login: null };
  if (wanted !== 'byQuota') return { refresh: wanted, login: wanted };
  try {
    const { value } = await aws.servicequotas.getServiceQuota(QUOTA, { provider });
    return { refresh: null, login: loginReservation(value) };
  } catch {
    await pulumi.log.info(
      'The quota of Lambda could not be read (servicequotas:GetServiceQuota), so the executions of the login function are not bounded. `npx --no-install fyers doctor` shows the quota; `pulumi config set reservedConcurrency NUMBER` sets a bound.',
    );
    return { refresh: null, login: null };
  }
}
