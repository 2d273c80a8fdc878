// What of the reference is in the account: read, and shown without a value.
import { displayFingerprint } from '../../core/token/digest.ts';
import { decodeToken } from '../../core/token/jwt.ts';
import { formatIst } from '../../core/time.ts';
import type { Session } from '../io.ts';
import { type Cell, type Terminal, table } from '../terminal.ts';
import {
  type Account,
  LEFT,
  type LeftFunction,
  type LeftParameter,
  type LeftSecret,
} from './account.ts';

export interface Inventory {
  readonly rule: { readonly enabled: boolean } | null;
  readonly lambda: LeftFunction | null;
  readonly logGroup: boolean;
  readonly role: boolean;
  readonly parameters: Readonly<Record<LeftParameter, string | null>>;
  readonly secret: LeftSecret | null;
}

/** Errors: as every call of the operator's. */
export async function inventoryOf({ hide }: Session, account: Account): Promise<Inventory> {
  const read = async (name: LeftParameter) => {
    const value = await account.parameters.read(name);
    if (value !== null) hide(value);
    return value;
  };
  const [rule, lambda, logGroup, role, secret] = await Promise.all([
    account.rule.find(),
    account.lambda.find(),
    account.logGroup.find(),
    account.role.find(),
    account.secret.read(),
  ]);
  const parameters = {
    FYERS_CLIENT_ID: await read('FYERS_CLIENT_ID'),
    FYERS_SECRET_KEY: await read('FYERS_SECRET_KEY'),
    FYERS_ACCESS_TOKEN: await read('FYERS_ACCESS_TOKEN'),
    FYERS_REFRESH_TOKEN: await read('FYERS_REFRESH_TOKEN'),
  };
  return { rule, lambda, logGroup, role, parameters, secret };
}

export function isEmpty(found: Inventory): boolean {
  return rowsOf(found).every(({ there }) => !there);
}

export function linesOf(terminal: Terminal, found: Inventory): readonly string[] {
  const rows = rowsOf(found).map(({ kind, name, there, about }): readonly Cell[] => [
    { text: kind },
    { text: name },
    { text: there ? 'present' : 'absent', tone: there ? 'strong' : 'quiet' },
    { text: there ? about : '-', tone: 'quiet' },
  ]);
  return table(terminal, ['Left by the reference', 'Name', 'State', 'About'], rows);
}

interface Row {
  readonly kind: string;
  readonly name: string;
  readonly there: boolean;
  readonly about: string;
}

/** In the order in which they are removed. */
function rowsOf({ rule, lambda, logGroup, role, parameters, secret }: Inventory): readonly Row[] {
  const row = (kind: string, name: string, there: boolean, about: string): Row => ({
    kind,
    name,
    there,
    about,
  });
  return [
    row(
      'EventBridge rule',
      LEFT.rule,
      rule !== null,
      rule?.enabled === true ? 'enabled' : 'disabled',
    ),
    row('Lambda function', LEFT.function, lambda !== null, lambda?.runtime ?? ''),
    row('log group', LEFT.logGroup, logGroup, 'its old logs'),
    row('IAM role', LEFT.role, role, `with ${LEFT.policy}`),
    ...LEFT.parameters.map((name) => {
      const value = parameters[name];
      return row('SSM parameter', name, value !== null, aboutValue(name, value));
    }),
    row(
      'secret',
      LEFT.secret,
      secret !== null,
      secret?.value === null ? 'deleted, its name is still taken' : 'a value',
    ),
  ];
}

/** Only tokens are long enough for a fingerprint that gives nothing away. */
function aboutValue(name: LeftParameter, value: string | null): string {
  if (name === 'FYERS_CLIENT_ID' || name === 'FYERS_SECRET_KEY') return 'a value';
  const token = value?.trim() ?? '';
  const claims = decodeToken(token);
  return claims === null
    ? 'not a token of Fyers'
    : `${displayFingerprint(token)}, issued ${formatIst(claims.issuedAt)}, until ${formatIst(claims.expiresAt)}`;
}
