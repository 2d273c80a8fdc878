// Runs child processes that report what they have used in the last line of their standard error.
import { spawn } from 'node:child_process';
import path from 'node:path';

/** The limits that the harvester gives the child that compacts a day. */
const COMPACTION_HEAP = ['--max-old-space-size=128', '--max-semi-space-size=2'];

/**
 * Code for a child process: the most memory that it has had, in KiB. The system call's own figure begins
 * with the memory of the parent.
 */
export const PEAK_KIB =
  'Number(/VmHWM:[^0-9]*([0-9]*)/.exec(process.getBuiltinModule("fs").readFileSync("/proc/self/status","utf8"))[1])';

/** The same in Python. */
export const PYTHON_PEAK_KIB = "open('/proc/self/status').read().split('VmHWM:')[1].split()[0]";

/** Flags of Node for a compaction. @param report code that runs at the end of the process */
export function compactionFlags(report: string): readonly string[] {
  return [
    ...COMPACTION_HEAP,
    '--import',
    `data:text/javascript,process.on("exit",()=>{${report}})`,
  ];
}

/**
 * Returns the last line of the child's standard error.
 * @throws Error if the child fails
 */
export async function lastLineOf(file: string, args: readonly string[]): Promise<string> {
  const child = spawn(file, [...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { MALLOC_ARENA_MAX: '1' },
  });
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    words += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`${path.basename(file)} ended with ${String(code)}: ${words}`);
  return words.trim().split('\n').at(-1) ?? '';
}
