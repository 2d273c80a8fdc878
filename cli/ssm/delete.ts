// `npx fyers ssm delete`: one parameter, or all that a stack has, its states and claims too.
import type { Command } from 'commander';
import { FyersError } from '../../core/errors.ts';
import { type Names, type ParameterName, REGION } from '../../core/names.ts';
import { asOperator } from '../aws.ts';
import type { Session } from '../io.ts';
import { type Shared, keyOf, namesOfStack, parameterKeys } from './parameters.ts';

interface DeleteOptions extends Shared {
  readonly all?: true;
  readonly yes?: true;
}

/** The functions' own; everything else is of the program. */
const STATES: readonly ParameterName[] = ['FYERS_TOKEN_STATE', 'FYERS_LOGIN_STATE'];

export function addDelete(ssm: Command, session: Session): void {
  ssm
    .command('delete')
    .description('Remove one parameter, or with --all everything of the stack. Asks first.')
    .argument('[NAME]', parameterKeys().join(', '))
    .option('--all', 'every parameter of the stack, the states and the claims on a mint too')
    .option('--yes', "don't ask; needed where nobody is at the terminal")
    .option('--suffix <SUFFIX>', 'of a second stack in the account')
    .option('--debug', 'say more when something fails')
    .addHelpText(
      'after',
      `
--all is for after \`pulumi destroy\`, which leaves what the functions wrote themselves. It stays within the stack: without
a suffix, nothing of a stack with one is touched, and the other way round.

A stack that is up misses what is removed here: \`pulumi refresh\` notices, and the next \`pulumi up\` makes it again,
tokens as placeholders until the next login.

Examples:
  $ npx --no-install fyers ssm delete FYERS_TOKEN_STATE
  $ npx --no-install fyers ssm delete --all --suffix paper --yes`,
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
  const { ownParameters } = await import('../../adapters/aws/own-parameters.ts');
  const parameters = ownParameters(new SSMClient(io.aws), names);
  const found =
    key === null ? await asOperator(parameters.find(parameterKeys())) : [names.parameter(key)];
  if (found.length === 0) {
    io.out(`There is no parameter of this stack in Parameter Store (${REGION}).`);
    return;
  }
  if (!(await agreed(session, found, options))) {
    io.out('Nothing was removed.');
    return;
  }
  const removed: string[] = [];
  for (const full of found) {
    const was = await asOperator(parameters.remove(full));
    io.out(was ? `Removed ${full}.` : `${full} was not there.`);
    if (was) removed.push(full);
  }
  for (const line of consequences(removed, names)) io.out(line);
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
    'Name one parameter, as `npx --no-install fyers ssm list` shows them, or give --all.',
  );
}

/** @throws FyersError `operator.usage` where nobody can be asked */
async function agreed(
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
    `Nobody is at the terminal to agree to the removal of ${found.join(', ')}.`,
    'Look at them with `npx --no-install fyers ssm list`, and repeat the command with --yes.',
  );
}

function consequences(removed: readonly string[], names: Names): readonly string[] {
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
