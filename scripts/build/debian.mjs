// Debian packages, by dpkg-deb: the executable, the unit, completion and the manual page.
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { unitName, unitText } from "../../packages/cli/src/service/unit.ts";
import { dist, root } from "./bundle.mjs";

const debianArch = { x64: "amd64", arm64: "arm64" };

/** What Node itself is linked against, with the versions that it asks for, and what the maintainer scripts call. */
const depends =
  "libc6 (>= 2.28), libgcc-s1, libstdc++6 (>= 6), passwd, init-system-helpers (>= 1.54~), util-linux";

/** Whether packages can be made on this machine. */
export function canPackage() {
  return spawnSync("dpkg-deb", ["--version"], { stdio: "ignore" }).error === undefined;
}

/** Makes dist/antibody_VERSION_ARCH.deb from an executable and the bundle that describes its commands. */
export function makePackage(arch, executable, bundle) {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const output = join(dist, `antibody_${version}_${debianArch[arch]}.deb`);
  const tree = mkdtempSync(join(dist, ".package-"));
  try {
    fill(tree, executable, bundle);
    writeControl(tree, arch, version);
    // Nothing of the builder's umask, users or clock goes into the package.
    execFileSync("chmod", ["-R", "u=rwX,go=rX", tree]);
    execFileSync("dpkg-deb", ["--root-owner-group", "-Zxz", "-z6", "--build", tree, output], {
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, SOURCE_DATE_EPOCH: sourceDate() },
    });
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
  return output;
}

function fill(tree, executable, bundle) {
  const put = (path, content, mode = 0o644) => {
    const target = join(tree, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, content);
    chmodSync(target, mode);
  };
  const printed = (...args) => execFileSync(process.execPath, [bundle, ...args]);
  mkdirSync(join(tree, "usr/bin"), { recursive: true });
  cpSync(executable, join(tree, "usr/bin/antibody"));
  put(`lib/systemd/system/${unitName}`, unitText({ executable: "/usr/bin/antibody", scope: "system" }));
  put("usr/share/bash-completion/completions/antibody", printed("completion", "bash"));
  put("usr/share/zsh/vendor-completions/_antibody", printed("completion", "zsh"));
  put("usr/share/fish/vendor_completions.d/antibody.fish", printed("completion", "fish"));
  put("usr/share/man/man1/antibody.1.gz", gzipSync(printed("manual"), { level: 9 }));
  put("usr/share/doc/antibody/copyright", readFileSync(join(root, "packaging/debian/copyright")));
  for (const script of ["postinst", "prerm", "postrm"])
    put(`DEBIAN/${script}`, readFileSync(join(root, "packaging/debian", script)), 0o755);
}

function writeControl(tree, arch, version) {
  const kibibytes = Math.ceil(statSync(join(tree, "usr/bin/antibody")).size / 1024) + 64;
  const control = [
    "Package: antibody",
    `Version: ${version}`,
    `Architecture: ${debianArch[arch]}`,
    "Maintainer: The Antibody authors <antibody@localhost>",
    `Installed-Size: ${kibibytes}`,
    `Depends: ${depends}`,
    "Recommends: systemd",
    "Section: admin",
    "Priority: optional",
    "Description: swarm of agents that heal their own device",
    " Every device runs an agent. Agents pass signed policy and news of each other's",
    " health from peer to peer, and each repairs its own device as soon as something",
    " differs from what was promised. There is no server.",
  ];
  writeFileSync(join(tree, "DEBIAN/control"), `${control.join("\n")}\n`);
}

/** When the source was committed, so that the same source gives the same package; outside of git, the epoch. */
function sourceDate() {
  const { status, stdout } = spawnSync("git", ["-C", root, "log", "-1", "--format=%ct"], {
    encoding: "utf8",
  });
  return status === 0 ? stdout.trim() : "0";
}
