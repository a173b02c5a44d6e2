"""docs/guide/settings.md holds the table of settings that the library prints.

The table has the columns `key | values (default) | meaning` and one row per setting, in the order of
`pliant_info --settings`. The first cell is the info key in backticks; a setting of the process has its variable there.
The second cell lists the values, then the default in parentheses unless it is empty.

`settings_page_test.py ROOT PLIANT_INFO --print` prints the table to paste.
"""
import json
import subprocess
import sys

import house

PAGE = "docs/guide/settings.md"
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
    """The rows below the header; None if there is no such header."""
    for number, line in enumerate(lines):
        if line.lstrip().startswith("|") and cells(line) == HEADER:
            below = lines[number + 2:]
            end = next((i for i, row in enumerate(below) if not row.lstrip().startswith("|")), len(below))
            return [cells(row) for row in below[:end]]
    return None


def check(lines, settings):
    found = table_rows(lines)
    if found is None:
        return [f"{PAGE} has no table with the header | {' | '.join(HEADER)} |"]
    expected = expected_rows(settings)
    violations = [f"{PAGE} lacks this row, or words it differently: | {' | '.join(row)} |" for row in expected
                  if row not in found]
    violations += [f"{PAGE} has a row that pliant_info does not print: | {' | '.join(row)} |" for row in found
                   if row not in expected]
    if not violations and found != expected:
        violations = [f"{PAGE} has the rows in another order than pliant_info, or repeats one"]
    return violations


def self_test():
    settings = [{"key": "pliant_a", "environment": "PLIANT_A", "values": "1 or 2", "default": "1", "meaning": "first"},
                {"key": "", "environment": "PLIANT_B", "values": "a path", "default": "", "meaning": "second"}]
    good = ["text", "| key | values (default) | meaning |", "|---|---|---|", "| `pliant_a` | 1 or 2 (1) | first |",
            "| `PLIANT_B` | a path | second |", "", "| other | table |"]
    house.expect(check(good, settings) == [], "the expected table passes")
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
FILE = house.project_root() / PAGE
house.report(check(house.lines(FILE), settings_of(sys.argv[2])) if FILE.is_file() else [f"there is no {PAGE}"])
