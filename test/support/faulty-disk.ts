// Wraps the real disk, so that any operation can fail. A write that finds no space left writes half of its text.
import type { FileHandle } from 'node:fs/promises';
import { type Disk, THIS_DISK } from '../../adapters/recordings/disk.ts';

type Operation = keyof Disk | 'appendFile' | 'datasync' | 'sync' | 'stat' | 'truncate' | 'read';

export interface FaultyDisk extends Disk {
  /** The next `times` operations of that name fail. */
  fail(operation: Operation, times: number): void;
  /** Operations until now. */
  readonly count: () => number;
}

/** @param fails whether the operation fails, from its number (the first is 1) and its name */
export function faultyDisk(
  fails: (count: number, operation: Operation) => boolean = () => false,
): FaultyDisk {
  let count = 0;
  const asked = new Map<Operation, number>();
  const failure = (operation: Operation): Error | null => {
    count += 1;
    const left = asked.get(operation) ?? 0;
    asked.set(operation, left - 1);
    if (left <= 0 && !fails(count, operation)) return null;
    const code = operation === 'datasync' || operation === 'sync' ? 'EIO' : 'ENOSPC';
    return Object.assign(new Error(`${code}: told to fail, ${operation}`), { code });
  };
  const check = async <T>(operation: Operation, go: () => Promise<T>): Promise<T> => {
    const error = failure(operation);
    if (error !== null) throw error;
    return go();
  };
  const handleOf = (handle: FileHandle): FileHandle =>
    new Proxy(handle, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        return (...args: readonly unknown[]): unknown => {
          if (!isOperation(name)) return Reflect.apply(value, target, args);
          const error = failure(name);
          if (error === null) return Reflect.apply(value, target, args);
          const [content] = args;
          const isContent = typeof content === 'string' || content instanceof Uint8Array;
          const written =
            name === 'appendFile' && isContent
              ? target.appendFile(content.slice(0, content.length / 2))
              : Promise.resolve();
          return written.then(() => Promise.reject(error));
        };
      },
    });
  return {
    fail(operation, times) {
      asked.set(operation, times);
    },
    count: () => count,
    mkdir: THIS_DISK.mkdir,
    space: THIS_DISK.space,
    open: (...args) => check('open', async () => handleOf(await THIS_DISK.open(...args))),
    rename: (...args) => check('rename', () => THIS_DISK.rename(...args)),
    rm: (...args) => check('rm', () => THIS_DISK.rm(...args)),
    writeFile: (...args) => check('writeFile', () => THIS_DISK.writeFile(...args)),
  };
}

const ON_HANDLES = new Set<unknown>(['appendFile', 'datasync', 'sync', 'stat', 'truncate', 'read']);

function isOperation(name: string | symbol): name is Operation {
  return ON_HANDLES.has(name);
}
