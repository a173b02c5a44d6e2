# shellcheck shell=bash
# Installs a script's dependencies on Debian. To be sourced.

# pliant_install_packages PACKAGE...: installs missing packages without starting a service. On failure prints one line
# on stderr and returns 1.
pliant_install_packages() {
  local package missing=() as_root=() policy=/usr/sbin/policy-rc.d
  for package in "$@"; do
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
  done
  ((${#missing[@]} == 0)) && return 0
  ((EUID == 0)) || as_root=(sudo -n)
  if ! command -v apt-get >/dev/null || ! "${as_root[@]}" true 2>/dev/null; then
    echo "packages are missing (only root may install them). Run: apt-get install ${missing[*]}" >&2
    return 1
  fi
  echo "installing ${missing[*]}" >&2
  if ! (
    # Debian starts a package's daemons unless a policy forbids it. No system daemon is needed here.
    if [[ ! -e $policy ]]; then
      trap '"${as_root[@]}" rm -f "$policy"' EXIT
      printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" && "${as_root[@]}" chmod 755 "$policy"
    fi
    "${as_root[@]}" apt-get update -qq && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -qq --no-install-recommends "${missing[@]}"
  ) >/dev/null; then
    echo "apt-get failed (its own words stand above). Run: apt-get install ${missing[*]}" >&2
    return 1
  fi
}
