import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ErrorCode, FyersError } from '../../core/errors.ts';
import { makeFolderPerFile } from '../support/temporary-folder.ts';
import { findCommands, findProblem } from './commands.ts';
import { hasStep } from './outcomes.ts';
import { type KeeperScene, keeperScene } from './keeper-fixture.ts';
import { provocations } from './provocations.ts';

const dir = makeFolderPerFile();
let scene: KeeperScene;
let provoked: ReadonlyMap<ErrorCode, FyersError>;

beforeAll(async () => {
  scene = await keeperScene();
  const found = new Map<ErrorCode, FyersError>();
  // One after another: they share the functions' environment.
  for (const [code, provoke] of Object.entries(provocations(scene, dir.path))) {
    found.set(code as ErrorCode, await provoke());
  }
  provoked = found;
}, 120_000);
afterAll(() => scene[Symbol.asyncDispose]());

describe('Every provoked error', () => {
  test('has the expected code', () => {
    const codes = [...provoked].map(([wanted, { code }]) => [wanted, code]);
    expect(codes.length).toBeGreaterThan(15);
    expect(codes.filter(([wanted, code]) => wanted !== code)).toEqual([]);
  });

  test('names a command to run or a console to open, at the end of its message', () => {
    const steps = [...provoked].map(([code, { nextStep }]) => ({ code, nextStep }));
    expect(steps.filter(({ nextStep }) => !hasStep(nextStep))).toEqual([]);
    for (const { message, nextStep } of provoked.values()) {
      expect(message.endsWith(nextStep)).toBe(true);
    }
  });

  test('names only existing commands', async () => {
    const named = [...provoked.values()].flatMap(({ nextStep }) => findCommands(nextStep));
    expect(named.length).toBeGreaterThan(8);
    const problems = await Promise.all(named.map(findProblem));
    expect(problems.filter((problem) => problem !== null)).toEqual([]);
  });

  test('has its own next step', () => {
    const steps = [...provoked.values()].map(({ nextStep }) => nextStep);
    expect(new Set(steps).size).toBe(steps.length);
  });
});
