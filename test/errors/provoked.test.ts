import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ErrorCode, FyersError } from '../../core/errors.ts';
import { commandsIn, problemOf } from './commands.ts';
import { hasStep } from './next-step.ts';
import { type KeeperScene, keeperScene } from './keeper-fixture.ts';
import { provocations } from './provocations.ts';

let dir = '';
let scene: KeeperScene;
let provoked: ReadonlyMap<ErrorCode, FyersError>;

beforeAll(async () => {
  dir = mkdtempSync(path.join(tmpdir(), 'fyers-errors-'));
  scene = await keeperScene();
  const found = new Map<ErrorCode, FyersError>();
  // One after the other: they share the functions' environment.
  for (const [code, provoke] of Object.entries(provocations(scene, dir))) {
    found.set(code as ErrorCode, await provoke());
  }
  provoked = found;
}, 120_000);
afterAll(async () => {
  await scene[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true });
});

describe('Every error that can be provoked', () => {
  test('has the code that it stands for', () => {
    const codes = [...provoked].map(([wanted, { code }]) => [wanted, code]);
    expect(codes.length).toBeGreaterThan(15);
    expect(codes.filter(([wanted, code]) => wanted !== code)).toEqual([]);
  });

  test('ends with a command to run or a console to open', () => {
    const steps = [...provoked].map(([code, { nextStep }]) => ({ code, nextStep }));
    expect(steps.filter(({ nextStep }) => !hasStep(nextStep))).toEqual([]);
    for (const { message, nextStep } of provoked.values()) {
      expect(message.endsWith(nextStep)).toBe(true);
    }
  });

  test('names commands of ours that exist', async () => {
    const named = [...provoked.values()].flatMap(({ nextStep }) => commandsIn(nextStep));
    expect(named.length).toBeGreaterThan(8);
    const problems = await Promise.all(named.map(problemOf));
    expect(problems.filter((problem) => problem !== null)).toEqual([]);
  });

  test('says for each code something else to do', () => {
    const steps = [...provoked.values()].map(({ nextStep }) => nextStep);
    expect(new Set(steps).size).toBe(steps.length);
  });
});
