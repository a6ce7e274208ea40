// Written by `antibody schema typescript`: not to be changed by hand, but made anew by a newer version.

/** What promises of most kinds may say. */
export interface CommonPromise {
  /** Repaired only when the promises of these are kept */ readonly after?: readonly string[];
  /** How often to look, such as 30s */ readonly every?: string;
  /** How long one repair may take, such as 10s */ readonly timeout?: string;
  /** In force only while these roles are held here */ readonly while?: readonly string[];
  /** Look this often, and not by events, such as 30s */ readonly poll?: string;
  /** Failures in a row before a human is asked, such as 3 */ readonly retry?: number;
  /** How failed repairs are tried again */ readonly backoff?: { /** The first wait, such as 1s */ readonly base?: string; /** What each wait grows by, such as 2 */ readonly factor?: number; /** The longest wait, such as 5m */ readonly max?: string; /** full: anything up to the wait; none: exactly the wait */ readonly jitter?: "full" | "none"; /** Kept for so long, failures are forgotten */ readonly resetAfter?: string; };
  /** At most so many repairs within a time */ readonly limit?: { /** So many repairs at most */ readonly repairs: number; /** within this time, such as 1h */ readonly per: string; };
  /** Repaired only within these hours */ readonly window?: { /** From this time of day on, such as 02:00 */ readonly from: string; /** Until this time of day, such as 04:30 */ readonly to: string; /** On these days; every day where it is not said */ readonly days?: readonly ("mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun")[]; /** Of these times from UTC, such as +02:00 */ readonly offset?: string; };
  /** Repaired before those of a lower one where not all can be at once; 0 if not said */ readonly priority?: number;
  /** What one repair takes of the device's budget of repairs; 1 if not said */ readonly budget?: number;
  /** Costly to repair: only while the probe of one of these fails */ readonly danger?: readonly string[];
  /** A repair disturbs these roles: the swarm does few of them at once */ readonly disturbs?: readonly string[];
  /** Begun anew after a repair, such as the process that reads the file */ readonly onRepair?: readonly string[];
  /** Whether to undo it when the promise is withdrawn */ readonly reverse?: boolean;
  /** Changes together with all of this stream that have the same name, or not at all */ readonly barrier?: string;
}

/** The promise of a resource `agent:…`. */
export interface AgentPromise extends CommonPromise {
  /** The one version that is taken; any when not said */ readonly version?: string;
  /** At least this is free where its state lies, such as 16MiB */ readonly free?: string;
}

/** The promise of a resource `capability:…`. */
export interface CapabilityPromise extends Omit<CommonPromise, "while"> {
  /** Announced only while these are kept */ readonly while?: readonly string[];
  /** The local TCP port that serves the capability */ readonly port: number;
}

/** The promise of a resource `clock:…`. */
export interface ClockPromise extends CommonPromise {
  /** How far off at most, such as 250ms; 1s when not said */ readonly within?: string;
}

/** The promise of a resource `command:…`. */
export interface CommandPromise extends Omit<CommonPromise, "timeout"> {
  /** Bounds each run, such as 10s */ readonly timeout: string;
  /** Exits with 0 when all is as it should be */ readonly check: readonly string[];
  /** Makes it so */ readonly apply: readonly string[];
  /** Takes it back, where its barrier is undone */ readonly undo?: readonly string[];
}

/** The promise of a resource `container:…`. */
export interface ContainerPromise extends CommonPromise {
  /** The image, with a tag or a digest */ readonly image?: string;
  /** In the place of the image's own command */ readonly command?: readonly string[];
  /** Environment variables */ readonly env?: { readonly [name: string]: string; };
  /** Ports of the device and of the container, such as 127.0.0.1:8080:80 */ readonly ports?: readonly string[];
  /** Paths of the device and of the container, such as /srv/www:/www:ro */ readonly volumes?: readonly string[];
  /** bridge when not said; host, none, or one that the engine knows */ readonly network?: string;
  /** Whether a missing image is fetched; missing when not said */ readonly pull?: "missing" | "never";
  /** From SIGTERM to SIGKILL, such as 10s */ readonly stopTimeout?: string;
  /** Where the engine listens, such as /run/podman/podman.sock */ readonly socket?: string;
  /** There may be no such container */ readonly absent?: true;
}

/** The promise of a resource `directory:…`. */
export interface DirectoryPromise extends CommonPromise {
  /** Permissions: four octal digits, such as 0644 */ readonly mode?: string;
  /** Owner: user or user:group, by name where the device knows one */ readonly owner?: string;
  /** Nothing may be there */ readonly absent?: true;
}

