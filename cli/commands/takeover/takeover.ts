// Replaces the original's deployment with this program's without losing values (`./fyers takeover`): lists what the
// original's deploy script created, copies its secrets and tokens, then removes the resources.
import path from 'node:path';
import type { Command } from 'commander';
import * as z from 'zod/mini';
import { REGION } from '../../../core/config/names.ts';
import { FyersError } from '../../../core/errors.ts';
import { formatIst } from '../../../core/time.ts';
import { displayFingerprint } from '../../../core/token/digest.ts';
import { decodeToken } from '../../../core/token/jwt.ts';
import { withMoreToDo } from '../../shared/aws.ts';
import type { Session } from '../../shared/io.ts';
import { type Pulumi, pulumiIn, selectedStack } from '../../shared/pulumi.ts';
import { type Cell, table, type Terminal } from '../../shared/terminal.ts';
import {
  type Account,
  accountOf,
  CONFIG_PLACES,
  type Configuration,
  configurationIn,
  keepToken,
  LEFT,
  type LeftFunction,
  type LeftParameter,
  type LeftSecret,
  newestIn,
} from './account.ts';

interface TakeoverOptions {
  readonly dir: string;
  readonly stack?: string;
  readonly yes?: true;
  readonly dryRun?: true;
}

const REPEAT_STEP = 'run `./fyers takeover` again: it continues where it stopped';

export function addTakeover(program: Command, session: Session): void {
  program
    .command('takeover')
    .description(
      "Copy and remove the resources that the Python original's deploy script created in the account.",
    )
    .option('--dry-run', 'show the resources and the steps, and change nothing')
    .option('--yes', 'remove without asking')
    .option('--dir <DIR>', 'the folder of .env and of the token files', '.')
    .option('--stack <STACK>', 'the stack whose configuration gets the values')
    .option('--debug', 'show more detail when something fails')
    .addHelpText(
      'after',
      `
Run it once if deploy_lambda_refresh.py was used in this account: \`pulumi up\` fails because its parameters exist. It
  1. shows the existing resources, tokens as fingerprints and no value,
  2. disables the rule ${LEFT.rule}: two schedules would mint twice,
  3. copies app id, app secret and PIN into the stack's configuration,
     encrypted, by standard input, and the tokens into files next to .env that
     only you can read (the token that was issued later is kept), and reads
     all of it back,
  4. asks, and removes the rule, the function (only the Python one), its logs,
     its role, the parameters and the secret.
If it is interrupted, run it again: it continues where it stopped. Values are removed only after they were read back.
Needs the Pulumi CLI and a stack. Terminate the EC2 instance of the old guide yourself, and delete its key pair.

Examples:
  $ ./fyers takeover --dry-run
  $ ./fyers takeover
  $ pulumi up`,
    )
    .action((options: TakeoverOptions) => takeover(session, options));
}

async function takeover(session: Session, options: TakeoverOptions): Promise<void> {
  const { io } = session;
  const account = await accountOf(io.aws);
  const found = await inventoryOf(session, account);
  for (const line of linesOf(io, found)) io.out(line);
  io.out('');
  if (isEmpty(found)) {
    io.out('This account has no resources of the Python original. Next: `pulumi up`.');
    return;
  }
  const pulumi = pulumiIn({ folder: io.cwd, env: io.env });
  if (found.lambda?.owner === 'ours') {
    keepLeftovers(session, found);
    return;
  }
  if (found.lambda?.owner === 'unknown') throw unknownFunctionError(found.lambda.runtime);
  const stack = await selectedStack(pulumi, options.stack);
  if (await isOwned(pulumi, stack)) {
    keepLeftovers(session, found);
    return;
  }
  const configuration = await configurationIn(pulumi, stack, session.hide);
  const keeping = { session, account, configuration, folder: path.resolve(io.cwd, options.dir) };
  checkAll(keeping, found);
  if (options.dryRun === true) {
    io.out(
      'Nothing was changed. Without --dry-run the rule is disabled, the values are copied, and',
    );
    io.out('then, after a question, all listed resources are removed.');
    return;
  }
  if (io.person === null && options.yes !== true) throw noTerminalError();
  try {
    await takeOver(keeping, found, options);
  } catch (caught) {
    throw withRepeatStep(caught);
  }
}

