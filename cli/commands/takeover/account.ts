// Reads and removes the resources that the Python original's deploy script created in an account, under that script's
// names.
import * as z from 'zod/mini';
import { readTokenFiles } from '../../../adapters/operator/env-and-token-files.ts';
import { writeAccessToken, writeRefreshToken } from '../../../adapters/operator/token-folder.ts';
import { environmentName, type Key, rowOf } from '../../../core/config/keys.ts';
import { PROJECT, REGION } from '../../../core/config/names.ts';
import { parseAccessToken, parseRefreshToken } from '../../../core/config/values.ts';
import { FyersError } from '../../../core/errors.ts';
import { decodeToken } from '../../../core/token/jwt.ts';
import { awsCall, nullIfNotFound } from '../../shared/aws.ts';
import type { AwsOptions } from '../../shared/io.ts';
import type { Pulumi } from '../../shared/pulumi.ts';
import { parseOrThrow } from '../../shared/settings.ts';

export const LEFT = {
  rule: 'FyersTokenRefreshDaily',
  function: 'FyersTokenRefresh',
  logGroup: '/aws/lambda/FyersTokenRefresh',
  role: 'FyersTokenRefreshRole',
  policy: 'FyersTokenRefreshPolicy',
  parameters: ['FYERS_CLIENT_ID', 'FYERS_SECRET_KEY', 'FYERS_ACCESS_TOKEN', 'FYERS_REFRESH_TOKEN'],
  secret: 'FYERS_PIN',
} as const;

export type LeftParameter = (typeof LEFT.parameters)[number];

/** Who deployed the function with that name: the original's runtime is Python, this program's is Node. */
type Owner = 'reference' | 'ours' | 'unknown';

export interface LeftFunction {
  readonly owner: Owner;
  readonly runtime: string;
}

export interface LeftSecret {
  /** Null if the secret was deleted and its name stays reserved until the recovery window ends. */
  readonly value: string | null;
}

/**
 * Reading changes nothing; removing a missing resource has no effect. Errors: those of every AWS call by the operator.
 */
export type Account = Awaited<ReturnType<typeof accountOf>>;

export async function accountOf(aws: AwsOptions) {
  const parts = await Promise.all([ruleIn(aws), functionIn(aws), logGroupIn(aws), roleIn(aws)]);
  const [rule, lambda, logGroup, role] = parts;
  const [parameters, secret] = await Promise.all([parametersIn(aws), secretIn(aws)]);
  return { rule, lambda, logGroup, role, parameters, secret };
}

async function ruleIn(aws: AwsOptions) {
  const sdk = await import('@aws-sdk/client-eventbridge');
  const client = new sdk.EventBridgeClient(aws);
  const Name = LEFT.rule;
  return {
    async find(): Promise<{ readonly enabled: boolean } | null> {
      const found = await nullIfNotFound(`Reading the rule ${Name}`, () =>
        client.send(new sdk.DescribeRuleCommand({ Name })),
      );
      return found === null ? null : { enabled: found.State !== 'DISABLED' };
    },
    disable: () =>
      nullIfNotFound(`Disabling the rule ${Name}`, () =>
        client.send(new sdk.DisableRuleCommand({ Name })),
      ),
    remove: () =>
      nullIfNotFound(`Removing the rule ${Name}`, async () => {
        const { Targets = [] } = await client.send(
          new sdk.ListTargetsByRuleCommand({ Rule: Name }),
        );
        const Ids = Targets.flatMap(({ Id }) => Id ?? []);
        if (Ids.length > 0) await client.send(new sdk.RemoveTargetsCommand({ Rule: Name, Ids }));
        await client.send(new sdk.DeleteRuleCommand({ Name }));
      }),
  };
}

async function functionIn(aws: AwsOptions) {
  const sdk = await import('@aws-sdk/client-lambda');
  const client = new sdk.LambdaClient(aws);
  const FunctionName = LEFT.function;
  return {
    async find(): Promise<LeftFunction | null> {
      const found = await nullIfNotFound(`Reading the function ${FunctionName}`, () =>
        client.send(new sdk.GetFunctionConfigurationCommand({ FunctionName })),
      );
      if (found === null) return null;
      const { Runtime = '', Handler = '' } = found;
      return { owner: ownerOf(Runtime, Handler), runtime: Runtime };
    },
    remove: () =>
      nullIfNotFound(`Removing the function ${FunctionName}`, () =>
        client.send(new sdk.DeleteFunctionCommand({ FunctionName })),
      ),
  };
}

function ownerOf(runtime: string, handler: string): Owner {
  if (runtime.startsWith('nodejs')) return 'ours';
  const isTheirs = runtime.startsWith('python') && handler === 'refresh_token.lambda_handler';
  return isTheirs ? 'reference' : 'unknown';
}

