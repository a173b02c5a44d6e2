"""README.md's table of settings is what the library says of itself.

The table has the columns `key | values (default) | meaning`, one row a setting in the order of pliant_info --settings:
its info key (or, for settings of the process, its variable) in backticks; what may be written, and the default in
parentheses unless it is empty; its meaning. `readme_test.py ROOT PLIANT_INFO --print` prints the table to paste.
"""
import json
import subprocess
import sys

import house

HEADER = ("key", "values (default)", "meaning")


def expected_rows(settings):
    rows = []
    for setting in settings:
        default = f" ({setting['default']})" if setting["default"] else ""
        rows.append((setting["key"] or setting["environment"], setting["values"] + default, setting["meaning"]))
    return rows


def cells(line):
    return tuple(cell.strip().replace("`", "") for cell in line.strip().strip("|").split("|"))


def table_rows(lines):
    """The rows below the header; None where there is no such header."""
    for number, line in enumerate(lines):
        if line.lstrip().startswith("|") and cells(line) == HEADER:
            below = lines[number + 2:]
            end = next((i for i, row in enumerate(below) if not row.lstrip().startswith("|")), len(below))
            return [cells(row) for row in below[:end]]
    return None


def check(lines, settings):
    found = table_rows(lines)
    if found is None:
        return [f"README.md has no table with the header | {' | '.join(HEADER)} |"]
    expected = expected_rows(settings)
    violations = [f"README.md lacks, or words otherwise: | {' | '.join(row)} |" for row in expected if row not in found]
    violations += [f"README.md has a row that pliant_info has not: | {' | '.join(row)} |" for row in found
                   if row not in expected]
    if not violations and found != expected:
        violations = ["README.md's rows are in another order than pliant_info's, or repeated"]
    return violations


def self_test():
    settings = [{"key": "pliant_a", "environment": "PLIANT_A", "values": "1 or 2", "default": "1", "meaning": "first"},
                {"key": "", "environment": "PLIANT_B", "values": "a path", "default": "", "meaning": "second"}]
    good = ["text", "| key | values (default) | meaning |", "|---|---|---|", "| `pliant_a` | 1 or 2 (1) | first |",
            "| `PLIANT_B` | a path | second |", "", "| other | table |"]
    house.expect(check(good, settings) == [], "a right table passes")
    for number, line in ((3, "| `pliant_a` | 1 or 2 (2) | first |"), (4, "| `PLIANT_B` | a path | third |"), (4, ""),
                         (1, "| key | default | meaning |"), (5, "| `pliant_c` | x | y |")):
        house.expect(check([*good[:number], line, *good[number + 1:]], settings), f"line {number} = '{line}' is reported")
    house.expect(check([*good[:3], good[4], good[3]], settings), "another order is reported")


def settings_of(program):
    output = subprocess.run([program, "--settings", "--json"], capture_output=True, text=True, check=True).stdout
    return json.loads(output)


def print_table(settings):
    print(f"| {' | '.join(HEADER)} |\n|---|---|---|")
    for key, values, meaning in expected_rows(settings):
        print(f"| `{key}` | {values} | {meaning} |")


self_test()
if "--print" in sys.argv:
    print_table(settings_of(sys.argv[2]))
    sys.exit(0)
README = house.project_root() / "README.md"
house.report(check(house.lines(README), settings_of(sys.argv[2])) if README.is_file() else ["there is no README.md"])