/** The promise of a resource `disk:…`. */
export interface DiskPromise extends CommonPromise {
  /** Any path on the file system */ readonly path: string;
  /** At least this is free, such as 1GiB or 10% */ readonly free?: string;
  /** At least this part of the files that it can hold is free, such as 5% */ readonly files?: string;
}

/** The promise of a resource `file:…`. */
export interface FilePromise extends CommonPromise {
  /** The whole content of the file */ readonly content?: string;
  /** Permissions: four octal digits, such as 0644 */ readonly mode?: string;
  /** Owner: user or user:group, by name where the device knows one */ readonly owner?: string;
  /** Nothing may be there */ readonly absent?: true;
  /** Keep the content out of incidents, logs, recordings and screens */ readonly private?: true;
  /** Bring each repair to the medium, so that a power cut does not undo it */ readonly sync?: true;
}

/** The promise of a resource `foreign:…`. */
export interface ForeignPromise extends CommonPromise {
  /** Its name, as ps -o comm says it, or its absolute path */ readonly program?: string;
  /** The cgroup that they are in, such as /system.slice/cron.service */ readonly cgroup?: string;
  /** None may run: those that do are ended */ readonly absent?: true;
  /** From SIGTERM to SIGKILL, such as 5s */ readonly stopTimeout?: string;
}

/** The promise of a resource `http:…`. */
export interface HttpPromise extends CommonPromise {
  /** What is asked for with GET */ readonly url: string;
  /** The one status that is taken; without it, any of 200 to 299 */ readonly status?: number;
}

/** The promise of a resource `key:…`. */
export interface KeyPromise extends CommonPromise {
  /** The value, as it stands in the file */ readonly value?: string;
  /** The key, where the label of the name cannot say it */ readonly key?: string;
  /** The section, without brackets; before the first one when not said */ readonly section?: string;
  /** Between key and value as written, such as ' = ' or a space; '=' when not said */ readonly separator?: string;
  /** The key may not be there */ readonly absent?: true;
  /** Keep the content out of incidents, logs, recordings and screens */ readonly private?: true;
}

/** The promise of a resource `line:…`. */
export interface LinePromise extends CommonPromise {
  /** The line, without its end */ readonly line?: string;
  /** Lines that begin so stand in its place: the first becomes the line, others go */ readonly begins?: string;
  /** No such line may be there */ readonly absent?: true;
  /** Keep the content out of incidents, logs, recordings and screens */ readonly private?: true;
}

/** The promise of a resource `memory:…`. */
export interface MemoryPromise extends CommonPromise {
  /** At least this is available, such as 64MiB or 10% */ readonly available: string;
}

/** The promise of a resource `mount:…`. */
export interface MountPromise extends CommonPromise {
  /** A device, a share, or a name such as tmpfs */ readonly source?: string;
  /** The type of the file system, such as ext4 */ readonly fsType?: string;
  /** As mount -o takes them, such as ro, nosuid or size=64m */ readonly options?: readonly string[];
  /** Nothing may be mounted there */ readonly absent?: true;
}

/** The promise of a resource `package:…`. */
export interface PackagePromise extends CommonPromise {
  /** The one version that is taken; any when not said */ readonly version?: string;
  /** A .deb on the device to install from; from apt's sources when not said */ readonly source?: string;
  /** It may not be installed */ readonly absent?: true;
}

/** The promise of a resource `plugin:…`. */
export interface PluginPromise extends CommonPromise {
  /** What the plug-in is to keep; it alone knows what these mean */ readonly fields?: { readonly [name: string]: unknown; };
}

/** The promise of a resource `port:…`. */
export interface PortPromise extends CommonPromise {
  /** The local port */ readonly port: number;
  /** tcp when not said */ readonly protocol?: "tcp" | "udp";
  /** Nobody may listen there */ readonly absent?: true;
}

/** The promise of a resource `probe:…`. */
export interface ProbePromise extends Omit<CommonPromise, "timeout"> {
  /** Bounds one probe, such as 5s; a longer one has failed */ readonly timeout: string;
  /** Exits with 0 when all is well; no shell reads it, its output is not kept */ readonly command: readonly string[];
}

/** The promise of a resource `process:…`. */
export interface ProcessPromise extends CommonPromise {
  /** A program and its arguments; no shell reads them */ readonly command: readonly string[];
  /** Working directory, absolute */ readonly cwd?: string;
  /** Environment variables, added to the agent's */ readonly env?: { readonly [name: string]: string; };
  /** From SIGTERM to SIGKILL, such as 5s */ readonly stopTimeout?: string;
}

