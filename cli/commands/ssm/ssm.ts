// Lists, shows and deletes the parameters in AWS SSM Parameter Store (`./fyers ssm`). Values are hidden unless the
// operator asks for them. Deleting everything also deletes states and claims.
import type { Command } from 'commander';
import { FyersError } from '../../../core/errors.ts';
import { type Names, type ParameterName, PLACEHOLDER, REGION } from '../../../core/config/names.ts';
import { withOperatorHints, parameterReader, type ReadParameter } from '../../shared/aws.ts';
import type { Session } from '../../shared/io.ts';
import {
  fingerprintOf,
  keyOf,
  namesOfStack,
  parameterKeys,
  PARAMETERS,
  type Shared,
  MIN_FINGERPRINTED_LENGTH,
} from './parameters.ts';
import { addSet } from './set.ts';
import { table, type Tone } from '../../shared/terminal.ts';

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
    .description('Remove one parameter, or with --all everything of the stack. Asks first.')
    .argument('[NAME]', parameterKeys().join(', '))
    .option('--all', 'every parameter of the stack, the states and the claims on a mint too')
    .option('--yes', "don't ask; required without a terminal")
    .option('--suffix <SUFFIX>', 'of a second stack in the account')
    .option('--debug', 'show more detail when something fails')
    .addHelpText(
      'after',
      `
--all is for after \`pulumi destroy\`, which keeps the values that the functions wrote. It only affects one stack: without
a suffix, stacks with a suffix are not touched, and the other way round.

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
  const { ownParameters } = await import('../../../adapters/aws/own-parameters.ts');
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
    io.out(was ? `Removed ${full}.` : `${full} was not there.`);
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
    name === undefined ? 'Nothing is named.' : '--all and a name exclude each other.',
    'Name one parameter, as `./fyers ssm list` shows them, or give --all.',
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
      ? ['With its state a function forgets what Fyers refused, and may ask it once more.']
      : []),
    ...(ofProgram
      ? [
          'Where the stack is still up, run `pulumi refresh` and `pulumi up`: that makes what it needs again.',
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
    .description('Every parameter: there or not, and a fingerprint of the long ones.')
    .option('--suffix <SUFFIX>', 'of a second stack in the account')
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
    .option('--suffix <SUFFIX>', 'of a second stack in the account')
    .option('--debug', 'show more detail when something fails')
    .addHelpText(
      'after',
      `
Exits with 2 when there is no such value yet.

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
      `${names.parameter(key)} ${value === null ? `is not in Parameter Store (${REGION})` : 'holds no token yet'}.`,
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
