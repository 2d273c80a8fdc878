// `npm run mutate [WORD]`: breaks the code on purpose, one edit at a time, and says which test saw it.
import { MUTATIONS } from './mutations/index.ts';
import { type Verdict, runTests } from './tests.ts';
import { type Mutation, apply, copyTree, occurrences, removeTree } from './tree.ts';

/** As many as the two cores that the tests are meant for. */
const AT_ONCE = 2;

interface Result {
  readonly name: string;
  readonly good: boolean;
  readonly text: string;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Works through the queue with one copy of the tree for each of `AT_ONCE` workers. */
async function inCopies<T, R>(
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

/** Each test file by itself, so that a red one is named. */
async function testsBefore(mutations: readonly Mutation[]): Promise<readonly string[]> {
  const files = [...new Set(mutations.flatMap(({ tests }) => tests))].sort();
  say(`Without any edit: ${String(files.length)} test files.`);
  const verdicts = await inCopies(files, async (file, folder) => {
    const verdict = await runTests([file], folder);
    if (verdict.kind !== 'green') say(`  red before any edit: ${seen(verdict)}`);
    return { file, verdict };
  });
  return verdicts.flatMap(({ file, verdict }) => (verdict.kind === 'green' ? [] : [file]));
}

function seen(verdict: Verdict): string {
  if (verdict.kind === 'red') return `${verdict.title} (${verdict.file})`;
  return verdict.kind === 'green' ? 'SURVIVED' : `PROVES NOTHING: ${verdict.why}`;
}

async function tried(mutation: Mutation, folder: string, red: readonly string[]): Promise<Result> {
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
  return { name, good: verdict.kind === 'red', text: seen(verdict) };
}

async function main(word: string | undefined): Promise<number> {
  const mutations = MUTATIONS.filter(
    ({ name, file }) => word === undefined || `${name} ${file}`.includes(word),
  );
  const red = await testsBefore(mutations);
  say(`With one edit each: ${String(mutations.length)} mutations.`);
  let done = 0;
  const results = await inCopies(mutations, async (mutation, folder) => {
    const began = performance.now();
    const result = await tried(mutation, folder, red);
    done += 1;
    const seconds = ((performance.now() - began) / 1_000).toFixed(1);
    const count = `${String(done).padStart(3)}/${String(mutations.length)}`;
    say(
      `${count}  ${seconds.padStart(5)} s  ${result.good ? 'caught' : 'NOT CAUGHT'}  ${result.name}`,
    );
    return result;
  });
  const width = Math.max(0, ...results.map(({ name }) => name.length));
  say('');
  for (const { name, text } of results) say(`${name.padEnd(width)}  ${text}`);
  const bad = results.filter(({ good }) => !good).length;
  say(`\n${String(results.length - bad)} of ${String(results.length)} caught`);
  return results.length > 0 && bad === 0 ? 0 : 1;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => process.exit(130));
}
process.exitCode = await main(process.argv[2]);
