import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { userData } from '../../../infra/instance/user-data.ts';

const SCRIPT = userData({
  suffix: '',
  apiUrl: 'https://api-t1.fyers.in',
  symbols: ['NSE:SBIN-EQ', 'NSE:M&M-EQ'],
  everySeconds: 5,
  feed: 'rest',
  shard: 0,
  bucket: 'fyers-depth-1234567',
});

/** The text between the here-document markers of a file that the script writes. */
function written(file: string): string {
  const text = new RegExp(`^cat > ${file} <<'(\\w+)'\\n([\\s\\S]*?)^\\1$`, 'm').exec(SCRIPT)?.[2];
  if (text === undefined) throw new Error(`${file} is not written`);
  return text;
}

function shellAccepts(script: string): boolean {
  return spawnSync('bash', ['-n'], { input: script }).status === 0;
}

describe('The user data', () => {
  test('fits into EC2’s 16 KB', () => {
    expect(Buffer.byteLength(SCRIPT)).toBeLessThan(16_384);
  });

  test('is a script that bash can read, as are the scripts in it', () => {
    expect(SCRIPT).toMatch(/^#!\/bin\/bash\n/);
    for (const script of [SCRIPT, written('/opt/fyers/fetch'), written('/opt/fyers/upgrade')]) {
      expect(script).toContain('set -euo pipefail');
      expect(shellAccepts(script)).toBe(true);
    }
    expect(shellAccepts(SCRIPT.replace('then', ''))).toBe(false);
  });

  test('hands the harvester its environment, without quotes', () => {
    expect(written('/etc/fyers-harvester.env').trimEnd().split('\n')).toEqual([
      'FYERS_SUFFIX=',
      'FYERS_API_URL=https://api-t1.fyers.in',
      'FYERS_SYMBOLS=NSE:SBIN-EQ,NSE:M&M-EQ',
      'FYERS_EVERY_SECONDS=5',
      'FYERS_BUCKET=fyers-depth-1234567',
      'FYERS_DATA_DIR=/var/lib/fyers-harvester',
      'FYERS_SHARD=0',
      'AWS_REGION=ap-south-1',
    ]);
  });

  test('lets no service leave a core file, which would hold the token', () => {
    const units = [...SCRIPT.matchAll(/^cat > (\/etc\/systemd\/system\/\S+\.service) <</gm)];
    expect(units.length).toBeGreaterThan(2);
    for (const [, file = ''] of units) {
      expect(written(file).split('[Service]')[1], file).toMatch(/^LimitCORE=0$/m);
    }
  });

  test('makes swap before the first package, and runs the numbered Node', () => {
    expect(SCRIPT.indexOf('swapon')).toBeLessThan(SCRIPT.indexOf('dnf --assumeyes install'));
    expect(SCRIPT).toContain('install nodejs24');
    expect(written('/etc/systemd/system/fyers-harvester.service')).toContain(
      'ExecStart=/usr/bin/node-24 /opt/fyers/harvester.mjs --use-ssm\n',
    );
  });

  test('installs Node at the start of the service, which is tried again, and not in the script, which is not', () => {
    const unit = written('/etc/systemd/system/fyers-harvester.service');
    expect(unit.indexOf('ExecStartPre=+/opt/fyers/prepare\n')).toBeGreaterThan(0);
    expect(unit.indexOf('/opt/fyers/prepare')).toBeLessThan(unit.indexOf('/opt/fyers/fetch'));
    const prepare = written('/opt/fyers/prepare');
    expect(prepare).toContain('dnf --assumeyes install nodejs24');
    expect(SCRIPT.replace(prepare, '')).not.toMatch(/dnf --assumeyes install/);
  });

  test('fetches the code before every start and proves its SHA-256', () => {
    expect(written('/etc/systemd/system/fyers-harvester.service')).toContain(
      'ExecStartPre=+/opt/fyers/fetch\n',
    );
    const fetch = written('/opt/fyers/fetch');
    expect(fetch.indexOf('sha256sum --check')).toBeLessThan(fetch.indexOf('mv "$work'));
    expect(fetch).toContain('artifact/current.json');
  });

  test('takes up new code after the close and security updates on Sunday, both by the Indian clock', () => {
    expect(written('/etc/systemd/system/fyers-upgrade.timer')).toContain(
      'OnCalendar=*-*-* 16:15:00 Asia/Kolkata\n',
    );
    expect(written('/etc/systemd/system/fyers-updates.timer')).toContain(
      'OnCalendar=Sun *-*-* 04:00:00 Asia/Kolkata\n',
    );
    expect(written('/etc/systemd/system/fyers-updates.service')).toContain('--releasever=latest');
  });

  test('enables every unit that has something to start it by', () => {
    const enabled = /systemctl enable --now --no-block (.*)$/m.exec(SCRIPT)?.[1]?.split(' ') ?? [];
    const installed = [...SCRIPT.matchAll(/^cat > \/etc\/systemd\/system\/(\S+)/gm)]
      .map((match) => match[1] ?? '')
      .filter((unit) => written(`/etc/systemd/system/${unit}`).includes('[Install]'));
    expect(installed.length).toBeGreaterThan(2);
    expect(enabled.toSorted()).toEqual(installed.toSorted());
  });

  test.each([
    'DynamicUser=yes',
    'NoNewPrivileges=yes',
    'ProtectSystem=strict',
    'CapabilityBoundingSet=',
    'StateDirectory=fyers-harvester',
    'Restart=always',
  ])('runs the harvester with %s', (line) => {
    expect(written('/etc/systemd/system/fyers-harvester.service').split('\n')).toContain(line);
  });
});
