// Checks the commands that outputs, documents and messages tell people to run, in addition to the
// errors.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { asRecord, graphOf } from '../support/graph.ts';
import { ROOT, repositoryFiles, sourceFiles } from '../support/source-tree.ts';
import { WHOLE } from '../support/stack-configs.ts';
import { type NamedCommand, findCommands, findProblem } from './commands.ts';

const findProblems = async (commands: readonly NamedCommand[]) =>
  (await Promise.all(commands.map(findProblem))).filter((problem) => problem !== null);

describe('A fyers command', () => {
  test('in an output or in the next step of the outputs exists', async () => {
    const { outputs } = await graphOf(WHOLE);
    const commands = Object.values(asRecord(outputs['commands'])).map(String);
    expect(commands.length).toBeGreaterThan(6);
    for (const command of commands) {
      expect(command).toMatch(/^(?:\.\/fyers [a-z]|aws (?:lambda invoke|ssm start-session) )/);
    }
    const ownCommands = findCommands([...commands, String(outputs['nextStep'])].join('\n'));
    expect(ownCommands.length).toBeGreaterThan(5);
    expect(await findProblems(ownCommands)).toEqual([]);
  });

  test.each(['README.md', 'Pulumi.dev.yaml', '.env.example', 'CHANGELOG.md'])(
    'in %s exists with its flags',
    async (file) => {
      const named = findCommands(readFileSync(path.join(ROOT, file), 'utf8'));
      expect(named.length).toBeGreaterThan(0);
      expect(await findProblems(named)).toEqual([]);
    },
  );

  test('in a text of the source code exists with its flags', async () => {
    const texts = sourceFiles().filter(({ file }) => !/^(?:test|sandbox|bench)\//.test(file));
    const named = texts.flatMap(({ text }) => findCommands(text));
    expect(named.length).toBeGreaterThan(60);
    expect(await findProblems(named)).toEqual([]);
    expect(repositoryFiles()).toContain('README.md');
  });

  test.each([
    ['./fyers tokns', 'there is no fyers tokns'],
    ['./fyers ssm look', 'there is no fyers ssm look'],
    ['`fyers refresh --prob`', 'fyers refresh takes no --prob'],
  ])('is reported if it does not exist: %s', async (text, problem) => {
    expect(await findProblems(findCommands(text))).toEqual([problem]);
  });

  test.each([
    ['run `./fyers logs refresh --debug`, and so on', ['logs', 'refresh'], ['--debug']],
    ['./fyers status', ['status'], []],
    ['`fyers refresh --aws [--probe]`', ['refresh'], ['--aws', '--probe']],
    ['`./fyers logs ${actor}`', ['logs'], []],
  ])('is parsed from %s', (text, words, flags) => {
    expect(findCommands(text)).toEqual([{ words, flags }]);
  });
});
