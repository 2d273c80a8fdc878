// Lists, shows and deletes the parameters in AWS SSM Parameter Store (`./fyers ssm`). Values are hidden unless the
// operator asks for them. Deleting everything also deletes states and claims.
import type { Command } from 'commander';
import {
  ENVIRONMENT,
  type Names,
  type ParameterName,
  PLACEHOLDER,
  REGION,
} from '../../../core/config/names.ts';
import {
  parseAppId,
  parseAppSecret,
  type Parsed,
  parseFyId,
  parseTelegram,
} from '../../../core/config/values.ts';
import { FyersError } from '../../../core/errors.ts';
import type { TokenStore } from '../../../core/ports.ts';
import { formatIst } from '../../../core/time.ts';
import { isForeign, type TokenClaims, type TokenKind } from '../../../core/token/jwt.ts';
import { findToken } from '../../../core/token/token-text.ts';
import { readMemory } from '../../../keeper/read.ts';
import {
  parameterReader,
  parametersOf,
  type ReadParameter,
  withOperatorHints,
} from '../../shared/aws.ts';
import type { Session } from '../../shared/io.ts';
import { parseOrThrow, parseSettingOrThrow, settingsOf } from '../../shared/settings.ts';
import { paint, table, type Tone } from '../../shared/terminal.ts';
import {
  fingerprintOf,
  keyOf,
  MIN_FINGERPRINTED_LENGTH,
  namesOfStack,
  parameterKeys,
  PARAMETERS,
  type Shared,
} from './parameters.ts';

export function addSsm(program: Command, session: Session): void {
  const ssm = program
    .command('ssm')
    .description('List, read, set and delete the parameters in AWS SSM Parameter Store.')
    .helpCommand(false)
    .addHelpText(
      'after',
      `
Works with your own AWS identity (\`aws configure\`), in ${REGION}, one call for each name. --suffix overrides
FYERS_SUFFIX in .env.`,
    );
  addList(ssm, session);
  addGet(ssm, session);
  addSet(ssm, session);
  addDelete(ssm, session);
}

interface DeleteOptions extends Shared {
  readonly all?: true;
  readonly yes?: true;
}

/** Written by the functions; the Pulumi program writes all others. */
const STATES: readonly ParameterName[] = ['FYERS_TOKEN_STATE', 'FYERS_LOGIN_STATE'];

function addDelete(ssm: Command, session: Session): void {
  ssm
    .command('delete')
    .description('Delete one parameter, or with --all every parameter of the stack. Asks first.')
    .argument('[NAME]', parameterKeys().join(', '))
    .option('--all', 'every parameter of the stack, with the states and the claims')
    .option('--yes', "don't ask; required without a terminal")
    .option('--suffix <SUFFIX>', 'the suffix of a second stack in the account')
    .option('--debug', 'show more detail when something fails')
    .addHelpText(
      'after',
      `
Use --all after \`pulumi destroy\`, which keeps the values that the functions wrote. It affects one stack only: without a
suffix, it does not touch stacks with a suffix; with a suffix, only that stack.

A deployed stack needs these parameters: \`pulumi refresh\` detects the removal, and the next \`pulumi up\` creates them
again, tokens as placeholders until the next login.

Examples:
  $ ./fyers ssm delete FYERS_TOKEN_STATE
  $ ./fyers ssm delete --all --suffix paper --yes`,
    )
    .action((name: string | undefined, options: DeleteOptions) => remove(session, name, options));
}

async function remove(
  session: Session,
  name: string | undefined,
  options: DeleteOptions,
): Promise<void> {
  const { io } = session;
  const names = namesOfStack(session, options);
  const key = keyGiven(name, options, names);
  const { SSMClient } = await import('@aws-sdk/client-ssm');
  const { ownParameters } = await import('../../../adapters/aws/parameters.ts');
  const parameters = ownParameters(new SSMClient(io.aws), names);
  const found =
    key === null
      ? await withOperatorHints(parameters.find(parameterKeys()))
      : [names.parameter(key)];
  if (found.length === 0) {
    io.out(`There is no parameter of this stack in Parameter Store (${REGION}).`);
    return;
  }
  if (!(await confirmRemoval(session, found, options))) {
    io.out('Nothing was removed.');
    return;
  }
  const removed: string[] = [];
  for (const full of found) {
    const was = await withOperatorHints(parameters.remove(full));
    io.out(was ? `Removed ${full}.` : `${full} did not exist.`);
    if (was) removed.push(full);
  }
  for (const line of describeConsequences(removed, names)) io.out(line);
}

