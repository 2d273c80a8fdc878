// Sets one parameter from a hidden prompt or a pipe and validates it before it replaces the old value (`./fyers ssm
// set`).
import type { Command } from 'commander';
import {
  type Parsed,
  parseAppId,
  parseAppSecret,
  parseFyId,
  parseTelegram,
} from '../../../core/config/values.ts';
import { FyersError } from '../../../core/errors.ts';
import { ENVIRONMENT, type Names, type ParameterName, REGION } from '../../../core/config/names.ts';
import type { TokenStore } from '../../../core/ports.ts';
import { formatIst } from '../../../core/time.ts';
import { isForeign, type TokenClaims, type TokenKind } from '../../../core/token/jwt.ts';
import { findToken } from '../../../core/token/token-text.ts';
import { readMemory } from '../../../keeper/read.ts';
import { withOperatorHints, parametersOf } from '../../shared/aws.ts';
import type { Session } from '../../shared/io.ts';
import { parseSettingOrThrow, settingsOf, parseOrThrow } from '../../shared/settings.ts';
import { paint } from '../../shared/terminal.ts';
import { type Shared, fingerprintOf, keyOf, namesOfStack } from './parameters.ts';

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

export function addSet(ssm: Command, session: Session): void {
  ssm
    .command('set')
    .description('Replace one value: a token, mostly.')
    .argument(
      '<NAME>',
      'FYERS_ACCESS_TOKEN, FYERS_REFRESH_TOKEN; with --force what `pulumi up` sets',
    )
    .option(
      '--value <VALUE>',
      "the value, which then stays in your shell's history; better pipe it",
    )
    .option('--force', 'also for parameters that the configuration of the stack sets')
    .option('--suffix <SUFFIX>', 'of a second stack in the account')
    .option('--debug', 'show more detail when something fails')
    .addHelpText(
      'after',
      `
Asks for the value, unseen, or takes it from a pipe. It is checked first: its form, and for a token its kind and account.
Only the broker proves a token: \`fyers tokens --use-ssm\` asks it.

FYERS_CLIENT_ID, FYERS_SECRET_KEY, FYERS_TELEGRAM and the PIN come from the configuration of the stack, so they are set
there: \`pulumi config set --secret secretKey\`, then \`pulumi up\`. The states are the functions' own.

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
      `The configuration of the stack may still hold another: \`pulumi config set --secret ${rule.key}\`.`,
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
  const { ownParameters } = await import('../../../adapters/aws/own-parameters.ts');
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
      `${key} is written by its function only; a wrong value would make it forget what Fyers refused.`,
      `To reset it, run \`./fyers ssm delete ${key}\`.`,
    );
  }
  if (rule.kind === 'made') {
    throw new FyersError(
      'operator.usage',
      `${key} is made by \`pulumi up\`, and nothing else writes it.`,
      `For another one run \`./fyers ssm delete ${key}\` and \`pulumi up --refresh\`.`,
    );
  }
  if (rule.kind === 'configured' && force !== true) {
    throw new FyersError(
      'operator.usage',
      `The configuration of the stack is the only authority for ${key}: \`pulumi up\` puts its value back over yours.`,
      `Run \`pulumi config set --secret ${rule.key}\` and \`pulumi up\`, or repeat the command with --force.`,
    );
  }
  return rule;
}

async function valueFor({ io, hide }: Session, full: string, options: SetOptions): Promise<string> {
  if (options.value !== undefined) {
    io.err(
      `Note: a value in --value stays in your shell's history and the process list. Better pipe it: ./fyers ssm set ${full} < FILE`,
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
      `The token belongs to the Fyers account ${String(claims.fyId)}, and this stack is of ${String(account)}; nothing was changed.`,
      'Take a token of that account, or set another by `pulumi config set fyId` and run `pulumi up`.',
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
    io.out('Not proven yet: `./fyers tokens --use-ssm` asks the broker.');
  }
}
