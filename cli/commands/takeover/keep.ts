// Copies the original's values into Pulumi's configuration and the token files before anything is removed.
import * as z from 'zod/mini';
import { readTokenFiles } from '../../../adapters/operator/env-and-token-files.ts';
import { writeAccessToken, writeRefreshToken } from '../../../adapters/operator/token-folder.ts';
import {
  type Parsed,
  parseAccessToken,
  parseAppId,
  parseAppSecret,
  parsePin,
  parseRefreshToken,
} from '../../../core/config/values.ts';
import { FyersError } from '../../../core/errors.ts';
import { PROJECT, REGION } from '../../../core/config/names.ts';
import { decodeToken } from '../../../core/token/jwt.ts';
import type { Pulumi } from '../../shared/pulumi.ts';
import { parseOrThrow } from '../../shared/settings.ts';
import { LEFT } from './account.ts';

interface ConfigPlace {
  readonly name: string;
  readonly key: string;
  readonly parse: (text: string) => Parsed<string>;
  /** How to remove the account's value if the operator wants to keep the configured one. */
  readonly drop: string;
}

const deleteParameterCommand = (name: string) =>
  `aws ssm delete-parameter --name ${name} --region ${REGION}`;

export const CONFIG_PLACES = {
  FYERS_CLIENT_ID: {
    name: 'FYERS_CLIENT_ID',
    key: 'clientId',
    parse: parseAppId,
    drop: deleteParameterCommand('FYERS_CLIENT_ID'),
  },
  FYERS_SECRET_KEY: {
    name: 'FYERS_SECRET_KEY',
    key: 'secretKey',
    parse: parseAppSecret,
    drop: deleteParameterCommand('FYERS_SECRET_KEY'),
  },
  [LEFT.secret]: {
    name: LEFT.secret,
    key: 'pin',
    parse: parsePin,
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
    const parsed = place.parse(value);
    if (!parsed.ok) throw malformedError(place, parsed.problem);
    const there = current(place);
    if (there !== undefined && there.trim() !== value) throw conflictError(place, stack);
  };
  return {
    check,
    async keep(place, value) {
      check(place, value);
      const where = `${place.key} in the configuration of ${stack}, encrypted`;
      if (current(place) !== undefined) return `${where} (was there)`;
      await pulumi(['config', 'set', '--secret', '--stack', stack, place.key], value);
      known = await read();
      if (current(place)?.trim() === value) return where;
      throw notKeptError(place.name, `\`pulumi config get ${place.key}\` gives something else`);
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
  if (current === token) return `already next to .env`;
  const issuedAt = current === null ? null : (decodeToken(current)?.issuedAt ?? null);
  if (issuedAt !== null && issuedAt >= claims.issuedAt)
    return 'the newer token next to .env was kept';
  const files = await write(folder, name, token);
  if (newestIn(folder, name) === token) return files.join(' and ');
  throw notKeptError(name, `${files.join(' and ')} hold something else`);
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
    'Then run `npx --no-install fyers takeover` again.',
  );
}

function malformedError({ name, drop }: ConfigPlace, problem: string): FyersError {
  return new FyersError(
    'operator.takeover',
    `${name} in the account ${problem}, so it cannot be configured. Nothing was changed.`,
    `Remove it with \`${drop}\` if it is worth nothing, and run \`npx --no-install fyers takeover\` again.`,
  );
}

function conflictError({ name, key, drop }: ConfigPlace, stack: string): FyersError {
  return new FyersError(
    'operator.takeover',
    `${key} in the configuration of ${stack} is another value than ${name} in the account, and only you know which one is right.`,
    `To take the account's: \`pulumi config rm --stack ${stack} ${key}\`. To stay with the configured one: \`${drop}\`. Then run \`npx --no-install fyers takeover\` again.`,
  );
}

function notKeptError(name: string, why: string): FyersError {
  return new FyersError(
    'operator.takeover',
    `${name} was written and read back, and ${why}. Nothing was removed.`,
    'Check the file, and run `npx --no-install fyers takeover` again.',
  );
}
