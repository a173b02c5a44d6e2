"""shellcheck finds nothing in the shell scripts."""
import shutil
import subprocess

import house


def check(root):
    files = house.script_files(root)
    if not files:
        return []
    command = ["shellcheck", "--external-sources", f"--source-path={root}", *map(str, files)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()


if shutil.which("shellcheck") is None:
    house.skip("no shellcheck (package shellcheck)")
house.expect(house.violations_of(check, {"scripts/a": "#!/usr/bin/env bash\necho $1\n"}), "a bad script is reported")
house.expect(house.violations_of(check, {"slurm/a.sh": "#!/bin/bash\necho \"$1\"\n"}) == [], "a good one passes")
house.report(check(house.project_root()))
