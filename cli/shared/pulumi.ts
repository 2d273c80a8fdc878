// Runs the operator's own Pulumi CLI, one command at a time, with input by standard input.
import { execFile } from 'node:child_process';
import { errnoOf, FyersError } from '../../core/errors.ts';
import { asSentence } from '../../core/text.ts';
import type { Environment } from './io.ts';

/** Returns the command's standard output. Errors: `operator.prerequisite`, `operator.config`. */
export type Pulumi = (args: readonly string[], input: string) => Promise<string>;

const NEXT_STEPS: readonly (readonly [RegExp, string])[] = [
  [/no stack (?:selected|named)/i, 'Run `pulumi stack init dev` or `pulumi stack select`.'],
  [/PULUMI_ACCESS_TOKEN|login/i, 'Run `pulumi login --local`, or log in to your own backend.'],
  [
    /incorrect passphrase/i,
    'The passphrase is not the one of `pulumi stack init`; set it again: `read -rs PULUMI_CONFIG_PASSPHRASE && export PULUMI_CONFIG_PASSPHRASE`.',
  ],
  [/passphrase/i, 'Set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE.'],
  [/no Pulumi.yaml/i, "Run it in the project's folder."],
];
const DEFAULT_STEP = 'Correct the problem that Pulumi reports, and repeat the command.';

export function pulumiIn({ folder, env }: { folder: string; env: Environment }): Pulumi {
  return (args, input) =>
    new Promise((resolve, reject) => {
      const child = execFile(
        'pulumi',
        ['--non-interactive', '--color', 'never', ...args],
        { cwd: folder, env: { ...env }, encoding: 'utf8' },
        (error, output, complaint) => {
          if (error === null) resolve(output);
          else
            reject(
              typeof error.code === 'string'
                ? notStartedError(error)
                : refusedError(args, complaint),
            );
        },
      );
      // A child that ends before it has read its input breaks the pipe; its exit code has the reason.
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(input);
    });
}

/** Whether the operator works with a stack here: there is a Pulumi CLI, and it has a selected stack. */
export function hasSelectedStack(pulumi: Pulumi): Promise<boolean> {
  return selectedStack(pulumi).then(
    () => true,
    () => false,
  );
}

/** Returns the named stack, else the selected one. Errors as above. */
export async function selectedStack(pulumi: Pulumi, named?: string): Promise<string> {
  // Fails early if Pulumi is not logged in or the stack does not exist; otherwise the first write would.
  const flags = named === undefined ? [] : ['--stack', named];
  return (await pulumi(['stack', '--show-name', ...flags], '')).trim();
}

function notStartedError(cause: Error): FyersError {
  const absent = errnoOf(cause) === 'ENOENT';
  return new FyersError(
    'operator.prerequisite',
    absent ? 'There is no `pulumi` on the PATH.' : `\`pulumi\` cannot be run: ${cause.message}.`,
    absent
      ? 'Install the Pulumi CLI (https://www.pulumi.com/docs/install/), and repeat the command.'
      : 'Find it with `ls -l $(which pulumi)`, make it executable or install it again, and repeat the command.',
    { cause, isGeneral: absent },
  );
}

/** The arguments contain no values, so they can be shown. */
function refusedError(args: readonly string[], complaint: string): FyersError {
  const message = complaint.trim().replace(/^error: /, '');
  const nextStep = NEXT_STEPS.find(([pattern]) => pattern.test(message))?.[1] ?? DEFAULT_STEP;
  return new FyersError(
    'operator.config',
    `\`pulumi ${args.join(' ')}\` failed: ${asSentence(message)}`,
    nextStep,
  );
}