interface Keeping {
  readonly session: Session;
  readonly account: Account;
  readonly configuration: Configuration;
  readonly folder: string;
}

async function takeOver(
  keeping: Keeping,
  found: Inventory,
  options: TakeoverOptions,
): Promise<void> {
  const { session, account } = keeping;
  const { io } = session;
  if (found.rule?.enabled === true) {
    await account.rule.disable();
    io.out(`Disabled the rule ${LEFT.rule}.`);
  }
  for (const name of LEFT.parameters) await keepParameter(keeping, name, io.out);
  await keepPin(keeping, io.out);
  const agreed = options.yes === true || (await io.person?.confirm(QUESTION)) === true;
  if (!agreed) {
    io.out('Nothing was removed; the values are copied, and the old rule stays disabled.');
    io.out(`To go back: \`aws events enable-rule --name ${LEFT.rule} --region ${REGION}\`.`);
    return;
  }
  for (const step of removals(keeping, found)) {
    if (!step.there) continue;
    await step.remove();
    io.out(`Removed ${step.what}.`);
  }
  io.out('');
  io.out('Taken over. Next: `pulumi up`.');
}

const QUESTION =
  'All values are copied. Remove the old rule, function, logs, role, parameters and secret?';

interface Removal {
  readonly what: string;
  readonly there: boolean;
  readonly remove: () => Promise<unknown>;
}

/** Removes the rule first, so that it cannot start the function again, and the values last, after checking each again. */
function removals(keeping: Keeping, found: Inventory): readonly Removal[] {
  const { rule, lambda, logGroup, role, parameters, secret } = keeping.account;
  const quiet = (): void => undefined;
  return [
    { what: `the rule ${LEFT.rule}`, there: found.rule !== null, remove: () => rule.remove() },
    {
      what: `the function ${LEFT.function}`,
      there: found.lambda !== null,
      async remove() {
        // Check again: the new function may have been deployed while the prompt was open.
        const there = await lambda.find();
        if (there !== null && there.owner !== 'reference')
          throw unknownFunctionError(there.runtime);
        await lambda.remove();
      },
    },
    {
      what: `the log group ${LEFT.logGroup}`,
      there: found.logGroup,
      remove: () => logGroup.remove(),
    },
    { what: `the role ${LEFT.role}`, there: found.role, remove: () => role.remove() },
    ...LEFT.parameters.map((name) => ({
      what: `the parameter ${name}`,
      there: found.parameters[name] !== null,
      async remove() {
        // A run of the old function may have stored a newer token.
        await keepParameter(keeping, name, quiet);
        await parameters.remove(name);
      },
    })),
    {
      what: `the secret ${LEFT.secret}`,
      there: found.secret !== null,
      async remove() {
        await keepPin(keeping, quiet);
        await secret.remove();
      },
    },
  ];
}

async function keepParameter(
  { session, account, configuration, folder }: Keeping,
  name: LeftParameter,
  say: (line: string) => void,
): Promise<void> {
  const value = await account.parameters.read(name);
  if (value === null) return;
  session.hide(value);
  const where =
    name === 'FYERS_ACCESS_TOKEN' || name === 'FYERS_REFRESH_TOKEN'
      ? await keepToken(folder, name, value)
      : await configuration.keep(CONFIG_PLACES[name], value.trim());
  say(`Kept ${name}: ${where}.`);
}

async function keepPin(
  { account, configuration }: Keeping,
  say: (line: string) => void,
): Promise<void> {
  const value = (await account.secret.read())?.value ?? null;
  if (value === null) return;
  const where = await configuration.keep(CONFIG_PLACES[LEFT.secret], value.trim());
  say(`Kept ${LEFT.secret}: ${where}.`);
}

/** Runs before any change. @throws FyersError for a value that could not be kept, or an unreadable file */
function checkAll({ configuration, folder }: Keeping, { parameters, secret }: Inventory): void {
  for (const name of ['FYERS_CLIENT_ID', 'FYERS_SECRET_KEY'] as const) {
    const value = parameters[name];
    if (value !== null) configuration.check(CONFIG_PLACES[name], value.trim());
  }
  const pin = secret?.value ?? null;
  if (pin !== null) configuration.check(CONFIG_PLACES[LEFT.secret], pin.trim());
  for (const name of ['FYERS_ACCESS_TOKEN', 'FYERS_REFRESH_TOKEN'] as const) {
    if (parameters[name] !== null) newestIn(folder, name);
  }
}

