// Writes the script that cloud-init runs once on a new instance. It contains neither the harvester's code nor a
// secret: the service loads both from the bucket and SSM when it starts, so a change of them does not replace the
// instance.
import { ENVIRONMENT, FYERS_API_URL, OBJECTS, REGION } from '../../core/config/names.ts';
import type { HarvesterPlan } from '../../core/config/harvesters.ts';
import {
  environmentName,
  HARVESTER_KEYS,
  type HarvesterValues,
  rowOf,
} from '../../core/config/keys.ts';

const ENVIRONMENT_FILE = '/etc/fyers-harvester.env';
const PROGRAMS = '/opt/fyers';

interface HarvesterEnvironment
  extends HarvesterValues, Pick<HarvesterPlan, 'everySeconds' | 'feed' | 'shard'> {
  readonly symbols: readonly string[];
  readonly bucket: string;
}

/** The environment file for systemd; values are validated to need no quotes. */
function environmentBlock(environment: HarvesterEnvironment): string {
  const values: Readonly<Record<string, string | number | boolean>> = {
    // Only the two oldest keys have a line for their default: without it every instance would be replaced.
    [ENVIRONMENT.suffix]: '',
    [ENVIRONMENT.apiUrl]: FYERS_API_URL,
    [ENVIRONMENT.symbols]: environment.symbols.join(','),
    [ENVIRONMENT.everySeconds]: environment.everySeconds,
    // Left out by default, so that an instance from before this key is not replaced.
    ...(environment.feed === 'rest' ? {} : { [ENVIRONMENT.feed]: environment.feed }),
    [ENVIRONMENT.bucket]: environment.bucket,
    [ENVIRONMENT.dataDir]: '/var/lib/fyers-harvester',
    [ENVIRONMENT.shard]: environment.shard,
    AWS_REGION: REGION,
    ...Object.fromEntries(
      HARVESTER_KEYS.filter((key) => environment[key] !== rowOf(key).default).map((key) => [
        environmentName(key),
        environment[key],
      ]),
    ),
  };
  return Object.entries(values)
    .map(([name, value]) => `${name}=${String(value)}\n`)
    .join('');
}

export function userData(environment: HarvesterEnvironment): string {
  const units = systemdUnits({ environmentFile: ENVIRONMENT_FILE, programs: PROGRAMS });
  return `#!/bin/bash
# Sets up swap and the systemd units. Each start of the service installs Node if it is missing and downloads the
# harvester, so a failed download is tried again.
set -euo pipefail

# On a small instance without swap, dnf is killed for lack of memory (amazonlinux/amazon-linux-2023#404).
if [ ! -e /swapfile ]; then
  dd if=/dev/zero of=/swapfile bs=1M count=1024 status=none
  chmod 600 /swapfile
  mkswap /swapfile
  echo '/swapfile none swap defaults 0 0' >> /etc/fstab
fi
swapon --all

install --directory --mode=0755 ${PROGRAMS}
${file(ENVIRONMENT_FILE, 'FYERS_ENV', environmentBlock(environment))}
${file(`${PROGRAMS}/prepare`, 'FYERS_PREPARE', PREPARE)}
${file(`${PROGRAMS}/fetch`, 'FYERS_FETCH', FETCH)}
${file(`${PROGRAMS}/upgrade`, 'FYERS_UPGRADE', UPGRADE)}
chmod 0755 ${PROGRAMS}/prepare ${PROGRAMS}/fetch ${PROGRAMS}/upgrade
${Object.entries(units)
  .map(([name, text]) => file(`/etc/systemd/system/${name}`, 'FYERS_UNIT', text))
  .join('\n')}
systemctl daemon-reload
systemctl enable --now --no-block ${ENABLED_UNITS.join(' ')}
`;
}

/** The quoted delimiter prevents shell expansion in the text. */
function file(path: string, delimiter: string, text: string): string {
  return `cat > ${path} <<'${delimiter}'\n${text}${delimiter}`;
}

/** Reads one field of artifact/current.json from a file. */
const FIELD = `field() { node-24 -p 'JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"))[process.argv[2]]' "$1" "$2"; }`;

const PREPARE = `#!/bin/bash
# Installs Node if it is missing. The boot script runs only once: if the package mirror were down at that moment, the
# instance would never record.
set -euo pipefail
[ -x /usr/bin/node-24 ] || dnf --assumeyes install nodejs24
`;

