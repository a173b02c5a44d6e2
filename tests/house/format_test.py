"""clang-format 14 leaves every C and C++ file unchanged."""
import shutil
import subprocess

import house

TOOL = shutil.which("clang-format-14") or shutil.which("clang-format")


def check(root):
    style = (house.project_root() / ".clang-format").resolve()
    files = house.code_files(root)
    command = [TOOL, "--dry-run", "-Werror", f"--style=file:{style}", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stderr.splitlines() if done.returncode else []


if TOOL is None:
    house.skip("no clang-format (package clang-format)")
version = subprocess.run([TOOL, "--version"], capture_output=True, text=True, check=True).stdout
if " 14." not in version:
    house.skip(f"the files are formatted by clang-format 14, this is {version.strip()}")
house.expect(house.violations_of(check, {"src/a.cpp": "int a;\n"}) == [], "a formatted file passes")
house.expect(house.violations_of(check, {"src/a.cpp": "int   a;\n"}), "an unformatted file is reported")
house.report(check(house.project_root()))
