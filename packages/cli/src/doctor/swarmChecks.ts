import type { ResourceView } from "@antibody/core";
import { shortId } from "@antibody/policy";
import { shellWord } from "../invocation.ts";
import type { Facts } from "./facts.ts";
import { type Checked, finding, notRunning, unseen, well } from "./finding.ts";

/** Bits of CAP_CHOWN, CAP_DAC_OVERRIDE and CAP_FOWNER (capabilities(7)). */
const fileCapabilities = (1n << 0n) | (1n << 1n) | (1n << 3n);

/** Whether the agent may do what is promised: judged by what it was refused, not by what it might be. */
export function checkReach({ agent, self }: Facts): Checked {
  if (agent.type !== "running") return unseen("reach", notRunning);
  const refused = agent.inspection.resources.filter(isRefused);
  const [first] = refused;
  if (first === undefined) return well("reach", "nothing that is promised was refused to it");
  const { process: body } = agent;
  const isRoot = body?.userId === 0;
  const mayAll = isRoot || ((body?.capabilities ?? 0n) & fileCapabilities) === fileCapabilities;
  const onFiles = /^(file|directory|symlink|line|key):/.test(first.resource);
  const onDevice = /^(foreign|service|package|container|user|sshkey|sysctl|mount):/.test(first.resource);
  const heal = onFiles && !mayAll ? "files" : onDevice && !isRoot ? "device" : undefined;
  return finding(
    "reach",
    `the system refuses it ${first.resource}${refused.length === 1 ? "" : ` and ${refused.length - 1} more`}`,
    heal !== undefined ? `sudo antibody install --heal ${heal}` : `${self} why ${shellWord(first.resource)}`,
  );
}

/** Whether whoever knows an address of the agent finds it there. */
export function checkPorts({ agent, addresses, self }: Facts): Checked {
  if (agent.type !== "running") return unseen("ports", notRunning);
  const deaf = addresses.filter(({ answers }) => !answers);
  const [first] = deaf;
  if (addresses.length === 0)
    return finding("ports", "it tells no address: nobody can reach it", `ip address && ${self} logs`);
  if (first !== undefined)
    return finding("ports", `nobody answers on ${first.address}`, `ufw allow ${portOf(first.address)}/tcp`);
  return well("ports", addresses.map(({ address }) => address).join(", "));
}

/** Whether peers on the agent's own network are found where the addresses that they told are not right any more. */
export function checkLan({ agent, self }: Facts): Checked {
  if (agent.type !== "running") return unseen("lan", notRunning);
  const deaf = agent.inspection.troubles?.find(({ name }) => name === "network.lanDeaf")?.what;
  if (deaf === undefined) return well("lan", "nothing keeps it from mDNS");
  const port = /EADDRINUSE/.test(deaf);
  return finding(
    "lan",
    deaf,
    port ? "ss --udp --listening --processes 'sport = :5353'" : `${self} run --no-mdns`,
  );
}

export function checkPeers({ agent, self }: Facts): Checked {
  if (agent.type !== "running") return unseen("peers", notRunning);
  const { members, cutOff } = agent.inspection;
  const expected = members.filter(({ verdict }) => verdict !== "left" && verdict !== "away");
  const missing = expected.filter(({ verdict }) => verdict !== "reachable" && verdict !== "suspected");
  if (cutOff) return finding("peers", "nearly no peer answers: the fault is on this device", "ip route");
  const [first] = missing;
  if (first === undefined)
    return well(
      "peers",
      expected.length === 0 ? "none enrolled yet" : `all ${expected.length} are reachable`,
    );
  const names = missing.slice(0, namesShownMax).map(({ name, verdict }) => `${name} (${verdict})`);
  const more = missing.length > names.length ? ` and ${missing.length - names.length} more` : "";
  return finding(
    "peers",
    `${missing.length} of ${expected.length} are missing: ${names.join(", ")}${more}`,
    `${self} peers why ${first.name}`,
  );
}

/** A line holds so many names. */
const namesShownMax = 3;

export function checkVersions({ agent, version, self, start }: Facts): Checked {
  if (agent.type !== "running") return unseen("versions", notRunning);
  const { build, members } = agent.inspection;
  if (build !== version)
    return finding("versions", `the agent is ${build}, this command ${version}`, `${self} stop && ${start}`);
  const others = members.filter((member) => member.build !== undefined && member.build !== build);
  const [first] = others;
  const [ignored] = agent.inspection.ignored ?? [];
  if (ignored !== undefined) {
    const { kind, count, from } = ignored;
    const by = members.find((member) => member.agent === from);
    return finding(
      "versions",
      `${by?.name ?? shortId(from)} says what this agent does not know, and ignores: ${kind} (${count} times)`,
      `dpkg -i antibody_${by?.build ?? "VERSION"}_$(dpkg --print-architecture).deb`,
    );
  }
  if (first === undefined) return well("versions", `all are ${build}`);
  return finding(
    "versions",
    `${others.length} of ${members.length} peers run another version: ${first.name} has ${first.build}, this agent ${build}`,
    `on ${first.name}: dpkg -i antibody_${build}_$(dpkg --print-architecture).deb`,
  );
}

/** Whether the last word on a resource that is not kept is one of the system's about rights (errno(3)). */
function isRefused({ phase, why, attempts }: ResourceView): boolean {
  return phase !== "kept" && /\b(EACCES|EPERM|EROFS)\b/.test(`${why} ${attempts.at(-1)?.detail ?? ""}`);
}

function portOf(address: string): string {
  return address.split("/").at(-1) ?? "";
}
