// Defines the instance's systemd units: the harvester, its upgrade after the close, and the weekly updates.

/** Enough to finish the last slot and ship the remaining data. */
const STOP_TIMEOUT_SECONDS = 120;

export interface UnitPaths {
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
      'Takes up the harvester that the bucket names, if it is another one',
      [`${paths.programs}/upgrade`],
      paths.environmentFile,
    ),
    // After close and compaction, so that a deploy never interrupts a session.
    'fyers-upgrade.timer': timer('*-*-* 16:15:00 Asia/Kolkata'),
    'fyers-updates.service': oneShot('Installs security updates and starts afresh', [
      // The release is locked to the image; without this option there would be no newer updates.
      '/usr/bin/dnf --assumeyes --security --releasever=latest upgrade',
      '/usr/bin/systemctl reboot',
    ]),
    'fyers-updates.timer': timer('Sun *-*-* 04:00:00 Asia/Kolkata'),
  };
}

/** The timers and services to enable. */
export const ENABLED_UNITS = [
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
# Its first word asks for a watchdog, and the later ones say that it gets on (adapters/process/service-manager.ts).
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
# A core file would hold the token.
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
