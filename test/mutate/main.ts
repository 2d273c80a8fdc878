// Breaks the code on purpose, one edit at a time, and reports which test failed (`npm run mutate [WORD]`).
import { MUTATIONS } from './mutations/index.ts';
import { type Verdict, runTests } from './tests.ts';
import { type Mutation, apply, copyTree, occurrences, removeTree } from './tree.ts';

/** One for each of two cores. */
const AT_ONCE = 2;

interface Result {
  readonly name: string;
  readonly good: boolean;
  readonly text: string;
}

function writeLine(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Works through the queue with one copy of the tree for each of `AT_ONCE` workers. */
async function runInCopies<T, R>(
  work: readonly T[],
  one: (item: T, folder: string) => Promise<R>,
): Promise<readonly R[]> {
  const results = new Map<T, R>();
  const queue = work.values();
  const worker = async (): Promise<void> => {
    const folder = copyTree();
    const removed = () => {
      removeTree(folder);
    };
    process.once('exit', removed);
    try {
      for (const item of queue) results.set(item, await one(item, folder));
    } finally {
      process.off('exit', removed);
      removed();
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, work.length) }, worker));
  return work.flatMap((item) => results.get(item) ?? []);
}

/** Runs each test file alone, to find those that fail without a mutation. */
async function findFailingTests(mutations: readonly Mutation[]): Promise<readonly string[]> {
  const files = [...new Set(mutations.flatMap(({ tests }) => tests))].sort();
  writeLine(`Without any edit: ${String(files.length)} test files.`);
  const verdicts = await runInCopies(files, async (file, folder) => {
    const verdict = await runTests([file], folder);
    if (verdict.kind !== 'green') writeLine(`  red before any edit: ${describeVerdict(verdict)}`);
    return { file, verdict };
  });
  return verdicts.flatMap(({ file, verdict }) => (verdict.kind === 'green' ? [] : [file]));
}

function describeVerdict(verdict: Verdict): string {
  if (verdict.kind === 'red') return `${verdict.title} (${verdict.file})`;
  return verdict.kind === 'green' ? 'SURVIVED' : `PROVES NOTHING: ${verdict.why}`;
}

async function tryMutation(
  mutation: Mutation,
  folder: string,
  red: readonly string[],
): Promise<Result> {
  const { name, tests } = mutation;
  const times = occurrences(mutation, folder);
  const failed = (text: string): Result => ({ name, good: false, text });
  if (times !== 1) {
    return failed(`NO EDIT: the text is ${String(times)} times in ${mutation.file}, not once`);
  }
  const already = tests.find((file) => red.includes(file));
  if (already !== undefined) return failed(`NOT TRIED: ${already} is red without it`);
  const undo = apply(mutation, folder);
  const verdict = await runTests(tests, folder);
  undo();
  return { name, good: verdict.kind === 'red', text: describeVerdict(verdict) };
}

async function main(word: string | undefined): Promise<number> {
  const mutations = MUTATIONS.filter(
    ({ name, file }) => word === undefined || `${name} ${file}`.includes(word),
  );
  const red = await findFailingTests(mutations);
  writeLine(`With one edit each: ${String(mutations.length)} mutations.`);
  let done = 0;
  const results = await runInCopies(mutations, async (mutation, folder) => {
    const began = performance.now();
    const result = await tryMutation(mutation, folder, red);
    done += 1;
    const seconds = ((performance.now() - began) / 1_000).toFixed(1);
    const count = `${String(done).padStart(3)}/${String(mutations.length)}`;
    writeLine(
      `${count}  ${seconds.padStart(5)} s  ${result.good ? 'caught' : 'NOT CAUGHT'}  ${result.name}`,
    );
    return result;
  });
  const width = Math.max(0, ...results.map(({ name }) => name.length));
  writeLine('');
  for (const { name, text } of results) writeLine(`${name.padEnd(width)}  ${text}`);
  const bad = results.filter(({ good }) => !good).length;
  writeLine(`\n${String(results.length - bad)} of ${String(results.length)} caught`);
  return results.length > 0 && bad === 0 ? 0 : 1;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => process.exit(130));
}
process.exitCode = await main(process.argv[2]);