async function logGroupIn(aws: AwsOptions) {
  const sdk = await import('@aws-sdk/client-cloudwatch-logs');
  const client = new sdk.CloudWatchLogsClient(aws);
  const logGroupName = LEFT.logGroup;
  return {
    async find(): Promise<boolean> {
      const { logGroups = [] } = await awsCall(`Reading the log group ${logGroupName}`, () =>
        client.send(new sdk.DescribeLogGroupsCommand({ logGroupNamePrefix: logGroupName })),
      );
      return logGroups.some((each) => each.logGroupName === logGroupName);
    },
    remove: () =>
      nullIfNotFound(`Removing the log group ${logGroupName}`, () =>
        client.send(new sdk.DeleteLogGroupCommand({ logGroupName })),
      ),
  };
}

async function roleIn(aws: AwsOptions) {
  const sdk = await import('@aws-sdk/client-iam');
  const client = new sdk.IAMClient(aws);
  const { role: RoleName, policy: PolicyName } = LEFT;
  return {
    async find(): Promise<boolean> {
      const found = await nullIfNotFound(`Reading the role ${RoleName}`, () =>
        client.send(new sdk.GetRoleCommand({ RoleName })),
      );
      return found !== null;
    },
    /** Removes only the original's own policy: AWS keeps a role that has other policies attached. */
    async remove(): Promise<void> {
      await nullIfNotFound(`Removing the policy ${PolicyName}`, () =>
        client.send(new sdk.DeleteRolePolicyCommand({ RoleName, PolicyName })),
      );
      await nullIfNotFound(`Removing the role ${RoleName}`, () =>
        client.send(new sdk.DeleteRoleCommand({ RoleName })),
      );
    },
  };
}

async function parametersIn(aws: AwsOptions) {
  const sdk = await import('@aws-sdk/client-ssm');
  const client = new sdk.SSMClient(aws);
  return {
    async read(Name: LeftParameter): Promise<string | null> {
      const found = await nullIfNotFound(`Reading the parameter ${Name}`, () =>
        client.send(new sdk.GetParameterCommand({ Name, WithDecryption: true })),
      );
      return found?.Parameter?.Value ?? null;
    },
    remove: (Name: LeftParameter) =>
      nullIfNotFound(`Removing the parameter ${Name}`, () =>
        client.send(new sdk.DeleteParameterCommand({ Name })),
      ),
  };
}

async function secretIn(aws: AwsOptions) {
  const sdk = await import('@aws-sdk/client-secrets-manager');
  const client = new sdk.SecretsManagerClient(aws);
  const SecretId = LEFT.secret;
  return {
    async read(): Promise<LeftSecret | null> {
      const about = await nullIfNotFound(`Reading the secret ${SecretId}`, () =>
        client.send(new sdk.DescribeSecretCommand({ SecretId })),
      );
      if (about === null) return null;
      if (about.DeletedDate !== undefined) return { value: null };
      const found = await nullIfNotFound(`Reading the secret ${SecretId}`, () =>
        client.send(new sdk.GetSecretValueCommand({ SecretId })),
      );
      return { value: found?.SecretString ?? null };
    },
    /**
     * Delete immediately: during a recovery window the name is reserved, and `pulumi up` could not create its own
     * secret.
     */
    remove: () =>
      nullIfNotFound(`Removing the secret ${SecretId}`, () =>
        client.send(new sdk.DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true })),
      ),
  };
}

// Copies the original's values into Pulumi's configuration and the token files before anything is removed.

interface ConfigPlace {
  /** The name in the account. */
  readonly name: string;
  readonly key: Key;
  /** How to remove the account's value if the operator wants to keep the configured one. */
  readonly drop: string;
}

function parameterPlace(key: Key): ConfigPlace {
  const name = environmentName(key);
  return { name, key, drop: `aws ssm delete-parameter --name ${name} --region ${REGION}` };
}

export const CONFIG_PLACES = {
  FYERS_CLIENT_ID: parameterPlace('clientId'),
  FYERS_SECRET_KEY: parameterPlace('secretKey'),
  [LEFT.secret]: {
    name: LEFT.secret,
    key: 'pin',
    drop: `aws secretsmanager delete-secret --secret-id ${LEFT.secret} --force-delete-without-recovery --region ${REGION}`,
  },
} as const satisfies Readonly<Record<string, ConfigPlace>>;

const Config = z.record(z.string(), z.object({ value: z.optional(z.string()) }));

