// `npx fyers ssm list` and `ssm get`: what stands in Parameter Store, without showing it unless asked to.
import type { Command } from 'commander';
import { FyersError } from '../../core/errors.ts';
import { type Names, PLACEHOLDER, type ParameterName, REGION } from '../../core/names.ts';
import { type ReadParameter, parameterReader } from '../aws.ts';
import type { Session } from '../io.ts';
import { type Tone, table } from '../terminal.ts';
import {
  PARAMETERS,
  SHORTEST_FINGERPRINTED,
  type Shared,
  fingerprintOf,
  keyOf,
  namesOfStack,
  parameterKeys,
} from './parameters.ts';

type State = 'present' | 'placeholder' | 'absent';

const TONES: Readonly<Record<State, Tone>> = {
  present: 'good',
  placeholder: 'bad',
  absent: 'quiet',
};

export function addList(ssm: Command, session: Session): void {
  ssm
    .command('list')
    .description('Every parameter: there or not, and a fingerprint of the long ones.')
    .option('--suffix <SUFFIX>', 'of a second stack in the account')
    .option('--json', 'for scripts')
    .option('--debug', 'say more when something fails')
    .addHelpText(
      'after',
      `
A fingerprint is the beginning of the SHA-256, for comparing: \`fyers tokens\` shows the same for your files.
Values under ${String(SHORTEST_FINGERPRINTED)} characters have none, because it would help to guess them.

Example:
  $ npx --no-install fyers ssm list --json | jq '.parameters[] | select(.state != "present")'`,
    )
    .action((options: Shared & { readonly json?: true }) => list(session, options));
}

export function addGet(ssm: Command, session: Session): void {
  ssm
    .command('get')
    .description('One value, masked unless --reveal is given.')
    .argument('<NAME>', Object.keys(PARAMETERS).join(', '))
    .option('--reveal', 'print the bare value to standard output')
    .option('--suffix <SUFFIX>', 'of a second stack in the account')
    .option('--debug', 'say more when something fails')
    .addHelpText(
      'after',
      `
Exits with 2 when there is no such value yet.

Examples:
  $ npx --no-install fyers ssm get FYERS_ACCESS_TOKEN
  $ TOKEN="$(npx --no-install fyers ssm get FYERS_ACCESS_TOKEN --reveal)"`,
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
  for (const key of parameterKeys()) parameters.push(await lookAt(key, names, read));
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
  for (const line of table(io, ['Parameter', 'State', 'Fingerprint', 'What it is'], rows)) {
    io.out(line);
  }
}

async function lookAt(key: ParameterName, names: Names, read: ReadParameter) {
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
      'Run `npx --no-install fyers ssm list` to see what is there.',
    );
  }
  session.io.out(options.reveal === true ? value : masked(value));
}

function stateOf(value: string | null): State {
  if (value === null) return 'absent';
  return value === PLACEHOLDER ? 'placeholder' : 'present';
}

function masked(value: string): string {
  const fingerprint = fingerprintOf(value);
  const size = `${String(value.length)} characters`;
  const about = fingerprint === null ? size : `${size}, fingerprint ${fingerprint}`;
  return `******** (${about}; --reveal shows it)`;
}
