# An upgrade that can be gone back from. The former program is kept whole, with units
# of its own, which are in force from before the first file is replaced until the next
# program has proved healthy: whenever the power fails, the next boot has the former.
# While the next one is tried, its units lie in /run, which no boot outlives.
program=/usr/lib/tourniquet
former=/usr/lib/tourniquet.former
units=/usr/local/lib/systemd/system
trial=/run/systemd/system

in_force() { [ -e "$units/tourniquet.service" ]; }
as_former() { "$former/bin/node" "$former/dist/service/main.js" "$@"; }
version_of() { sed -n 's/^ *"version": "\(.*\)",$/\1/p' "$1/package.json"; }
reload_units() { systemctl --system daemon-reload >/dev/null || true; }

# Hard links: dpkg puts new files in place of old ones, and writes into none.
keep_program() {
  rm -rf "$former" "$former.new"
  cp -al "$program" "$former.new" 2>/dev/null || {
    rm -rf "$former.new"
    cp -a "$program" "$former.new"
  }
  mkdir "$former.new/units"
  for unit in tourniquet-restore.service tourniquet.service; do
    sed -e "s,$program/,$former/,g" -e "s,=$program\$,=$former," \
      -e 's,^ExecStart=\(.*/main\.js\) .*$,ExecStartPre=\1 upgrade settle\n&,' \
      "/usr/lib/systemd/system/$unit" >"$former.new/units/$unit"
  done
  sync -f "$former.new"
  mv "$former.new" "$former"
}

# The daemon's comes last, and goes last: by that one it is told who is in force.
put_in_force() {
  mkdir -p "$units"
  for unit in tourniquet-restore.service tourniquet.service; do
    cp "$former/units/$unit" "$units/$unit.new"
    sync "$units/$unit.new"
    mv "$units/$unit.new" "$units/$unit"
  done
  sync -f "$units"
  reload_units
}

take_from_force() {
  ours=$(in_force && echo yes || true)
  rm -f "$units/tourniquet-restore.service" "$units/tourniquet-restore.service.new" \
    "$units/tourniquet.service.new"
  rm -f "$units/tourniquet.service"
  [ -z "$ours" ] || rmdir "$units" "${units%/system}" 2>/dev/null || true
  end_trial
  rm -rf /var/lib/tourniquet/former "$former.new" "$former"
}

end_trial() {
  rm -f "$trial/tourniquet-restore.service" "$trial/tourniquet.service"
  [ ! -d /run/systemd/system ] || reload_units
}
