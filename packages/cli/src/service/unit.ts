/** What a unit of systemd is written from. */
export interface UnitOptions {
  /** Absolute path of the executable. */
  readonly executable: string;
  /** `system`: for the device, as a user of its own. `user`: for whoever installs it without root. */
  readonly scope: "system" | "user";
}

/** The system user and group that the service runs as. */
export const serviceUser = "antibody";
/** Where the service keeps its state. */
export const serviceState = "/var/lib/antibody";
/** The name of the unit. */
export const unitName = "antibody.service";

/**
 * The unit of the agent. Ceilings hold for the agent together with what it supervises; they are guesses, made to be
 * changed by `systemctl edit antibody`.
 */
export function unitText({ executable, scope }: UnitOptions): string {
  const sections = scope === "system" ? systemLines(executable) : userLines(executable);
  return `${sections.join("\n")}\n`;
}

function systemLines(executable: string): readonly string[] {
  return [
    ...unitSection,
    `ConditionPathExists=${serviceState}/charter.json`,
    "",
    ...serviceSection,
    `ExecStart=${executable} --state ${serviceState} run`,
    `User=${serviceUser}`,
    `Group=${serviceUser}`,
    "StateDirectory=antibody",
    "StateDirectoryMode=0700",
    "RuntimeDirectory=antibody",
    "RuntimeDirectoryMode=0750",
    "",
    "# It may do what its user may, and nothing more. For what its grants need beyond that: antibody install --heal files",
    "CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER",
    "AmbientCapabilities=",
    "NoNewPrivileges=yes",
    "ProtectClock=yes",
    "ProtectKernelLogs=yes",
    "ProtectKernelModules=yes",
    "RestrictNamespaces=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "LockPersonality=yes",
    "SystemCallArchitectures=native",
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
    "",
    ...ceilings,
    "",
    "[Install]",
    "WantedBy=multi-user.target",
  ];
}

function userLines(executable: string): readonly string[] {
  return [
    ...unitSection,
    "ConditionPathExists=%S/antibody/charter.json",
    "",
    ...serviceSection,
    `ExecStart=${executable} run`,
    "NoNewPrivileges=yes",
    "",
    ...ceilings,
    "",
    "[Install]",
    "WantedBy=default.target",
  ];
}

/**
 * What the C library is told: one arena, and what is large and short-lived goes back to the system (mallopt(3)).
 * Measured of the executable: 2.8 MB of 32.5 less anonymous memory. What loading a part leaves free would stay otherwise.
 * The threshold is the default, and stays there since it is named: left alone, the C library raises it. A quarter of it saved no
 * memory beside it, and cost processor time.
 */
export const serviceEnvironment: Readonly<Record<string, string>> = {
  MALLOC_ARENA_MAX: "1",
  MALLOC_MMAP_THRESHOLD_: "131072",
  MALLOC_TRIM_THRESHOLD_: "65536",
};

const unitSection = [
  "[Unit]",
  "Description=Antibody agent: keeps this device as policy promises",
  "Documentation=man:antibody(1)",
  "# Repairs do not wait for a network, and nobody is there to reset a limit of starts.",
  "StartLimitIntervalSec=0",
];

const serviceSection = [
  "[Service]",
  "Type=notify",
  "# Node has no datagram sockets: systemd-notify speaks for the agent.",
  "NotifyAccess=all",
  "WatchdogSec=120",
  "Restart=on-failure",
  "RestartSec=1",
  "TimeoutStopSec=60",
  "# What the agent supervises outlives a crash of the agent: the next start adopts it.",
  "KillMode=process",
  "OOMPolicy=continue",
  ...Object.entries(serviceEnvironment).map(([name, value]) => `Environment=${name}=${value}`),
];

const ceilings = ["MemoryMax=50%", "CPUQuota=100%", "CPUWeight=50", "TasksMax=1024"];
