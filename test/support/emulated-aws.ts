// Starts an emulator for one test file, and scripts the answers of a person.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import type { AwsOptions, Person } from '../../cli/shared/io.ts';
import { startEmulator } from '../../sandbox/aws/emulator.ts';
import { ROOT } from './source-tree.ts';

/** The emulator's only account. */
export const ACCOUNT = '000000000000';

export interface EmulatedAws {
  readonly options: AwsOptions & { readonly region: string; readonly endpoint: string };
  close(): Promise<void>;
}

export async function emulatedAws(): Promise<EmulatedAws> {
  const dir = mkdtempSync(path.join(tmpdir(), 'fyers-emulator-'));
  const emulator = await startEmulator({ dir, nodeModules: path.join(ROOT, 'node_modules') });
  const { endpoint, region, rootCredentials: credentials } = emulator;
  return {
    options: { endpoint, region, credentials, maxAttempts: 1 },
    async close() {
      await emulator.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/**
 * Starts an emulator for the file. Returns a function that opens an account for one test: the emulator
 * takes an access key of twelve digits for the root of that account.
 */
export function openAccountsPerFile() {
  let aws: EmulatedAws;
  let accounts = 100_000_000_000;
  beforeAll(async () => {
    aws = await emulatedAws();
  });
  afterAll(() => aws.close());
  return () => {
    accounts += 1;
    const credentials = { accessKeyId: String(accounts), secretAccessKey: 'test' };
    return { ...aws.options, credentials };
  };
}

export interface ScriptedPerson extends Person {
  /** What was asked, in order. */
  readonly questions: readonly { readonly question: string; readonly hidden: boolean }[];
}

/** @param answers one for each question; yes and no for what is to be confirmed */
export function personSaying(...answers: readonly string[]): ScriptedPerson {
  const questions: { question: string; hidden: boolean }[] = [];
  const answer = (question: string, hidden: boolean): string => {
    const given = answers[questions.length];
    questions.push({ question, hidden });
    if (given === undefined) throw new Error(`no question was expected: ${question}`);
    return given;
  };
  return {
    questions,
    ask: (question, { hidden = false } = {}) => Promise.resolve(answer(question, hidden)),
    confirm: (question) => Promise.resolve(answer(question, false) === 'yes'),
  };
}