/** The promise of a resource `role:…`. */
export interface RolePromise extends Omit<CommonPromise, "while" | "poll" | "retry" | "backoff" | "limit" | "window" | "priority" | "budget" | "danger" | "disturbs" | "onRepair" | "reverse" | "barrier"> {
  /** How many devices shall hold the role */ readonly count: number;
  /** Stability before the role returns to a device that its name favors, such as 10m */ readonly returnAfter?: string;
  /** Ids of the members that vote; one of them holds the role, by a lease of most of them */ readonly majority?: readonly string[];
  /** How long a lease counts that is not renewed, such as 15s */ readonly lease?: string;
  /** How many of its devices repairs may disturb at once; 1 where it is not said */ readonly disturbedMax?: number;
}

/** The promise of a resource `route:…`. */
export interface RoutePromise extends CommonPromise {
  /** A loopback address and a port, such as 127.0.0.1:7080, or a socket: unix:/run/NAME.sock */ readonly listen: string;
  /** http: each request finds its own backend, safe ones are tried again; tcp when not said */ readonly protocol?: "tcp" | "http";
}

/** The promise of a resource `service:…`. */
export interface ServicePromise extends CommonPromise {
  /** running when not said */ readonly state?: "running" | "stopped";
  /** Whether it starts with the device; as it is when not said */ readonly enabled?: boolean;
  /** The service manager; the one that is found when not said */ readonly manager?: "systemd" | "runit";
}

/** The promise of a resource `sshkey:…`. */
export interface SshkeyPromise extends CommonPromise {
  /** Type and key, without a comment, such as ssh-ed25519 AAAA… */ readonly key: string;
  /** What stands before the key, such as restrict or from="10.0.0.0/8" */ readonly options?: string;
  /** The key may not be there */ readonly absent?: true;
}

/** The promise of a resource `symlink:…`. */
export interface SymlinkPromise extends CommonPromise {
  /** Where the link points, as it stands in the link */ readonly target?: string;
  /** Owner: user or user:group, by name where the device knows one */ readonly owner?: string;
  /** Nothing may be there */ readonly absent?: true;
}

/** The promise of a resource `sysctl:…`. */
export interface SysctlPromise extends CommonPromise {
  /** The value, as sysctl -n prints it */ readonly value: string;
  /** Whether a file in /etc/sysctl.d says so too; true when not said */ readonly persist?: boolean;
}

/** The promise of a resource `tcp:…`. */
export interface TcpPromise extends CommonPromise {
  /** A host's name or address */ readonly host: string;
  /** The port that is connected to */ readonly port: number;
}

/** The promise of a resource `timer:…`. */
export interface TimerPromise extends Omit<CommonPromise, "timeout"> {
  /** Bounds each run, such as 10m */ readonly timeout: string;
  /** A program and its arguments; no shell reads them */ readonly command: readonly string[];
  /** From the start of one good run to the next, such as 6h; at least 10s */ readonly interval?: string;
  /** A time of the day, such as 03:00 */ readonly at?: string;
  /** On these days; every day when not said */ readonly days?: readonly ("mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun")[];
  /** Of the time from UTC, such as +02:00 */ readonly offset?: string;
}

/** The promise of a resource `user:…`. */
export interface UserPromise extends CommonPromise {
  /** By number; the next free one when not said */ readonly uid?: number;
  /** The primary group; one of the user's own name when not said */ readonly group?: string;
  /** Groups that it is in besides; others stay */ readonly groups?: readonly string[];
  /** Its home, which a promise of a directory makes */ readonly home?: string;
  /** Its shell, such as /usr/sbin/nologin */ readonly shell?: string;
  /** No password lets it in */ readonly locked?: true;
  /** There may be no such user; its files stay */ readonly absent?: true;
}

/** Promises by resource, such as `file:/etc/motd`. */
export type Promises = {
  readonly [resource: `agent:${string}`]: AgentPromise;
  readonly [resource: `capability:${string}`]: CapabilityPromise;
  readonly [resource: `clock:${string}`]: ClockPromise;
  readonly [resource: `command:${string}`]: CommandPromise;
  readonly [resource: `container:${string}`]: ContainerPromise;
  readonly [resource: `directory:${string}`]: DirectoryPromise;
  readonly [resource: `disk:${string}`]: DiskPromise;
  readonly [resource: `file:${string}`]: FilePromise;
  readonly [resource: `foreign:${string}`]: ForeignPromise;
  readonly [resource: `http:${string}`]: HttpPromise;
  readonly [resource: `key:${string}`]: KeyPromise;
  readonly [resource: `line:${string}`]: LinePromise;
  readonly [resource: `memory:${string}`]: MemoryPromise;
  readonly [resource: `mount:${string}`]: MountPromise;
  readonly [resource: `package:${string}`]: PackagePromise;
  readonly [resource: `plugin:${string}`]: PluginPromise;
  readonly [resource: `port:${string}`]: PortPromise;
  readonly [resource: `probe:${string}`]: ProbePromise;
  readonly [resource: `process:${string}`]: ProcessPromise;
  readonly [resource: `role:${string}`]: RolePromise;
  readonly [resource: `route:${string}`]: RoutePromise;
  readonly [resource: `service:${string}`]: ServicePromise;
  readonly [resource: `sshkey:${string}`]: SshkeyPromise;
  readonly [resource: `symlink:${string}`]: SymlinkPromise;
  readonly [resource: `sysctl:${string}`]: SysctlPromise;
  readonly [resource: `tcp:${string}`]: TcpPromise;
  readonly [resource: `timer:${string}`]: TimerPromise;
  readonly [resource: `user:${string}`]: UserPromise;
};

