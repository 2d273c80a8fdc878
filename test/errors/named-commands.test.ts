// What people are told to run, wherever it stands outside the errors: design of the outputs, README, messages.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { asRecord, graphOf } from '../support/graph.ts';
import { ROOT, repositoryFiles, sourceFiles } from '../support/source-tree.ts';
import { WHOLE } from '../support/stack-configs.ts';
import { type NamedCommand, commandsIn, problemOf } from './commands.ts';

const problemsIn = async (commands: readonly NamedCommand[]) =>
  (await Promise.all(commands.map(problemOf))).filter((problem) => problem !== null);

describe('A command of ours that is named', () => {
  test('in an output exists, and so does the rest of what the outputs say to run', async () => {
    const { outputs } = await graphOf(WHOLE);
    const commands = Object.values(asRecord(outputs['commands'])).map(String);
    expect(commands.length).toBeGreaterThan(6);
    for (const command of commands) {
      expect(command).toMatch(/^(?:\.\/fyers [a-z]|aws (?:lambda invoke|ssm start-session) )/);
    }
    const ours = commandsIn([...commands, String(outputs['nextStep'])].join('\n'));
    expect(ours.length).toBeGreaterThan(5);
    expect(await problemsIn(ours)).toEqual([]);
  });

  test.each(['README.md', 'Pulumi.dev.yaml', '.env.example', 'CHANGELOG.md'])(
    'in %s exists, with its flags',
    async (file) => {
      const named = commandsIn(readFileSync(path.join(ROOT, file), 'utf8'));
      expect(named.length).toBeGreaterThan(0);
      expect(await problemsIn(named)).toEqual([]);
    },
  );

  test('in a text of the code exists, with its flags', async () => {
    const texts = sourceFiles().filter(({ file }) => !/^(?:test|sandbox|bench)\//.test(file));
    const named = texts.flatMap(({ text }) => commandsIn(text));
    expect(named.length).toBeGreaterThan(60);
    expect(await problemsIn(named)).toEqual([]);
    expect(repositoryFiles()).toContain('README.md');
  });

  test.each([
    ['./fyers tokns', 'there is no fyers tokns'],
    ['./fyers ssm look', 'there is no fyers ssm look'],
    ['`fyers refresh --prob`', 'fyers refresh takes no --prob'],
  ])('is missed where it does not exist: %s', async (text, problem) => {
    expect(await problemsIn(commandsIn(text))).toEqual([problem]);
  });

  test.each([
    ['run `./fyers logs refresh --debug`, and so on', ['logs', 'refresh'], ['--debug']],
    ['./fyers status', ['status'], []],
    ['`fyers refresh --aws [--probe]`', ['refresh'], ['--aws', '--probe']],
    ['`./fyers logs ${actor}`', ['logs'], []],
  ])('is read from %s', (text, words, flags) => {
    expect(commandsIn(text)).toEqual([{ words, flags }]);
  });
});