/** Null for all. @throws FyersError `operator.usage` */
function keyGiven(
  name: string | undefined,
  { all }: DeleteOptions,
  names: Names,
): ParameterName | null {
  if ((name === undefined) === (all === true))
    return name === undefined ? null : keyOf(name, names);
  throw new FyersError(
    'operator.usage',
    name === undefined ? 'No parameter is named.' : '--all cannot be used with a name.',
    'Name one parameter of `./fyers ssm list`, or use --all.',
  );
}

/** @throws FyersError `operator.usage` without a terminal to ask at */
async function confirmRemoval(
  { io }: Session,
  found: readonly string[],
  { yes }: DeleteOptions,
): Promise<boolean> {
  if (yes === true) return true;
  if (io.person !== null) {
    io.err(found.map((full) => `  ${full}`).join('\n'));
    return io.person.confirm(`Remove ${found.length === 1 ? 'it' : 'them'} from AWS (${REGION})?`);
  }
  throw new FyersError(
    'operator.usage',
    `There is no terminal to confirm the removal of ${found.join(', ')}.`,
    'Check them with `./fyers ssm list`, and repeat the command with --yes.',
  );
}

function describeConsequences(removed: readonly string[], names: Names): readonly string[] {
  const states: readonly string[] = STATES.map(names.parameter);
  const ofProgram = removed.some(
    (full) => !states.includes(full) && !full.startsWith(names.claimPrefix),
  );
  return [
    ...(removed.some((full) => states.includes(full))
      ? [
          'Without its state a function no longer knows what Fyers refused, and may send it once more.',
        ]
      : []),
    ...(ofProgram
      ? [
          'If the stack is still deployed, run `pulumi refresh` and `pulumi up` to create its parameters again.',
        ]
      : []),
  ];
}

type State = 'present' | 'placeholder' | 'absent';

const TONES: Readonly<Record<State, Tone>> = {
  present: 'good',
  placeholder: 'bad',
  absent: 'quiet',
};

function addList(ssm: Command, session: Session): void {
  ssm
    .command('list')
    .description('List every parameter: whether it exists, and a fingerprint of the long values.')
    .option('--suffix <SUFFIX>', 'the suffix of a second stack in the account')
    .option('--json', 'for scripts')
    .option('--debug', 'show more detail when something fails')
    .addHelpText(
      'after',
      `
A fingerprint is the beginning of the SHA-256, for comparing: \`fyers tokens\` shows the same for your files.
Values under ${String(MIN_FINGERPRINTED_LENGTH)} characters have none, because it would help to guess them.

Example:
  $ ./fyers ssm list --json | jq '.parameters[] | select(.state != "present")'`,
    )
    .action((options: Shared & { readonly json?: true }) => list(session, options));
}

function addGet(ssm: Command, session: Session): void {
  ssm
    .command('get')
    .description('Show one value, masked unless --reveal is given.')
    .argument('<NAME>', Object.keys(PARAMETERS).join(', '))
    .option('--reveal', 'print the bare value to standard output')
    .option('--suffix <SUFFIX>', 'the suffix of a second stack in the account')
    .option('--debug', 'show more detail when something fails')
    .addHelpText(
      'after',
      `
Exits with 2 if there is no such value yet.

Examples:
  $ ./fyers ssm get FYERS_ACCESS_TOKEN
  $ TOKEN="$(./fyers ssm get FYERS_ACCESS_TOKEN --reveal)"`,
    )
    .action((name: string, options: Shared & { readonly reveal?: true }) =>
      get(session, name, options),
    );
}

async function list(session: Session, options: Shared & { readonly json?: true }): Promise<void> {
  const { io } = session;
  const names = namesOfStack(session, options);
  const read = await parameterReader(session, names);
  const parameters = [];
  for (const key of parameterKeys()) parameters.push(await readState(key, names, read));
  if (options.json === true) {
    const shown = parameters.map(({ name, state, fingerprint }) => ({ name, state, fingerprint }));
    io.out(JSON.stringify({ region: REGION, parameters: shown }, null, 2));
    return;
  }
  const rows = parameters.map(({ name, state, fingerprint, what }) => [
    { text: name },
    { text: state, tone: TONES[state] },
    { text: fingerprint ?? '-' },
    { text: what, tone: 'quiet' as const },
  ]);
  for (const line of table(io, ['Parameter', 'State', 'Fingerprint', 'Meaning'], rows)) {
    io.out(line);
  }
}

async function readState(key: ParameterName, names: Names, read: ReadParameter) {
  const value = await read(key);
  return {
    name: names.parameter(key),
    state: stateOf(value),
    fingerprint: value === null ? null : fingerprintOf(value),
    what: PARAMETERS[key],
  };
}

