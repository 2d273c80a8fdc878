// Reads the clocks without /proc/uptime, which ProcSubset=pid of the service unit hides.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { systemdUnits } from '../../infra/instance/user-data.ts';

const TIMEPIECE = path.join(import.meta.dirname, '../../adapters/process/clock.ts');
const READ = `
import { existsSync } from 'node:fs';
import { systemTimepiece } from ${JSON.stringify(TIMEPIECE)};
console.log(JSON.stringify({ ...systemTimepiece()(), isHidden: !existsSync('/proc/uptime') }));
`;
/** What systemd does for ProcSubset=pid (systemd.exec(5)), in a process namespace, without which nothing is hidden. */
const HIDE = 'mount -t proc -o subset=pid proc /proc && exec "$@"';
const NAMESPACES = [
  '--mount',
  '--pid',
  '--fork',
  '--propagation',
  'private',
  'sh',
  '-c',
  HIDE,
  'sh',
];

const Reading = z.object({ sinceBootMs: z.nullable(z.number()), isHidden: z.boolean() });

function hidden(...command: readonly string[]) {
  return spawnSync('unshare', [...NAMESPACES, ...command], { encoding: 'utf8' });
}

const wanted = hidden('true').status === 0 || process.env['CI'] === 'true';

test.skipIf(!wanted)(
  `systemTimepiece reads the time since boot although /proc/uptime is hidden${wanted ? '' : ' (skipped: requires namespaces)'}`,
  () => {
    const paths = { environmentFile: '/etc/fyers', programs: '/opt/fyers' };
    expect(systemdUnits(paths)['fyers-harvester.service']).toContain('\nProcSubset=pid\n');
    const { stdout, stderr } = hidden(process.execPath, '--input-type=module', '--eval', READ);
    expect(stderr).toBe('');
    const { sinceBootMs, isHidden } = Reading.parse(JSON.parse(stdout));
    expect(isHidden).toBe(true);
    expect(sinceBootMs).toBeGreaterThan(0);
  },
);
