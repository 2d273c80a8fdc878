import { describe, expect, test } from 'vitest';
import { userData } from '../../../infra/instance/user-data.ts';
import { DEFAULTS } from '../../support/stack-configs.ts';

const SCRIPT = userData({
  ...DEFAULTS,
  symbols: ['NSE:SBIN-EQ', 'NSE:M&M-EQ'],
  everySeconds: 5,
  shard: 0,
  bucket: 'fyers-depth-1234567',
});

/** Returns the text between the here-document markers of a file that the script writes. */
function fileText(file: string): string {
  const text = new RegExp(`^cat > ${file} <<'(\\w+)'\\n([\\s\\S]*?)^\\1$`, 'm').exec(SCRIPT)?.[2];
  if (text === undefined) throw new Error(`${file} is not written`);
  return text;
}

describe('The user data', () => {
  test('is smaller than EC2’s limit of 16 KB', () => {
    expect(Buffer.byteLength(SCRIPT)).toBeLessThan(16_384);
  });

  test('stops at the first error, like the scripts that it writes', () => {
    expect(SCRIPT).toMatch(/^#!\/bin\/bash\n/);
    for (const script of [SCRIPT, fileText('/opt/fyers/fetch'), fileText('/opt/fyers/upgrade')]) {
      expect(script).toContain('set -euo pipefail');
    }
  });

  test('writes the environment of the harvester without quotes', () => {
    expect(fileText('/etc/fyers-harvester.env').trimEnd().split('\n')).toEqual([
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

  test('disables core files for each service, because they would contain the token', () => {
    const units = [...SCRIPT.matchAll(/^cat > (\/etc\/systemd\/system\/\S+\.service) <</gm)];
    expect(units.length).toBeGreaterThan(2);
    for (const [, file = ''] of units) {
      expect(fileText(file).split('[Service]')[1], file).toMatch(/^LimitCORE=0$/m);
    }
  });

  test('creates swap before it installs a package, and runs the versioned Node', () => {
    expect(SCRIPT.indexOf('swapon')).toBeLessThan(SCRIPT.indexOf('dnf --assumeyes install'));
    expect(SCRIPT).toContain('install nodejs24');
    expect(fileText('/etc/systemd/system/fyers-harvester.service')).toContain(
      'ExecStart=/usr/bin/node-24 /opt/fyers/harvester.mjs --use-ssm\n',
    );
  });

  test('installs Node and fetches the code when the service starts, which systemd retries, and not in the boot script', () => {
    const unit = fileText('/etc/systemd/system/fyers-harvester.service');
    expect(unit).toMatch(
      /^ExecStartPre=\+\/opt\/fyers\/prepare\nExecStartPre=\+\/opt\/fyers\/fetch$/m,
    );
    const prepare = fileText('/opt/fyers/prepare');
    expect(prepare).toContain('dnf --assumeyes install nodejs24');
    expect(SCRIPT.replace(prepare, '')).not.toMatch(/dnf --assumeyes install/);
  });

  test('installs new code after the close and security updates on Sunday, in Indian time', () => {
    expect(fileText('/etc/systemd/system/fyers-upgrade.timer')).toContain(
      'OnCalendar=*-*-* 16:15:00 Asia/Kolkata\n',
    );
    expect(fileText('/etc/systemd/system/fyers-updates.timer')).toContain(
      'OnCalendar=Sun *-*-* 04:00:00 Asia/Kolkata\n',
    );
    expect(fileText('/etc/systemd/system/fyers-updates.service')).toContain('--releasever=latest');
  });

  test('enables every unit with an [Install] section', () => {
    const enabled = /systemctl enable --now --no-block (.*)$/m.exec(SCRIPT)?.[1]?.split(' ') ?? [];
    const installed = [...SCRIPT.matchAll(/^cat > \/etc\/systemd\/system\/(\S+)/gm)]
      .map((match) => match[1] ?? '')
      .filter((unit) => fileText(`/etc/systemd/system/${unit}`).includes('[Install]'));
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
    expect(fileText('/etc/systemd/system/fyers-harvester.service').split('\n')).toContain(line);
  });
});