async function get(
  session: Session,
  name: string,
  options: Shared & { readonly reveal?: true },
): Promise<void> {
  const names = namesOfStack(session, options);
  const key = keyOf(name, names);
  const read = await parameterReader(session, names);
  const value = await read(key);
  if (value === null || value === PLACEHOLDER) {
    throw new FyersError(
      'operator.credentials',
      `${names.parameter(key)} ${value === null ? `is not in Parameter Store (${REGION})` : 'does not contain a token yet'}.`,
      'Run `./fyers ssm list` to see the existing parameters.',
    );
  }
  session.io.out(options.reveal === true ? value : maskValue(value));
}

function stateOf(value: string | null): State {
  if (value === null) return 'absent';
  return value === PLACEHOLDER ? 'placeholder' : 'present';
}

function maskValue(value: string): string {
  const fingerprint = fingerprintOf(value);
  const size = `${String(value.length)} characters`;
  const about = fingerprint === null ? size : `${size}, fingerprint ${fingerprint}`;
  return `******** (${about}; --reveal shows it)`;
}

// Sets one parameter from a hidden prompt or a pipe and validates it before it replaces the old value (`./fyers ssm
// set`).

interface SetOptions extends Shared {
  readonly value?: string;
  readonly force?: true;
}

type Rule =
  | { readonly kind: 'token'; readonly token: Exclude<TokenKind, 'auth_code'> }
  /** The Pulumi program writes it from this key of its configuration. */
  | { readonly kind: 'configured'; readonly key: string; readonly parse: Parse }
  | { readonly kind: 'state' }
  /** A random or AWS-generated value: the Pulumi program creates and keeps it. */
  | { readonly kind: 'made' };
type Settable = Exclude<Rule, { kind: 'state' | 'made' }>;
type Parse = (text: string) => Parsed<unknown>;

const RULES: Readonly<Record<ParameterName, Rule>> = {
  FYERS_CLIENT_ID: { kind: 'configured', key: 'clientId', parse: parseAppId },
  FYERS_SECRET_KEY: { kind: 'configured', key: 'secretKey', parse: parseAppSecret },
  FYERS_ACCESS_TOKEN: { kind: 'token', token: 'access_token' },
  FYERS_REFRESH_TOKEN: { kind: 'token', token: 'refresh_token' },
  FYERS_TOKEN_STATE: { kind: 'state' },
  FYERS_LOGIN_STATE: { kind: 'state' },
  FYERS_LINK_KEY: { kind: 'made' },
  FYERS_PIN_KEY: { kind: 'made' },
  FYERS_LOGIN_URL: { kind: 'made' },
  FYERS_TELEGRAM: { kind: 'configured', key: 'telegram', parse: parseTelegram },
};

function addSet(ssm: Command, session: Session): void {
  ssm
    .command('set')
    .description('Replace one value, usually a token.')
    .argument(
      '<NAME>',
      'FYERS_ACCESS_TOKEN or FYERS_REFRESH_TOKEN; with --force also one that `pulumi up` sets',
    )
    .option('--value <VALUE>', "the value; it stays in your shell's history, so rather pipe it")
    .option('--force', 'also for parameters that the configuration of the stack sets')
    .option('--suffix <SUFFIX>', 'the suffix of a second stack in the account')
    .option('--debug', 'show more detail when something fails')
    .addHelpText(
      'after',
      `
Asks for the value without showing it, or reads it from a pipe. Checks the form first, and for a token its kind and
account. Only the broker proves a token: run \`fyers tokens --use-ssm\`.

FYERS_CLIENT_ID, FYERS_SECRET_KEY, FYERS_TELEGRAM and the PIN come from the configuration of the stack, so they are set
there: \`pulumi config set --secret secretKey\`, then \`pulumi up\`. Only the functions write the states.

Examples:
  $ ./fyers ssm set FYERS_ACCESS_TOKEN
  $ ./fyers ssm set FYERS_ACCESS_TOKEN < access_token.txt`,
    )
    .action((name: string, options: SetOptions) => set(session, name, options));
}

async function set(session: Session, name: string, options: SetOptions): Promise<void> {
  const { io } = session;
  const names = namesOfStack(session, options);
  const key = keyOf(name, names);
  const rule = ruleFor(key, options);
  const full = names.parameter(key);
  const given = await valueFor(session, full, options);
  const { value, claims } = parseOrThrow(full, valueIn(given, rule));
  session.hide(value);
  const { refuseLarge } = await import('../../../adapters/aws/parameters.ts');
  refuseLarge(full, value);
  const store = await parametersOf(session, names, await keyInUse(session, names, full));
  if (claims !== null) await refuseForeign(session, { store, names }, claims);
  await store.write(key, value);
  const fingerprint = fingerprintOf(value);
  io.out(`${full} is set${fingerprint === null ? '' : `, fingerprint ${fingerprint}`}.`);
  if (claims !== null) printExpiry(session, claims);
  if (rule.kind === 'configured') {
    io.out(
      `The configuration of the stack may still have another value: \`pulumi config set --secret ${rule.key}\`.`,
    );
  }
}

