import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { nodeProblem } from '../../adapters/process/require-node.js';
import { ROOT } from '../support/source-tree.ts';

describe('nodeProblem', () => {
  test.each(['20.20.2', '22.17.1', '21.9.0', '8.0.0'])(
    'returns one line for version %s',
    (version) => {
      expect(nodeProblem(version)).toEqual({
        problem: `Node ${version} is too old: 22.18 or newer is needed.`,
        nextStep: expect.stringMatching(/^Run .*\.$/) as unknown,
      });
    },
  );

  test.each(['22.18.0', '23.6.0', '24.21.0', '100.0.0'])(
    'returns null for version %s',
    (version) => {
      expect(nodeProblem(version)).toBeNull();
    },
  );
});

/** Imports Pulumi's entry as its language host does, on a Node that reports the claimed version. */
function runEntry(node: string, claimed: string | null): { readonly output: string } {
  const claim =
    claimed === null
      ? ''
      : `Object.defineProperty(process.versions, 'node', { value: '${claimed}' });`;
  const script = `${claim}
    const { default: main } = await import('./infra/main.js');
    await main().catch((error) => console.log(error.__pulumiRunError === true, error.message));`;
  const { stdout, stderr } = spawnSync(node, ['--input-type=module', '--eval', script], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return { output: `${stdout}${stderr}`.trim() };
}

/** Returns the system's Node if it is too old, as a manual `pulumi up` would run it. */
function oldNode(): string | null {
  const system = ['/usr/bin/node', '/usr/local/bin/node'].find((file) => existsSync(file));
  if (system === undefined) return null;
  const version = execFileSync(system, ['--version'], { encoding: 'utf8' }).trim().slice(1);
  return nodeProblem(version) === null ? null : system;
}

describe('Pulumi’s entry', () => {
  test('fails on an old Node with one line, as a RunError that Pulumi prints without a stack trace', () => {
    const old = oldNode();
    const { output } = runEntry(old ?? process.execPath, old === null ? '20.20.2' : null);
    expect(output).toMatch(/^true Node 20\.\d+\.\d+ is too old: .*$/);
  });

  test('is the main of Pulumi.yaml, which disables Pulumi’s own TypeScript compiler', () => {
    const project = readFileSync(path.join(ROOT, 'Pulumi.yaml'), 'utf8');
    expect(/^main: (.*)$/m.exec(project)?.[1]).toBe('infra/main.js');
    expect(project).toMatch(/^ {4}typescript: false$/m);
  });
});
