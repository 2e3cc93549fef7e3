import { describe, expect, it, test } from "@jest/globals";
import {
  placeOfPath,
  placeOfProcess,
} from "../../agent/attribution/cgroup-path.js";

const ID = "4f0c1de3a5b69788d0e1f2a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7";
const SHORT = "4f0c1de3a5b6";

const place = (unit?: string, container?: string, ofUser = false) => ({
  ...{ unit, container, ofUser },
});

describe("the path of a control group", () => {
  test.each([
    ["/system.slice/ssh.service", place("ssh.service")],
    [
      "/system.slice/system-getty.slice/getty@tty1.service",
      place("getty@tty1.service"),
    ],
    ["/user.slice/user-1000.slice/session-3.scope", place("session-3.scope")],
    [
      "/user.slice/user-1000.slice/user@1000.service/app.slice/app-firefox.scope",
      place("app-firefox.scope", undefined, true),
    ],
    [
      "/user.slice/user-1000.slice/user@1000.service/init.scope",
      place("init.scope", undefined, true),
    ],
    ["/system.slice", place()],
    ["/init.scope", place("init.scope")],
    ["/", place()],
    ["", place()],
    ["/../../system.slice/cron.service", place("cron.service")],
    [`/docker/${ID}`, place(undefined, SHORT)],
    [`/system.slice/docker-${ID}.scope`, place(undefined, SHORT)],
    [
      `/system.slice/docker-${ID}.scope/system.slice/nginx.service`,
      place("nginx.service", SHORT),
    ],
    [`/machine.slice/libpod-${ID}.scope/container`, place(undefined, SHORT)],
    [
      `/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope`,
      place(undefined, SHORT),
    ],
    [
      `/machine.slice/libpod-conmon-${ID}.scope`,
      place(`libpod-conmon-${ID}.scope`),
    ],
    [
      `/kubepods/burstable/pod2f0a7c1e-8b3d-4f6a-9c5e-1d2e3f4a5b6c/${ID}`,
      place(undefined, SHORT),
    ],
    [
      `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod2f0a7c1e.slice/cri-containerd-${ID}.scope`,
      place(undefined, SHORT),
    ],
    [`/kubepods.slice/crio-${ID}.scope`, place(undefined, SHORT)],
    [`/system.slice/containerd.service/k8s.io/${ID}`, place(undefined, SHORT)],
    ["/lxc/web", place(undefined, "web")],
    [
      "/lxc.payload.web/system.slice/cron.service",
      place("cron.service", "web"),
    ],
    [
      "/machine.slice/systemd-nspawn@web.service/payload",
      place(undefined, "web"),
    ],
    ["/machine.slice/machine-web.scope", place(undefined, "web")],
  ])("%s", (path, expected) => {
    expect(placeOfPath(path)).toEqual(expected);
  });
});

describe("the control groups of a process", () => {
  it("has one line where there is but the unified hierarchy", () => {
    expect(placeOfProcess("0::/system.slice/ssh.service\n")).toEqual(
      place("ssh.service"),
    );
  });

  it("finds systemd's own line among many", () => {
    const text = [
      "12:pids:/system.slice/cron.service",
      "11:cpu,cpuacct:/",
      "1:name=systemd:/system.slice/cron.service",
      "0::/",
    ].join("\n");
    expect(placeOfProcess(text)).toEqual(place("cron.service"));
  });

  it("finds a container that only a controller's line names", () => {
    const text = `4:memory:/docker/${ID}\n1:name=systemd:/\n0::/\n`;
    expect(placeOfProcess(text)).toEqual(place(undefined, SHORT));
  });

  it("takes nothing from what is none of it", () => {
    expect(placeOfProcess("cgroup\n:::\n0:/x.service\n")).toEqual(place());
  });
});