/** Extracts a token from surrounding output of a tool, as for a token file. */
function valueIn(text: string, rule: Settable): Parsed<Given> {
  if (text === '') return { ok: false, problem: 'needs a value' };
  if (rule.kind === 'token') {
    const found = findToken(text, rule.token);
    return found.ok
      ? { ok: true, value: { value: found.value.token, claims: found.value.claims } }
      : found;
  }
  const parsed = rule.parse(text);
  return parsed.ok ? { ok: true, value: { value: text, claims: null } } : parsed;
}

interface Given {
  readonly value: string;
  /** Set for tokens only. */
  readonly claims: TokenClaims | null;
}

/** Keeps the operator's own KMS key if the parameter is encrypted with one. */
async function keyInUse({ io }: Session, names: Names, full: string): Promise<string | undefined> {
  const { SSMClient } = await import('@aws-sdk/client-ssm');
  const { ownParameters } = await import('../../../adapters/aws/parameters.ts');
  return (
    (await withOperatorHints(ownParameters(new SSMClient(io.aws), names).keyOf(full))) ?? undefined
  );
}

/** @throws FyersError `operator.usage` for a parameter that `ssm set` must not write */
function ruleFor(key: ParameterName, { force }: SetOptions): Settable {
  const rule = RULES[key];
  if (rule.kind === 'state') {
    throw new FyersError(
      'operator.usage',
      `${key} is written only by its function; with a wrong value it would not know what Fyers refused.`,
      `To reset it, run \`./fyers ssm delete ${key}\`.`,
    );
  }
  if (rule.kind === 'made') {
    throw new FyersError(
      'operator.usage',
      `Only \`pulumi up\` creates ${key}; nothing else writes it.`,
      `For a new one run \`./fyers ssm delete ${key}\` and \`pulumi up --refresh\`.`,
    );
  }
  if (rule.kind === 'configured' && force !== true) {
    throw new FyersError(
      'operator.usage',
      `The value of ${key} comes from the configuration of the stack: the next \`pulumi up\` would overwrite yours.`,
      `Run \`pulumi config set --secret ${rule.key}\` and \`pulumi up\`, or repeat the command with --force.`,
    );
  }
  return rule;
}

async function valueFor({ io, hide }: Session, full: string, options: SetOptions): Promise<string> {
  if (options.value !== undefined) {
    io.err(
      `Note: a value in --value stays in your shell's history and the process list. Rather pipe it: ./fyers ssm set ${full} < FILE`,
    );
  }
  const given =
    options.value ??
    (io.person === null ? await io.piped() : await io.person.ask(`${full}: `, { hidden: true }));
  const value = given.trim();
  if (value !== '') hide(value);
  return value;
}

/** @throws FyersError `operator.account` for a token of another account */
async function refuseForeign(
  session: Session,
  { store, names }: { readonly store: TokenStore; readonly names: Names },
  claims: TokenClaims,
): Promise<void> {
  const { io } = session;
  const fyId = parseSettingOrThrow(settingsOf(io.cwd, io.env), ENVIRONMENT.fyId, parseFyId);
  const { account } = await readMemory({ store }, { names, fyId });
  if (isForeign(claims.fyId, account)) {
    throw new FyersError(
      'operator.account',
      `The token belongs to the Fyers account ${String(claims.fyId)}, but this stack uses ${String(account)}; nothing was changed.`,
      "Use a token of the stack's account, or change that account with `pulumi config set fyId` and run `pulumi up`.",
    );
  }
}

function printExpiry({ io }: Session, { fyId, issuedAt, expiresAt }: TokenClaims): void {
  const whose = fyId === null ? '' : `, account ${fyId}`;
  io.out(`Issued ${formatIst(issuedAt)}, expires ${formatIst(expiresAt)}${whose}.`);
  if (expiresAt <= io.clock.now()) {
    io.err(
      paint(io, 'bad', 'It has expired and cannot be used.') +
        ` Get a new one with \`./fyers login --aws\` (${REGION}).`,
    );
  } else {
    io.out('Not proven yet: run `./fyers tokens --use-ssm`.');
  }
}
