import { writeFileSync } from "node:fs";
import { afterEach, expect, it } from "@jest/globals";
import { UncoveredPaths } from "../../agent/host/paths.js";
import { systemClock } from "../../agent/runtime/clock.js";
import { OWN_DEVICE, sh } from "../../scripts/lab/namespace.js";
import * as selftest from "../../service/selftest/stage/namespace.js";
import { describeInNamespace } from "../support/kernel/namespace.js";

const UP = `${OWN_DEVICE}up`;
const GUEST = `${OWN_DEVICE}g`;
const BRIDGE = `${OWN_DEVICE}br`;

describeInNamespace("ways past this host's rules", () => {
  afterEach(() =>
    sh(`for it in ${BRIDGE} ${UP} ${GUEST} ${OWN_DEVICE}x; do
      ip link del $it 2>/dev/null || true; done`),
  );

  const found = async () => {
    const failures: unknown[] = [];
    const unread = (why: unknown) => void failures.push(why);
    const paths = new UncoveredPaths({ clock: systemClock, unread });
    await paths.look();
    expect(failures).toEqual([]);
    return paths.found;
  };
  const show = (value: "0" | "1") => {
    for (const family of ["ip", "ip6"]) {
      writeFileSync(
        `/proc/sys/net/bridge/bridge-nf-call-${family}tables`,
        value,
      );
    }
  };
  const ready = (device: string) =>
    sh(`ip link add ${device} type veth peer name ${device}2
      ip link set ${device} up; ip link set ${device}2 up`);

  it("are bridges that lead outside, unless the hooks are shown what they carry", async () => {
    await ready(UP);
    await ready(GUEST);
    await sh(`ip link add ${BRIDGE} type bridge; ip link set ${BRIDGE} up
      ip link set ${UP}2 master ${BRIDGE}
      ip link set ${GUEST}2 master ${BRIDGE}`);
    show("0");
    expect(await found()).toEqual([]); // as Docker's, which is routed to
    await sh(`ip addr add 192.0.2.2/24 dev ${BRIDGE}
      ip route add default via 192.0.2.1 dev ${BRIDGE}`);
    expect(await found()).toEqual([
      expect.stringMatching(
        `^${BRIDGE} bridges .*: 0 in bridge-nf-call-iptables`,
      ),
    ]);
    show("1");
    expect(await found()).toEqual([]);
    show("0");
    await sh(
      `ip link set ${BRIDGE} type bridge nf_call_iptables 1 nf_call_ip6tables 1`,
    );
    expect(await found()).toEqual([]);
    await sh(`ip link set ${BRIDGE} type bridge nf_call_ip6tables 0
      ip route del default
      ip link add ${OWN_DEVICE}x type vxlan id 7 dstport 4789 dev ${UP}
      ip link set ${OWN_DEVICE}x master ${BRIDGE}`);
    expect(await found()).toEqual([
      expect.stringContaining(`${OWN_DEVICE}x, `),
    ]);
  });

  it("are devices that others have a part of, however they were made", async () => {
    await ready(UP);
    await sh(`ip addr add 192.0.2.2/24 dev ${UP}
      ip route add default via 192.0.2.1 dev ${UP}
      ip link add link ${UP} name ${OWN_DEVICE}x type macvlan mode bridge
      ip link set ${OWN_DEVICE}x up`);
    expect(await found()).toEqual([]); // of this network: its packets come by
    await using moved = await selftest.Namespace.make();
    await sh(`ip link set ${OWN_DEVICE}x netns ${moved.pid}`);
    expect(await found()).toEqual([
      `${UP} is shared with 1 device of other networks (macvlan)`,
    ]);
    await using made = await selftest.Namespace.make();
    await sh(`ip link add link ${UP} name c0 netns ${made.pid} type macvlan mode bridge
      nsenter -t ${made.pid} -n ip link set c0 up
      nsenter -t ${moved.pid} -n ip link del ${OWN_DEVICE}x`);
    expect(await found()).toEqual([
      `${UP} is shared with 1 device of other networks (macvlan or alike)`,
    ]);
  });

  it("are taps of virtual machines", async () => {
    await ready(UP);
    await sh(
      `ip link add link ${UP} name ${OWN_DEVICE}x type macvtap mode bridge`,
    );
    expect(await found()).toEqual([`${OWN_DEVICE}x is a macvtap on a device`]);
  });
});
