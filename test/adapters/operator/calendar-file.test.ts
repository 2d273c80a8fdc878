import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { overridesFile, storedOverrides } from '../../../adapters/operator/calendar-file.ts';
import { makeFolderPerTest } from '../../support/temporary-folder.ts';

const DAY = { date: '2027-01-26', closed: true, why: 'Republic Day' };
const LIST = JSON.stringify([DAY]);

const dataDir = makeFolderPerTest();
let operatorDir = '';
let problems: string[] = [];
beforeEach(async () => {
  operatorDir = path.join(dataDir.path, 'operator');
  await mkdir(operatorDir);
  problems = [];
});

const onProblem = (problem: string) => void problems.push(problem);

test('overridesFile copies calendar.json to the recordings, and removes the days with the file', async () => {
  const own = overridesFile({ dataDir: dataDir.path, objects: null, operatorDir, onProblem });
  expect(await own.refresh()).toBe(false);
  await writeFile(path.join(operatorDir, 'calendar.json'), LIST);
  expect(await own.refresh()).toBe(true);
  expect([own.overrides, storedOverrides(dataDir.path)]).toEqual([[DAY], [DAY]]);
  expect(await own.refresh()).toBe(false);
  await rm(path.join(operatorDir, 'calendar.json'));
  expect(await own.refresh()).toBe(true);
  expect([own.overrides, storedOverrides(dataDir.path)]).toEqual([[], []]);
  expect(problems).toEqual([]);
});

test('overridesFile writes a copy that it can replace, of a file that nobody may write', async () => {
  const source = path.join(operatorDir, 'calendar.json');
  await writeFile(source, LIST, { mode: 0o444 });
  const own = overridesFile({ dataDir: dataDir.path, objects: null, operatorDir, onProblem });
  await own.refresh();
  expect((await stat(path.join(dataDir.path, 'calendar.json'))).mode & 0o200).toBe(0o200);
});

test('overridesFile reads the bucket on AWS, and keeps the known days if the bucket is unavailable or its file invalid', async () => {
  let answer: () => Promise<string | null> = () => Promise.resolve(LIST);
  const objects = {
    get: async (key: string, toFile: string) => {
      expect(key).toBe('artifact/calendar.json');
      const text = await answer();
      if (text !== null) await writeFile(toFile, text);
      return text !== null;
    },
  };
  const own = overridesFile({ dataDir: dataDir.path, objects, operatorDir, onProblem });
  expect(await own.refresh()).toBe(true);
  answer = () => Promise.reject(new Error('S3 is unavailable'));
  expect(await own.refresh()).toBe(false);
  expect(await own.refresh()).toBe(false);
  answer = () => Promise.resolve('[{"date":"tomorrow"}]');
  expect(await own.refresh()).toBe(false);
  expect(own.overrides).toEqual([DAY]);
  expect(problems).toEqual([
    expect.stringContaining('S3 is unavailable'),
    expect.stringContaining('day 1, date'),
  ]);
  answer = () => Promise.resolve(null);
  expect(await own.refresh()).toBe(true);
  expect(own.overrides).toEqual([]);
});