const Exported = z.object({
  deployment: z.object({
    resources: z.optional(z.array(z.object({ type: z.string(), id: z.optional(z.string()) }))),
  }),
});

/** True if the stack itself created the resources with the original's names. */
async function isOwned(pulumi: Pulumi, stack: string): Promise<boolean> {
  const text = await pulumi(['stack', 'export', '--stack', stack], '');
  const { deployment } = Exported.parse(JSON.parse(text));
  const names: readonly string[] = [LEFT.function, ...LEFT.parameters];
  return (deployment.resources ?? []).some(
    ({ type, id }) => type.startsWith('aws:') && id !== undefined && names.includes(id),
  );
}

/** @throws FyersError `operator.takeover` if the old rule still exists: it would start our function too */
function keepLeftovers({ io }: Session, { rule }: Inventory): void {
  if (rule?.enabled !== true) {
    io.out(
      'The stack already owns these names, so there is nothing to take over. Nothing was changed.',
    );
    return;
  }
  throw new FyersError(
    'operator.takeover',
    `The stack already owns these names, so nothing was changed. But the old rule ${LEFT.rule} is still enabled and starts ${LEFT.function} a second time.`,
    `Run \`aws events disable-rule --name ${LEFT.rule} --region ${REGION}\`.`,
  );
}

function unknownFunctionError(runtime: string): FyersError {
  return new FyersError(
    'operator.takeover',
    `The function ${LEFT.function} (${runtime}) is neither the Python original's nor this stack's, so it is not removed.`,
    `Check it with \`aws lambda get-function --function-name ${LEFT.function} --region ${REGION}\`, deploy it under another name if you need it, remove it, and ${REPEAT_STEP}.`,
  );
}

function noTerminalError(): FyersError {
  return new FyersError(
    'operator.usage',
    'There is no terminal for the question. Nothing was changed.',
    'Run `./fyers takeover --yes` to remove without asking, or --dry-run to see the list.',
  );
}

function withRepeatStep(caught: unknown): unknown {
  if (!(caught instanceof FyersError) || caught.nextStep.includes(REPEAT_STEP)) return caught;
  return withMoreToDo(caught, `Nothing is lost; ${REPEAT_STEP}.`);
}

interface Inventory {
  readonly rule: { readonly enabled: boolean } | null;
  readonly lambda: LeftFunction | null;
  readonly logGroup: boolean;
  readonly role: boolean;
  readonly parameters: Readonly<Record<LeftParameter, string | null>>;
  readonly secret: LeftSecret | null;
}

/** Errors: those of every AWS call by the operator. */
async function inventoryOf({ hide }: Session, account: Account): Promise<Inventory> {
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

function isEmpty(found: Inventory): boolean {
  return rowsOf(found).every(({ there }) => !there);
}

function linesOf(terminal: Terminal, found: Inventory): readonly string[] {
  const rows = rowsOf(found).map(({ kind, name, there, about }): readonly Cell[] => [
    { text: kind },
    { text: name },
    { text: there ? 'present' : 'absent', tone: there ? 'strong' : 'quiet' },
    { text: there ? about : '-', tone: 'quiet' },
  ]);
  return table(terminal, ['Resource of the Python original', 'Name', 'State', 'Details'], rows);
}

interface Row {
  readonly kind: string;
  readonly name: string;
  readonly there: boolean;
  readonly about: string;
}

/** In the order of removal. */
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

/** Only tokens are long enough for a fingerprint that reveals nothing. */
function aboutValue(name: LeftParameter, value: string | null): string {
  if (name === 'FYERS_CLIENT_ID' || name === 'FYERS_SECRET_KEY') return 'a value';
  const token = value?.trim() ?? '';
  const claims = decodeToken(token);
  return claims === null
    ? 'not a token of Fyers'
    : `${displayFingerprint(token)}, issued ${formatIst(claims.issuedAt)}, until ${formatIst(claims.expiresAt)}`;
}