/** One promise, by the kind and the name of its resource: for names that are reckoned. */
export const promise = {
  agent: (name: string, promised: AgentPromise): Promises => one("agent", name, promised),
  capability: (name: string, promised: CapabilityPromise): Promises => one("capability", name, promised),
  clock: (name: string, promised: ClockPromise): Promises => one("clock", name, promised),
  command: (name: string, promised: CommandPromise): Promises => one("command", name, promised),
  container: (name: string, promised: ContainerPromise): Promises => one("container", name, promised),
  directory: (name: string, promised: DirectoryPromise): Promises => one("directory", name, promised),
  disk: (name: string, promised: DiskPromise): Promises => one("disk", name, promised),
  file: (name: string, promised: FilePromise): Promises => one("file", name, promised),
  foreign: (name: string, promised: ForeignPromise): Promises => one("foreign", name, promised),
  http: (name: string, promised: HttpPromise): Promises => one("http", name, promised),
  key: (name: string, promised: KeyPromise): Promises => one("key", name, promised),
  line: (name: string, promised: LinePromise): Promises => one("line", name, promised),
  memory: (name: string, promised: MemoryPromise): Promises => one("memory", name, promised),
  mount: (name: string, promised: MountPromise): Promises => one("mount", name, promised),
  package: (name: string, promised: PackagePromise): Promises => one("package", name, promised),
  plugin: (name: string, promised: PluginPromise): Promises => one("plugin", name, promised),
  port: (name: string, promised: PortPromise): Promises => one("port", name, promised),
  probe: (name: string, promised: ProbePromise): Promises => one("probe", name, promised),
  process: (name: string, promised: ProcessPromise): Promises => one("process", name, promised),
  role: (name: string, promised: RolePromise): Promises => one("role", name, promised),
  route: (name: string, promised: RoutePromise): Promises => one("route", name, promised),
  service: (name: string, promised: ServicePromise): Promises => one("service", name, promised),
  sshkey: (name: string, promised: SshkeyPromise): Promises => one("sshkey", name, promised),
  symlink: (name: string, promised: SymlinkPromise): Promises => one("symlink", name, promised),
  sysctl: (name: string, promised: SysctlPromise): Promises => one("sysctl", name, promised),
  tcp: (name: string, promised: TcpPromise): Promises => one("tcp", name, promised),
  timer: (name: string, promised: TimerPromise): Promises => one("timer", name, promised),
  user: (name: string, promised: UserPromise): Promises => one("user", name, promised),
};

/** A fragment: what a policy file in YAML has as one document. */
export interface Fragment {
  /** Names this fragment within its bundle. */ readonly name: string;
  /** A guard (subset of CEL) over arch, hostname, name, os, tags. Without it the fragment holds everywhere. */ readonly when?: string;
  readonly promises: Promises;
}

function one(kind: string, name: string, promised: object): Promises {
  return { [`${kind}:${name}`]: promised } as Promises;
}

/** A policy file: what its default export has to be. */
export interface Policy {
  readonly stream: string;
  readonly fragments: readonly Fragment[];
}

/**
 * A fragment, by its name within the bundle. Of a list all promises are taken together; one that is made twice throws.
 * `when` is a guard: without it the fragment holds everywhere.
 */
export function fragment(name: string, promises: Promises | readonly Promises[], when?: string): Fragment {
  const all = new Map<string, unknown>();
  for (const [resource, promised] of [promises].flat().flatMap((each) => Object.entries(each))) {
    if (all.has(resource)) throw new Error(`${resource} is promised twice in ${name}`);
    all.set(resource, promised);
  }
  const guard = when === undefined ? {} : { when };
  return { name, ...guard, promises: Object.fromEntries(all) as Promises };
}

/** The fragments of one stream: `export default policy("home", fragment(…), …)`. */
export function policy(stream: string, ...fragments: readonly Fragment[]): Policy {
  return { stream, fragments };
}
