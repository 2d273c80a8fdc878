// Replaces the Pulumi CLI with a script that supports the calls of our commands.
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stage, type Stage, type StageOptions } from './cli-harness.ts';

interface Call {
  readonly args: readonly string[];
  readonly input: string;
}

/** Records its arguments and its input, and fails at the argument in FAIL. */
const PULUMI = `#!${process.execPath}
const { appendFileSync, readFileSync } = require('node:fs');
const args = process.argv.slice(2);
const input = readFileSync(0, 'utf8');
appendFileSync(process.env.CALLS, JSON.stringify({ args, input }) + '\\n');
const [failing, words] = (process.env.FAIL ?? ':').split(':');
if (failing !== '' && args.includes(failing)) {
  console.error('error: ' + words + ' ' + input);
  process.exit(255);
}
if (args.includes('version')) console.log('v3.259.0');
if (args.includes('stack')) console.log(args.at(-1) === '--show-name' ? 'dev' : args.at(-1));
`;

export interface PulumiStage extends Stage {
  calls(): readonly Call[];
}

/** @param fail the argument at which the script fails, a colon, and the error message */
export async function stageWithPulumi(
  fail = '',
  installed = true,
  options: StageOptions = {},
): Promise<PulumiStage> {
  const env: Record<string, string | undefined> = { FAIL: fail, ...options.env };
  const made = await stage({ ...options, env });
  const bin = path.join(made.folder, 'bin');
  mkdirSync(bin);
  if (installed) writeFileSync(path.join(bin, 'pulumi'), PULUMI, { mode: 0o700 });
  symlinkSync(process.execPath, path.join(bin, 'node'));
  env['PATH'] = bin;
  env['CALLS'] = path.join(made.folder, 'calls');
  return {
    ...made,
    calls: () =>
      existsSync(path.join(made.folder, 'calls'))
        ? readFileSync(path.join(made.folder, 'calls'), 'utf8')
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line) as Call)
        : [],
  };
}