const FETCH = `#!/bin/bash
# Downloads the harvester that ${OBJECTS.currentArtifact} names, and checks its SHA-256. If that fails, an installed harvester is
# used.
set -euo pipefail
umask 022
work=$(mktemp --directory ${PROGRAMS}/.fetch.XXXXXX)
trap 'rm -rf "$work"' EXIT
${FIELD}
get() { aws s3api get-object --bucket "$FYERS_BUCKET" --key "$1" "$2" > /dev/null; }

fetch() {
  get ${OBJECTS.currentArtifact} "$work/current.json" || return 1
  key=$(field "$work/current.json" key) || return 1
  sha256=$(field "$work/current.json" sha256) || return 1
  get "$key" "$work/harvester.mjs" || return 1
  echo "$sha256  $work/harvester.mjs" | sha256sum --check --status || return 1
  mv "$work/harvester.mjs" ${PROGRAMS}/harvester.mjs
}

if fetch; then
  echo "the harvester is $sha256"
elif [ -e ${PROGRAMS}/harvester.mjs ]; then
  echo "could not download a harvester with the right SHA-256: using the installed one" >&2
else
  echo "could not download a harvester with the right SHA-256: trying again" >&2
  exit 1
fi
`;

const UPGRADE = `#!/bin/bash
# Restarts the service if the bucket names another harvester than the installed one; the start downloads it.
set -euo pipefail
work=$(mktemp --directory)
trap 'rm -rf "$work"' EXIT
${FIELD}
aws s3api get-object --bucket "$FYERS_BUCKET" --key ${OBJECTS.currentArtifact} "$work/current.json" > /dev/null
wanted=$(field "$work/current.json" sha256)
if ! echo "$wanted  ${PROGRAMS}/harvester.mjs" | sha256sum --check --status; then
  systemctl restart fyers-harvester.service
fi
`;

// Defines the instance's systemd units: the harvester, its upgrade after the close, and the weekly updates.

/** Enough to finish the last slot and ship the remaining data. */
const STOP_TIMEOUT_SECONDS = 120;

interface UnitPaths {
  readonly environmentFile: string;
  /**
   * Folder of the executables and the harvester's file; owned by root, so that the service cannot change its own
   * code.
   */
  readonly programs: string;
}

/** File texts by name under /etc/systemd/system. */
export function systemdUnits(paths: UnitPaths): Readonly<Record<string, string>> {
  return {
    'fyers-harvester.service': harvesterUnit(paths),
    'fyers-upgrade.service': oneShot(
      'Updates the harvester to the version in the bucket',
      [`${paths.programs}/upgrade`],
      paths.environmentFile,
    ),
    // After close and compaction, so that a deploy never interrupts a session.
    'fyers-upgrade.timer': timer('*-*-* 16:15:00 Asia/Kolkata'),
    'fyers-updates.service': oneShot('Installs security updates and reboots', [
      // The release is locked to the image; without this option there would be no newer updates.
      '/usr/bin/dnf --assumeyes --security --releasever=latest upgrade',
      '/usr/bin/systemctl reboot',
    ]),
    'fyers-updates.timer': timer('Sun *-*-* 04:00:00 Asia/Kolkata'),
  };
}

/** The timers and services to enable. */
const ENABLED_UNITS = [
  'fyers-harvester.service',
  'fyers-upgrade.timer',
  'fyers-updates.timer',
] as const;

// test/full/validity.test.ts lists the further options of `systemd-analyze security` and why they are not set.
function harvesterUnit({ environmentFile, programs }: UnitPaths): string {
  return `[Unit]
Description=Records the order book
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
Type=exec
# The harvester's first message requests a watchdog, and the later ones report progress (adapters/process/service-manager.ts).
NotifyAccess=all
EnvironmentFile=${environmentFile}
ExecStartPre=+${programs}/prepare
ExecStartPre=+${programs}/fetch
ExecStart=/usr/bin/node-24 ${programs}/harvester.mjs --use-ssm
Restart=always
RestartSec=10
TimeoutStartSec=900
TimeoutStopSec=${String(STOP_TIMEOUT_SECONDS)}
KillMode=mixed
DynamicUser=yes
StateDirectory=fyers-harvester
StateDirectoryMode=0700
UMask=0077
# A core file would contain the token.
LimitCORE=0
MemoryMax=850M
TasksMax=128
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectProc=invisible
ProcSubset=pid
PrivateTmp=yes
PrivateDevices=yes
PrivateMounts=yes
PrivateUsers=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
`;
}

function oneShot(
  description: string,
  commands: readonly string[],
  environmentFile?: string,
): string {
  return [
    '[Unit]',
    `Description=${description}`,
    '',
    '[Service]',
    'Type=oneshot',
    'LimitCORE=0',
    ...(environmentFile === undefined ? [] : [`EnvironmentFile=${environmentFile}`]),
    ...commands.map((command) => `ExecStart=${command}`),
    '',
  ].join('\n');
}

function timer(onCalendar: string): string {
  return `[Unit]
Description=Starts the service of this name

[Timer]
OnCalendar=${onCalendar}

[Install]
WantedBy=timers.target
`;
}
