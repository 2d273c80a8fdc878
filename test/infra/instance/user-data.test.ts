import { describe, expect, test } from 'vitest';
import { environmentName, HARVESTER_KEYS, isSecretKey } from '../../../core/config/keys.ts';
import { userData } from '../../../infra/instance/user-data.ts';
import { OTHER_VALUES } from '../../support/other-values.ts';
import { DEFAULTS } from '../../support/stack-configs.ts';

const PLAN = {
  ...DEFAULTS,
  symbols: ['NSE:SBIN-EQ', 'NSE:M&M-EQ'],
  everySeconds: 5,
  shard: 0,
  bucket: 'fyers-depth-1234567',
};
const SCRIPT = userData(PLAN);

/** Returns the text between the here-document markers of a file that the script writes. */
function fileText(file: string, script = SCRIPT): string {
  const text = new RegExp(`^cat > ${file} <<'(\\w+)'\\n([\\s\\S]*?)^\\1$`, 'm').exec(script)?.[2];
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

  test.each(OTHER_VALUES)('names %s as %s, and changes no other line', (key, text) => {
    const lines = (script: string) => fileText('/etc/fyers-harvester.env', script).split('\n');
    const before = lines(SCRIPT);
    const after = lines(userData({ ...PLAN, [key]: text === 'true' || text }));
    const line = `${environmentName(key)}=${text}`;
    expect(after.filter((each) => !before.includes(each))).toEqual([line]);
    expect(before.filter((each) => !after.includes(each)).join()).toMatch(
      new RegExp(`^(?:${environmentName(key)}=.*)?$`),
    );
  });

  test('contains no secret', () => {
    expect(HARVESTER_KEYS.filter(isSecretKey)).toEqual([]);
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
