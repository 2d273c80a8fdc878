import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  THIS_DISK,
  diskFault,
  diskRefusal,
  proveWritable,
} from '../../../adapters/recordings/disk.ts';
import { makeFolderPerTest } from '../../support/temporary-folder.ts';

const folder = makeFolderPerTest();

const refusal = (code: string, place?: string) =>
  Object.assign(new Error(`${code}: injected`), {
    code,
    ...(place === undefined ? {} : { path: place }),
  });

/** A disk on which every write fails with `code`. */
const diskWith = (code: string) => ({
  ...THIS_DISK,
  writeFile: () => Promise.reject(refusal(code)),
});

describe('proveWritable', () => {
  test('creates the folder, and leaves no file in it', async () => {
    await proveWritable(path.join(folder.path, 'days'));
    expect(await readdir(path.join(folder.path, 'days'))).toEqual([]);
  });

  test.each(['EACCES', 'EPERM', 'EROFS'])(
    'rejects for %s, and suggests to change permissions',
    async (code) => {
      const proven = proveWritable(folder.path, diskWith(code));
      await expect(proven).rejects.toThrow(/Let this user write there .* another folder/);
    },
  );

  test.each(['ENOTDIR', 'ENAMETOOLONG', 'EMFILE'])('rejects for %s', async (code) => {
    await expect(proveWritable(folder.path, diskWith(code))).rejects.toMatchObject({
      code: 'platform.disk',
    });
  });

  test.each(['ENOSPC', 'EIO', 'EDQUOT', 'ESTALE'])(
    'resolves for %s, which may be temporary',
    async (code) => {
      await expect(proveWritable(folder.path, diskWith(code))).resolves.toBeUndefined();
    },
  );
});

describe('diskFault and diskRefusal', () => {
  test('suggest to check permissions or space, by the error code', () => {
    expect(diskFault('The day log', '/d', refusal('EACCES')).nextStep).toContain('`ls -ld /d`');
    expect(diskFault('The day log', '/d', refusal('ENOSPC')).nextStep).toContain('`df -h /d`');
    expect(diskRefusal(refusal('EACCES', '/d/f'))?.nextStep).toContain('`ls -ld /d`');
    expect(diskRefusal(refusal('ENOSPC'))?.code).toBe('platform.disk');
  });

  test.each([
    ...['EACCES', 'EPERM', 'EROFS', 'EEXIST', 'EISDIR', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP'],
    ...['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO', 'ESTALE', 'ENODEV', 'EBUSY', 'EMFILE', 'ENFILE'],
  ])('diskRefusal recognises %s', (code) => {
    expect(diskRefusal(refusal(code, '/d/f'))?.code).toBe('platform.disk');
  });

  test('diskRefusal returns null for errors of sockets and of child processes', () => {
    for (const syscall of ['spawn pulumi', 'spawn']) {
      const caught = Object.assign(refusal('EACCES', 'pulumi'), { syscall });
      expect(diskRefusal(caught)).toBeNull();
    }
    expect(diskRefusal(Object.assign(refusal('EACCES'), { syscall: 'listen' }))).toBeNull();
    expect(diskRefusal(refusal('EMFILE'))).toBeNull();
  });

  test('suggest to change permissions if mkdir fails with ENOENT, as on a read-only disk', async () => {
    const caught = Object.assign(refusal('ENOENT', '/d/new'), { syscall: 'mkdir' });
    expect(diskRefusal(caught)?.nextStep).toContain('Let this user write there');
    const mkdir = () => Promise.reject(caught);
    await expect(proveWritable('/d/new', { ...THIS_DISK, mkdir })).rejects.toMatchObject({
      code: 'platform.disk',
    });
  });

  test('diskRefusal returns null for other errors', () => {
    for (const caught of [new TypeError('x'), refusal('ENOENT', '/d/f'), refusal('EACCES'), null]) {
      expect(diskRefusal(caught)).toBeNull();
    }
  });
});
