import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  THIS_DISK,
  diskFault,
  diskRefusal,
  proveWritable,
} from '../../../adapters/recordings/disk.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'fyers-disk-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const refusal = (code: string, place?: string) =>
  Object.assign(new Error(`${code}: told to`), {
    code,
    ...(place === undefined ? {} : { path: place }),
  });

/** A disk on which no file can be written, for that reason. */
const refusing = (code: string) => ({
  ...THIS_DISK,
  writeFile: () => Promise.reject(refusal(code)),
});

describe('A folder to record into', () => {
  test('is proven by a file that is gone again', async () => {
    await proveWritable(path.join(folder, 'days'));
    expect(await readdir(path.join(folder, 'days'))).toEqual([]);
  });

  test.each(['EACCES', 'EPERM', 'EROFS'])(
    'is refused with %s, and rights are named',
    async (code) => {
      const proven = proveWritable(folder, refusing(code));
      await expect(proven).rejects.toThrow(/Let this user write there .* another folder/);
    },
  );

  test.each(['ENOTDIR', 'ENAMETOOLONG', 'EMFILE'])('is refused with %s', async (code) => {
    await expect(proveWritable(folder, refusing(code))).rejects.toMatchObject({
      code: 'platform.disk',
    });
  });

  test.each(['ENOSPC', 'EIO', 'EDQUOT', 'ESTALE'])(
    'is taken with %s, which may pass',
    async (code) => {
      await expect(proveWritable(folder, refusing(code))).resolves.toBeUndefined();
    },
  );
});

describe('What the disk says', () => {
  test('is advised by its reason: rights, or space', () => {
    expect(diskFault('The day log', '/d', refusal('EACCES')).nextStep).toContain('`ls -ld /d`');
    expect(diskFault('The day log', '/d', refusal('ENOSPC')).nextStep).toContain('`df -h /d`');
    expect(diskRefusal(refusal('EACCES', '/d/f'))?.nextStep).toContain('`ls -ld /d`');
    expect(diskRefusal(refusal('ENOSPC'))?.code).toBe('platform.disk');
  });

  test.each([
    ...['EACCES', 'EPERM', 'EROFS', 'EEXIST', 'EISDIR', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP'],
    ...['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO', 'ESTALE', 'ENODEV', 'EBUSY', 'EMFILE', 'ENFILE'],
  ])('is %s, and not a bug', (code) => {
    expect(diskRefusal(refusal(code, '/d/f'))?.code).toBe('platform.disk');
  });

  test('is what a socket, or a program that cannot be started, has not', () => {
    for (const syscall of ['spawn pulumi', 'spawn']) {
      const caught = Object.assign(refusal('EACCES', 'pulumi'), { syscall });
      expect(diskRefusal(caught)).toBeNull();
    }
    expect(diskRefusal(Object.assign(refusal('EACCES'), { syscall: 'listen' }))).toBeNull();
    expect(diskRefusal(refusal('EMFILE'))).toBeNull();
  });

  test('is rights for a folder that cannot be made, which Node calls ENOENT on a read-only disk', async () => {
    const caught = Object.assign(refusal('ENOENT', '/d/new'), { syscall: 'mkdir' });
    expect(diskRefusal(caught)?.nextStep).toContain('Let this user write there');
    const mkdir = () => Promise.reject(caught);
    await expect(proveWritable('/d/new', { ...THIS_DISK, mkdir })).rejects.toMatchObject({
      code: 'platform.disk',
    });
  });

  test('is no excuse for other errors', () => {
    for (const caught of [new TypeError('x'), refusal('ENOENT', '/d/f'), refusal('EACCES'), null]) {
      expect(diskRefusal(caught)).toBeNull();
    }
  });
});
