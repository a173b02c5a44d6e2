"""Files stay readable: code and scripts have fewer than 400 lines, README.md at most 150, DESIGN.md at most 200."""
import house

LIMITS = {"README.md": 150, "DESIGN.md": 200}
CODE_LIMIT = 399
OTHER_CODE = ("CMakeLists.txt", "*.cmake", "*.py")


def other_code(root):
    folders = [root / name for name in (*house.SOURCE_FOLDERS, "cmake", "scripts")]
    nested = [path for folder in folders for pattern in OTHER_CODE for path in folder.rglob(pattern)]
    return [root / "CMakeLists.txt", *nested]


def check(root):
    limits = {path: CODE_LIMIT for path in (*house.code_files(root), *house.script_files(root), *other_code(root))}
    limits.update({root / name: limit for name, limit in LIMITS.items()})
    violations = []
    for path, limit in sorted(limits.items()):
        if not path.is_file():
            continue
        count = len(house.lines(path))
        if count > limit:
            violations.append(f"{path.relative_to(root)}: {count} lines (at most {limit}). Split it by subject")
    return violations


def self_test():
    at_limit = {"src/a.cpp": "\n" * 399, "README.md": "\n" * 150, "DESIGN.md": "\n" * 200, "CMakeLists.txt": "\n"}
    house.expect(house.violations_of(check, at_limit) == [], "files at their limits pass")
    for name in (*at_limit, "tests/house/x.py", "scripts/long.sh"):
        found = house.violations_of(check, {name: "\n" * 400})
        house.expect(len(found) == 1 and found[0].startswith(name), f"a long {name} is reported: {found}")


self_test()
house.report(check(house.project_root()))
