// What the program registers, by tools that know the grammar; those that take longer are in test/full/validity.test.ts.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { filesOf, userDataOf } from '../support/boot-script.ts';
import { type Graph, allOf, graphOf } from '../support/graph.ts';
import { ROOT, sourceFiles, withoutComments } from '../support/source-tree.ts';
import { cronProblems, shellCheck } from '../support/validators.ts';
import { WHOLE } from '../support/stack-configs.ts';

let graph: Graph;
beforeAll(async () => {
  graph = await graphOf(WHOLE);
});

describe('Schedules, by EventBridge’s grammar', () => {
  const inner = (expression: unknown) => /^cron\((.*)\)$/.exec(String(expression))?.[1] ?? '';

  test('each is an expression of six fields', async () => {
    const expressions = allOf(graph, 'aws:scheduler/schedule:Schedule').map(({ inputs }) =>
      inner(inputs['scheduleExpression']),
    );
    expect(expressions.length).toBeGreaterThan(0);
    expect(await cronProblems(expressions)).toEqual(expressions.map(() => ''));
  });

  test('one of Unix, one with both kinds of day, and one past the hour are none', async () => {
    const problems = await cronProblems(['0 7 * * *', '0 7 * * MON-FRI *', '60 7 * * ? *']);
    expect(problems.every((problem) => problem !== '')).toBe(true);
  });

  test('each names a time zone of the database', () => {
    const zones = allOf(graph, 'aws:scheduler/schedule:Schedule').map(({ inputs }) =>
      String(inputs['scheduleExpressionTimezone']),
    );
    for (const timeZone of new Set(zones)) {
      expect(new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone).toMatch(
        /^Asia\/(?:Kolkata|Calcutta)$/,
      );
    }
  });
});

describe('The boot script, by ShellCheck', () => {
  test('has no finding, nor have the scripts that it writes', async () => {
    const script = userDataOf(graph);
    const written = Object.entries(filesOf(script)).filter(([, text]) => text.startsWith('#!'));
    expect(written.map(([file]) => file)).toEqual([
      '/opt/fyers/prepare',
      '/opt/fyers/fetch',
      '/opt/fyers/upgrade',
    ]);
    for (const [file, text] of [['user data', script] as const, ...written]) {
      expect(await shellCheck(text), file).toBe('');
    }
  });

  test('has one when a quote is taken away', async () => {
    const fetch = filesOf(userDataOf(graph))['/opt/fyers/fetch'] ?? '';
    const doctored = fetch.replace('"$FYERS_BUCKET"', '$FYERS_BUCKET');
    expect(doctored).not.toBe(fetch);
    expect(await shellCheck(doctored)).toContain('SC2086');
  });

  test('has that in common with the script that every change must pass', async () => {
    expect(await shellCheck(readFileSync(path.join(ROOT, '.ci', 'run'), 'utf8'))).toBe('');
  });
});

describe('Every property, by the types of @pulumi/aws', () => {
  const PAST_THE_TYPES = /\bas (?!const\b)\w+|\bany\b(?=[,;>)\]])|\w!(?=[.[;,)])/;

  test('is one that the compiler has seen: there is no cast in the program', () => {
    const infra = sourceFiles().filter(({ file }) => file.startsWith('infra/'));
    const lines = infra.flatMap(({ file, text }) =>
      withoutComments(text)
        .split('\n')
        .filter((line) => !/^\s*(?:import|export) |['"`]/.test(line) && PAST_THE_TYPES.test(line))
        .map((line) => `${file}: ${line.trim()}`),
    );
    expect(infra.length).toBeGreaterThan(15);
    expect(lines).toEqual([]);
    for (const cast of ['x as Foo', 'x as unknown', 'a: any;', 'x!.y']) {
      expect(cast).toMatch(PAST_THE_TYPES);
    }
  });
});
