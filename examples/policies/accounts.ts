import { fragment, type Promises, policy, promise } from "./antibody.ts";

/** What every person has, said once. */
function person(name: string, uid: number): readonly Promises[] {
  return [
    promise.user(name, { uid, groups: ["sudo"], shell: "/bin/bash" }),
    promise.directory(`/home/${name}`, { owner: `${name}:${name}`, mode: "0750", after: [`user:${name}`] }),
    promise.line(`/etc/motd#${name}`, { line: `${name} looks after this device` }),
  ];
}

export default policy(
  "accounts",
  fragment("people", [...person("ada", 2001), ...person("grace", 2002)]),
  fragment("sshd", {
    "key:/etc/ssh/sshd_config#PasswordAuthentication": { value: "no", separator: " " },
    "service:ssh": { enabled: true, retry: 3, backoff: { base: "2s", max: "10m" } },
  }),
);