export interface Configuration {
  /**
   * Writes the value and reads it back. @returns the result, for people. @throws FyersError as {@link
   * configurationIn}
   */
  keep(place: ConfigPlace, value: string): Promise<string>;
  /**
   * @throws FyersError `operator.takeover` for a value that could not be kept: malformed, or a different one is
   * configured
   */
  check(place: ConfigPlace, value: string): void;
}

/** Errors: `operator.prerequisite`, `operator.config`; `operator.takeover` for a value that cannot be kept. */
export async function configurationIn(
  pulumi: Pulumi,
  stack: string,
  hide: (secret: string) => void,
): Promise<Configuration> {
  const read = async (): Promise<ReadonlyMap<string, string>> => {
    const text = await pulumi(['config', '--json', '--show-secrets', '--stack', stack], '');
    const values = Config.parse(JSON.parse(text === '' ? '{}' : text));
    const entries = Object.entries(values).flatMap(([name, { value }]) =>
      value === undefined ? [] : [[name, value] as const],
    );
    for (const [, value] of entries) hide(value);
    return new Map(entries);
  };
  let known = await read();
  const current = ({ key }: ConfigPlace) => known.get(`${PROJECT}:${key}`);
  const check = (place: ConfigPlace, value: string): void => {
    const parsed = rowOf(place.key).parse(value);
    if (!parsed.ok) throw malformedError(place, parsed.problem);
    const there = current(place);
    if (there !== undefined && there.trim() !== value) throw conflictError(place, stack);
  };
  return {
    check,
    async keep(place, value) {
      check(place, value);
      const where = `${place.key} in the configuration of ${stack}, encrypted`;
      if (current(place) !== undefined) return `${where} (already there)`;
      await pulumi(['config', 'set', '--secret', '--stack', stack, place.key], value);
      known = await read();
      if (current(place)?.trim() === value) return where;
      throw notKeptError(place.name, `\`pulumi config get ${place.key}\` returns another value`);
    },
  };
}

type TokenName = 'FYERS_ACCESS_TOKEN' | 'FYERS_REFRESH_TOKEN';

/**
 * Keeps the token that was issued later: writes the account's token to the file, or keeps the file's.
 * @returns the result, for people
 * @throws FyersError `operator.token-file` for an unreadable file, `platform.disk`, `operator.takeover`
 */
export async function keepToken(folder: string, name: TokenName, text: string): Promise<string> {
  const token = text.trim();
  const claims = decodeToken(token);
  if (claims === null) return 'not a token of Fyers, so it is not kept';
  const current = newestIn(folder, name);
  if (current === token) return 'already next to .env';
  const issuedAt = current === null ? null : (decodeToken(current)?.issuedAt ?? null);
  if (issuedAt !== null && issuedAt >= claims.issuedAt)
    return 'the newer token next to .env was kept';
  const files = await write(folder, name, token);
  if (newestIn(folder, name) === token) return files.join(' and ');
  throw notKeptError(name, `the files (${files.join(', ')}) have another value`);
}

/** @returns the files, readable by their owner only */
async function write(folder: string, name: TokenName, text: string): Promise<readonly string[]> {
  return name === 'FYERS_ACCESS_TOKEN'
    ? writeAccessToken(folder, parseOrThrow(name, parseAccessToken(text)))
    : writeRefreshToken(folder, parseOrThrow(name, parseRefreshToken(text)));
}

/** @throws FyersError `operator.token-file` */
export function newestIn(folder: string, name: TokenName): string | null {
  const { accessToken, refreshToken, problems } = readTokenFiles(folder);
  if (problems.length === 0) return name === 'FYERS_ACCESS_TOKEN' ? accessToken : refreshToken;
  throw new FyersError(
    'operator.token-file',
    problems.join(' '),
    'Then run `./fyers takeover` again.',
  );
}

function malformedError({ name, drop }: ConfigPlace, problem: string): FyersError {
  return new FyersError(
    'operator.takeover',
    `${name} in the account ${problem}, so it cannot be configured. Nothing was changed.`,
    `If you do not need it, remove it with \`${drop}\`, and run \`./fyers takeover\` again.`,
  );
}

function conflictError({ name, key, drop }: ConfigPlace, stack: string): FyersError {
  return new FyersError(
    'operator.takeover',
    `${key} in the configuration of ${stack} differs from ${name} in the account, and only you know which one is right.`,
    `To use the account's: \`pulumi config rm --stack ${stack} ${key}\`. To keep the configured one: \`${drop}\`. Then run \`./fyers takeover\` again.`,
  );
}

function notKeptError(name: string, why: string): FyersError {
  return new FyersError(
    'operator.takeover',
    `${name} was written, but ${why}. Nothing was removed.`,
    'Check the file, and run `./fyers takeover` again.',
  );
}
