"""Shared by the house tests: the project's files, and the report of violations.

A check is a function from the project's root to a list of violations, one line each. A test first proves on made-up
files that its check can fail.
"""
import pathlib
import sys
import tempfile

SOURCE_FOLDERS = ("include", "src", "collectives", "netprobe", "apps", "tests")
CODE_SUFFIXES = (".h", ".hpp", ".c", ".cpp", ".cu", ".cuh")
SCRIPT_FOLDERS = ("scripts", "slurm", ".ci", "tests")
SKIPPED = 77


def code_files(root):
    """C and C++ files of the project, in order."""
    found = [path for folder in SOURCE_FOLDERS for path in (root / folder).rglob("*") if path.suffix in CODE_SUFFIXES]
    return sorted(found)


def script_files(root):
    """Shell scripts, found by suffix or first line."""
    found = []
    for path in sorted(path for folder in SCRIPT_FOLDERS for path in (root / folder).rglob("*") if path.is_file()):
        first_line = path.read_text(errors="replace").split("\n", 1)[0]
        if path.suffix in (".sh", ".sbatch") or (first_line.startswith("#!") and "sh" in first_line.split("/")[-1]):
            found.append(path)
    return found


def lines(path):
    return path.read_text(encoding="utf-8").splitlines()


def violations_of(check, files):
    """The violations that `check` finds in a project of `files`: path -> text."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return check(root)


def expect(condition, what):
    if not condition:
        sys.exit(f"self-test failed: {what}")


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(SKIPPED)


def report(violations):
    """Prints the violations and exits."""
    for violation in violations:
        print(violation)
    sys.exit(1 if violations else 0)


def project_root():
    return pathlib.Path(sys.argv[1])
